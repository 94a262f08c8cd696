"""The explorer as plain values, without widgets and without a kernel."""
