"""Claims of runs: of several processes that fill one folder, each trains others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .._locks import LocksMissingError, locked
from .._version import __version__


@contextmanager
def claimed(place: Path, *, wait: bool) -> Iterator[bool]:
    """Claim the run of a folder, and give it back at the end.

    The claim is a lock of the operating system on a file beside the folder: it ends
    with the process that holds it, whatever ends that, and the run is free again.

    Parameters
    ----------
    place
        Folder of the run.
    wait
        Whether to wait for another process that has claimed it.

    Yields
    ------
    bool
        Whether it is claimed; False where another process has it.

    Raises
    ------
    ValueError
        If another version of refnet_viz has claimed it.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "seed-0"
    >>> with claimed(place, wait=False) as mine, claimed(place, wait=False) as again:
    ...     mine, again
    (True, False)
    """
    path = _path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_suffix(".json")
    with ExitStack() as stack:
        try:
            mine = stack.enter_context(locked(path, wait=math.inf if wait else 0.0))
        except LocksMissingError:  # then a run may be trained twice, and is whole
            mine = True
        if not mine:
            _check_version(owner, place)
            yield False
            return
        try:
            owner.write_text(json.dumps({"refnet_viz": __version__}), encoding="utf-8")
            yield True
        finally:
            owner.unlink(missing_ok=True)


def release_dead(place: Path) -> None:
    """Remove the claim that a killed process left beside a run."""
    if _path(place).exists():
        with suppress(OSError, ValueError), claimed(place, wait=False):
            pass


def _path(place: Path) -> Path:
    return place.with_name(f".{place.name}.lock")


def _check_version(owner: Path, place: Path) -> None:
    """Refuse a claim of another version; one that is being written tells nothing."""
    try:
        version = json.loads(owner.read_text(encoding="utf-8"))["refnet_viz"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if version != __version__:
        raise ValueError(
            f"`folder` must be filled by one version of refnet_viz at a time, got "
            f"{version}, which is training {place.name!r} in {str(place.parent)!r}, "
            f"and {__version__}."
        )
