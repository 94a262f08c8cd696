"""What an explorer shows, as plain values: no widget and no kernel is needed."""
