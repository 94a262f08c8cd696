"""The session of the README, run as it is printed: ``python tests/session.py [SEEDS]``.

Files go into the folder it is run in; with SEEDS there are so many instead of five.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def blocks(text: str) -> list[str]:
    """Return the Python code that a Markdown text prints."""
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def session(seeds: int | None = None) -> str:
    """Return the code of the section "A session"."""
    section = README.read_text("utf-8").split("\n## A session\n")[1].split("\n## ")[0]
    (code,) = blocks(section)
    if seeds is None:
        return code
    fewer, count = re.subn(r"seeds=range\(\d+\)", f"seeds=range({seeds})", code)
    assert count == 1, code
    return fewer


if __name__ == "__main__":
    # Workers import this file again: only the process that was started runs it.
    exec(session(int(sys.argv[1]) if sys.argv[1:] else None))
    print("the session of the README ran")
