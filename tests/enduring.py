"""Trials of what is saved: kills, simultaneous savers, loads under fire, damages.

Each trial returns a `Tally`; ``benchmarks/endurance.py`` runs them at length, and
``test_saved_whole.py`` briefly. Everything happens in forked children, which have
imported what they need.
"""

import functools
import os
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import refnet_viz as rv
from refnet_viz.plot import belonging

HIDDEN = ".*"


@dataclass
class Tally:
    """Counts of what happened, and the first sentences of what should not have."""

    counts: Counter = field(default_factory=Counter)
    examples: list = field(default_factory=list)

    def add(self, outcome, example=""):
        self.counts[outcome] += 1
        if example and len(self.examples) < 5:
            self.examples.append(f"{outcome}: {example}")


def child(work, *, apart=False):
    """Run something in a forked child, perhaps in a session; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of threads
        number = os.fork()
    if number:
        return number
    code = 1
    try:
        warnings.simplefilter("ignore")
        if apart:
            os.setsid()
        work()
        code = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(number):
    """Wait for a child; return whether it went well."""
    return os.waitpid(number, 0)[1] == 0


def running(number):
    """Return the processes of the session that a child apart has, but dead ones.

    Each is (number, number of its parent, what its command line says).
    """
    members = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text("ascii", "replace").rsplit(")", 1)[1]
            state, parent, _, session = stat.split()[:4]
            if int(session) == number and state != "Z":
                command = (path / "cmdline").read_bytes().decode("utf-8", "replace")
                members.append((int(path.name), int(parent), command))
        except OSError:
            continue
    return members


def all_ended(number, seconds=20.0):
    """Wait for the processes of a session; return whether none is left."""
    end = time.monotonic() + seconds
    while running(number):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def length_of(work, times=3):
    """Return the median of the seconds that a forked child needs."""
    seconds = []
    for _ in range(times):
        start = time.monotonic()
        assert ended(child(work))
        seconds.append(time.monotonic() - start)
    return sorted(seconds)[times // 2]


@contextmanager
def killed_at(step, half):
    """Kill this process at an operation on files, in the midst of it or after it."""
    left = [step]

    def wrapped(function, *, content=False):
        def operation(*args, **options):
            left[0] -= 1
            if left[0] == 0:
                if content:
                    with suppress(OSError):  # a folder
                        os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
                elif half:
                    function(*args, **options)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)

        return operation

    Path.replace = wrapped(Path.replace)
    Path.unlink = wrapped(Path.unlink)
    os.fsync = wrapped(os.fsync, content=half)
    os.open = wrapped(os.open)
    yield left


def hidden(folder):
    """Return what writers have left in a folder."""
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob(HIDDEN))


# -------------------------------------------------------------------- what is saved


def spaces(seed, rows=40):
    """Return an embedding with something to tell it by."""
    values = np.random.default_rng(seed).normal(size=(rows, 3))
    return rv.Embedding.from_arrays(values, labels=np.arange(rows) % 2)


class Saved:
    """One kind of saved thing: how it is saved, and what a reader finds.

    `save` and `read` get the path; `read` returns which of both it is, or raises.
    """

    files = 2

    def __init__(self, pair):
        self.pair = pair


class SavedSpaces(Saved):
    """A comparison in its folder."""

    name = "spaces"

    def save(self, which, path):
        """Save one of two."""
        rv.save(self.pair[which], path)

    def read(self, path):
        """Return which of both is there."""
        return [e.digest for e in self.pair].index(rv.load(path).digest)


class SavedRun(Saved):
    """A run in its folder."""

    name = "run"

    def save(self, which, path):
        """Save one of two."""
        self.pair[which].save(path)

    def read(self, path):
        """Return which of both is there."""
        from refnet_viz.train import Run

        run = Run.load(path)
        which = [r.digest for r in self.pair].index(run.digest)
        assert run.history.equals(self.pair[which].history)
        return which


class SavedFigure(Saved):
    """A figure and its manifest in a folder."""

    def __init__(self, pair, suffix):
        super().__init__(pair)
        self.name, self.file = f"figure {suffix}", f"f{suffix}"
        self.digests = [
            belonging.sealed(self._note(figure))["sha256"] for figure in pair
        ]

    def _note(self, figure):
        from refnet_viz.plot.manifest import final, manifest_of

        return manifest_of(final(figure, {}), figure.layout.meta, Path())

    def save(self, which, path):
        """Save one of two."""
        Path(path).mkdir(exist_ok=True)
        rv.save(self.pair[which], Path(path) / self.file)

    def read(self, path):
        """Return which of both file and manifest are."""
        file = Path(path) / self.file
        if not file.is_file():
            raise FileNotFoundError(file)
        beside = file.with_suffix(belonging.SUFFIX)
        for _ in range(9):
            note, why = belonging.note_beside(beside, file)
            if not why:
                break
        assert not why, why
        return self.digests.index(note["sha256"])


class SavedFile(Saved):
    """A table, graph or page."""

    files = 1

    def __init__(self, file, save):
        self.name, self.file, self.write = file, file, save

    @functools.cached_property
    def bytes(self):
        """What both are, written once."""
        contents = []
        with tempfile.TemporaryDirectory() as folder:
            for which in (0, 1):
                self.save(which, folder)
                contents.append((Path(folder) / self.file).read_bytes())
        return contents

    def save(self, which, path):
        """Save one of two."""
        Path(path).mkdir(exist_ok=True)
        self.write(which, Path(path) / self.file)

    def read(self, path):
        """Return which of both is there."""
        return self.bytes.index((Path(path) / self.file).read_bytes())


# --------------------------------------------------------------------------- trials


def kills(kind, folder, *, first=1, every=1):
    """Kill savers at each operation on files; look, and save once more."""
    tally, step = Tally(), first
    with _old(kind) as before:
        while all(
            _kill(kind, folder, step, tally, before=old, half=half)
            for old in (before, None)
            for half in (True, False)
        ):
            step += every
    return tally


@contextmanager
def _old(kind):
    """Give a folder where the first of both was saved."""
    with tempfile.TemporaryDirectory() as place:
        kind.save(0, Path(place) / "old")
        yield Path(place) / "old"


def _kill(kind, folder, step, tally, *, before, half):
    """Kill one saver; return whether it was killed before its end."""
    _prepared(folder, before)

    def save():
        with killed_at(step, half=half):
            kind.save(1, folder)

    if ended(child(save)):
        return False
    tally.add(*_after(kind, folder, step, old=before is not None))
    return True


def _prepared(folder, before):
    """Put what was saved before into a folder, or nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    if before is not None:
        shutil.copytree(before, folder)


