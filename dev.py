"""Set up and use refnet_viz with nothing but Python: ``python dev.py --help``.

Makes ``.venv`` unless an environment is active, installs the pinned packages once
per change of the pins, and runs. Safe to repeat.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PINS = ("pyproject.toml", "requirements.txt", "constraints.txt")
QUICKSTART = "notebooks/01_quickstart.ipynb"


def main() -> int:
    """Run one of the commands below."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    lab = commands.add_parser("lab", help="open the quickstart in JupyterLab")
    lab.add_argument(
        "--check",
        action="store_true",
        help="execute the quickstart without a browser instead, and say how it went",
    )
    test = commands.add_parser("test", help="lint, type-check and test everything")
    test.add_argument("rest", nargs=argparse.REMAINDER, help="passed on to pytest")
    args = parser.parse_args()
    python = environment()
    install(python)
    if args.command == "test":
        return check(python, args.rest)
    if args.check:
        runner = ROOT / "tests" / "run_notebook.py"
        return run(python, str(runner), QUICKSTART)
    say("opening JupyterLab; stop it with Ctrl-C")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # as in a container
    return run(python, "-m", "jupyterlab", QUICKSTART, *["--allow-root"] * root)


def environment() -> Path:
    """Return the Python to use: the active environment's, or that of ``.venv``."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    conda = os.environ.get("CONDA_PREFIX")
    if sys.prefix != sys.base_prefix or (conda and Path(conda) == Path(sys.prefix)):
        return Path(sys.executable)
    folder = ROOT / ".venv"
    places = [folder / "Scripts" / "python.exe", folder / "bin" / "python"]
    python = places[os.name != "nt"]
    if not python.exists():
        say(f"making the environment {folder}")
        venv.EnvBuilder(with_pip=True, clear=folder.exists()).create(folder)
    return python


def install(python: Path) -> None:
    """Install the pinned packages unless this environment already has them."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in PINS:
        digest.update((ROOT / name).read_bytes())
    prefix = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    stamp = Path(prefix) / "refnet_viz-installed.txt"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    say("installing the pinned packages (about 2 GB, some minutes the first time)")
    requirements = str(ROOT / "requirements.txt")
    if run(python, "-m", "pip", "install", "-q", "-r", requirements):
        sys.exit("The packages could not be installed; pip's last lines say why.")
    stamp.write_text(digest.hexdigest())


def check(python: Path, rest: list[str]) -> int:
    """Lint and type-check, then run the tests, unless some tests are named."""
    if not rest:
        for step in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
            say(" ".join(step))
            if run(python, "-m", *step):
                return 1
    say("pytest")
    failed = run(python, "-m", "pytest", *rest)
    say("failed: see above" if failed else "all passed; next: python dev.py lab")
    return failed


def run(python: Path, *words: str) -> int:
    """Run Python at the top of the repository and return its exit status."""
    try:
        return subprocess.run([python, *words], cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def say(text: str) -> None:
    """Print what happens next."""
    print(f"[refnet_viz] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
