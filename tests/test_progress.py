"""Progress bars show what happens and leave nothing behind."""

import io
import os
import subprocess
import sys
import types

import pytest

from refnet_viz._progress import progress, stage, watched


class Handle:
    """Keeps what a cell shows in place of one output."""

    def __init__(self):
        self.shown = []

    def update(self, data, raw):
        self.shown.append(data)


@pytest.fixture
def cell(monkeypatch):
    """Pretend to be in a notebook; return what its cell is shown."""
    handle = Handle()

    def display(data, raw, display_id):
        handle.update(data, raw)
        return handle

    shell = types.SimpleNamespace(kernel=True)
    fake = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(
        sys.modules, "IPython.display", types.SimpleNamespace(display=display)
    )
    return handle.shown


def test_a_notebook_shows_text_and_then_nothing(cell, capsys):
    bar = progress(title="runs", total=4)
    assert cell[0]["text/plain"].startswith("runs:   0%|          | 0/4 [")
    bar.update(2)
    bar.refresh()
    assert cell[-1]["text/plain"].startswith("runs:  50%|█████     | 2/4 [")
    bar.close()
    assert cell[-1] == {"text/plain": ""}
    assert capsys.readouterr() == ("", "")


def test_what_is_quick_or_not_wanted_is_not_shown(cell):
    assert list(progress("abc", "letters", delay=60)) == ["a", "b", "c"]
    assert list(progress("abc", "letters", disable=True)) == ["a", "b", "c"]
    assert cell == []


def test_an_error_ends_the_bar(cell):
    bar = (1 / int(letter) for letter in progress("0", "letters"))
    with pytest.raises(ZeroDivisionError):
        next(bar)
    del bar
    assert cell[-1] == {"text/plain": ""}


def test_a_terminal_gets_the_bar_of_tqdm(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    bar = progress("abc", "letters")
    assert "letters" in out.getvalue()
    assert list(bar) == ["a", "b", "c"]
    assert out.getvalue().rstrip(" ").endswith("\r")


def test_a_stage_of_several_bars_never_goes_back():
    parts = []
    with watched(parts.append), progress(total=10) as bar, stage(bar, 10):
        for count in (4, 2):
            for _ in progress(range(count)):
                pass
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_bars_go_on_where_a_forked_process_was_killed_while_drawing():
    code = """
import os, signal
from refnet_viz._progress import progress

list(progress("abc"))
read, write = os.pipe()
child = os.fork()
if not child:
    with progress("abc").get_lock():
        os.write(write, b".")
        signal.pause()
os.read(read, 1)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print(sum(progress([1, 2, 3])))
"""
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, timeout=60, text=True, check=True)
    assert done.stdout == "6\n"