def kills_any_time(kind, folder, rounds, seed=0):
    """Kill savers at random moments; look, and save once more."""
    tally, rng = Tally(), np.random.default_rng(seed)
    with _old(kind) as before:
        length = length_of(lambda: kind.save(1, folder))
        for count in range(4 * rounds):
            if sum(tally.counts.values()) == rounds:
                break
            old = count % 2 == 0
            _prepared(folder, before if old else None)
            number = child(lambda: kind.save(1, folder))
            time.sleep(float(rng.uniform(0, length)))
            os.kill(number, signal.SIGKILL)
            if not ended(number):
                tally.add(*_after(kind, folder, "at random", old=old))
    return tally


def _after(kind, folder, step, *, old):
    """Return what a killed saver left, and what the next one made of it."""
    try:
        kind.read(folder)
    except FileNotFoundError as error:
        if old:
            return "lost", str(error)
    except Exception as error:  # noqa: BLE001
        return "half", f"{kind.name}, step {step}: {error!r}"
    kind.save(1, folder)
    left = hidden(folder)
    count = len(list(Path(folder).iterdir()))
    if kind.read(folder) != 1:
        return "lost", f"{kind.name}: the next save"
    if left or count != kind.files:
        return "left over", f"{kind.name}, step {step}: {left} {count}"
    return ("whole",)


