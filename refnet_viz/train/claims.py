"""Claims of runs: of several processes that fill one folder, each trains others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

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
    path = place.with_name(f".{place.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(path), path.with_suffix(".json")
    try:
        lock.acquire(timeout=-1 if wait else 0, poll_interval=0.2)
    except Timeout:
        _check_version(owner, place)
        yield False
        return
    try:
        owner.write_text(json.dumps({"refnet_viz": __version__}), encoding="utf-8")
        yield True
    finally:
        owner.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        lock.release()


def _check_version(owner: Path, place: Path) -> None:
    """Refuse a claim of another version; one that is being written tells nothing."""
    try:
        version = json.loads(owner.read_text(encoding="utf-8"))["refnet_viz"]
    except (FileNotFoundError, ValueError):
        return
    if version != __version__:
        raise ValueError(
            f"`folder` must be filled by one version of refnet_viz at a time, got "
            f"{version}, which is training {place.name!r} in {str(place.parent)!r}, "
            f"and {__version__}."
        )