def savers(kind, folder, rounds, *, at_once=2):
    """Let processes save different content into one folder at the same moment."""
    tally = Tally()
    shutil.rmtree(folder, ignore_errors=True)
    for _ in range(rounds):
        start = time.monotonic() + 0.02

        def save(which, start=start):
            time.sleep(max(0.0, start - time.monotonic()))
            kind.save(which, folder)

        children = [child(lambda i=i: save(i % 2)) for i in range(at_once)]
        well = [ended(number) for number in children]
        if False in well:
            tally.add("failed")
            continue
        try:
            kind.read(folder)
        except Exception as error:  # noqa: BLE001
            tally.add("destroyed", repr(error))
            shutil.rmtree(folder, ignore_errors=True)
            continue
        count = len(list(Path(folder).iterdir()))
        tally.add("whole" if count == kind.files else "left over")
    return tally


def under_fire(kind, folder, loads, *, writers=1):
    """Load again and again while others save again and again."""
    tally = Tally()
    shutil.rmtree(folder, ignore_errors=True)
    kind.save(0, folder)

    def fire():
        which = 0
        while os.getppid() != 1:
            which = 1 - which
            kind.save(which, folder)

    children = [child(fire) for _ in range(writers)]
    try:
        for _ in range(loads):
            try:
                tally.counts[f"read {kind.read(folder)}"] += 1
            except Exception as error:  # noqa: BLE001
                tally.add("error", repr(error))
    finally:
        for number in children:
            os.kill(number, signal.SIGKILL)
            ended(number)
    return tally


def damaged(content, rng):
    """Return damaged bytes: flips, a digit, cuts, zeros, more, or nothing at all."""
    data = bytearray(content)
    how = rng.choice(["flip", "digit", "cut", "zeros", "append", "insert", "empty"])
    place = int(rng.integers(len(data)))
    if how == "flip":
        for spot in rng.integers(len(data), size=int(rng.integers(1, 9))):
            data[spot] ^= 1 << int(rng.integers(8))
    elif how == "digit":
        spots = [i for i, byte in enumerate(data) if 48 <= byte < 58] or [place]
        spot = spots[int(rng.integers(len(spots)))]
        data[spot] = 48 + (data[spot] - 48 + int(rng.integers(1, 10))) % 10
    elif how == "cut":
        del data[place:]
    elif how == "zeros":
        data[place : place + 512] = bytes(len(data[place : place + 512]))
    elif how == "append":
        data += rng.bytes(int(rng.integers(1, 99)))
    elif how == "insert":
        data[place:place] = rng.bytes(int(rng.integers(1, 9)))
    else:
        data.clear()
    return bytes(data), str(how)


def damages(folder, read, same, rounds, *, seed=0, files=None):
    """Damage one file of a folder at a time, and read what is left.

    `read` returns what was read, and whether a warning said something; `same` says
    whether that is what was saved. Of a folder all files are damaged, or `files`.
    """
    rng, tally = np.random.default_rng(seed), Tally()
    files = files or sorted(path for path in Path(folder).iterdir())
    for _ in range(rounds):
        path = files[int(rng.integers(len(files)))]
        content = path.read_bytes()
        if rng.random() < 0.05:
            path.unlink()
            how = "missing"
        else:
            changed, how = damaged(content, rng)
            path.write_bytes(changed)
        where = f"{path.name}, {how}"
        try:
            value, said = read(folder)
        except (ValueError, FileNotFoundError, TypeError) as error:
            sentence = str(error).startswith("`") and str(error).count("\n") == 0
            outcome = "one sentence" if sentence else "bare error"
            tally.add(outcome, "" if sentence else f"{where}: {error!r}")
        except Exception as error:  # noqa: BLE001
            tally.add("bare error", f"{where}: {error!r}")
        else:
            outcome = "said" if said else "equal" if same(value) else "taken silently"
            tally.add(outcome, where if outcome == "taken silently" else "")
        path.write_bytes(content)
    return tally
