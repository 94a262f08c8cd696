"""Figure files and the manifests beside them, each of which knows the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._files import alone, put

SUFFIX = ".manifest.json"
# What of a manifest is no part of what was drawn.
FILES, BEFORE, CHECK = "files", "before", "checksum"
_ATTEMPTS = 5

Note = dict[str, Any]


def write_figure(path: Path, content: bytes, note: Mapping[str, Any]) -> None:
    """Write a figure and its manifest, so that they belong together at every moment.

    The manifest has the SHA-256 of the figure's file. While the file is replaced, it
    holds the manifest of the old one, too: wherever writing stops, one of both is that
    of the file. Figures that are equal but for their format share one manifest.

    Parameters
    ----------
    path
        File of the figure.
    content
        What it holds.
    note
        What the figure was made of.

    Raises
    ------
    OSError
        If one of them cannot be written.
    """
    beside = path.with_suffix(SUFFIX)
    with alone(beside), alone(path):
        old = _stored(beside)
        kept = [_alone(each) for each in notes_of(old) if _belong(each, path) is True]
        files = {path.suffix: hashlib.sha256(content).hexdigest()}
        if old is not None and _drawn(old) == _plain(note):
            files = {**old.get(FILES, {}), **files}
        whole = sealed({**note, FILES: dict(sorted(files.items()))})
        if kept and kept[0] != _plain(whole):
            meanwhile = sealed({**note, FILES: whole[FILES], BEFORE: kept[0]})
            put(beside, text_of(meanwhile))
        elif not kept:
            put(beside, text_of(whole))
        put(path, content)
        if kept:
            put(beside, text_of(whole))


def sealed(note: Mapping[str, Any]) -> Note:
    """Return a manifest with the checksum of what it says.

    Examples
    --------
    >>> note = sealed({"k": [15]})
    >>> is_sealed(note), is_sealed(note | {"k": [5]}), is_sealed({"k": [15]})
    (True, False, True)
    """
    bare = {key: value for key, value in note.items() if key != CHECK}
    return {**bare, CHECK: _digest(bare)}


def is_sealed(note: Mapping[str, Any]) -> bool:
    """Return whether a manifest is as it was written; old ones cannot tell."""
    bare = {key: value for key, value in note.items() if key != CHECK}
    if CHECK not in note:
        return FILES not in note
    return bool(note[CHECK] == _digest(bare))


def text_of(note: Mapping[str, Any]) -> bytes:
    """Return a manifest as JSON; order is kept: variants are in that of the panels."""
    return f"{json.dumps(note, indent=1, allow_nan=False)}\n".encode()


def notes_of(stored: Any) -> list[Note]:
    """Return the manifest, and that of the figure before, where a save was stopped."""
    if not isinstance(stored, dict):
        return []
    before = stored.get(BEFORE)
    return [stored, before] if isinstance(before, dict) else [stored]


def note_beside(path: Path, figure: Path | None) -> tuple[Note | None, str]:
    """Return the manifest that belongs to the figures beside it.

    Parameters
    ----------
    path
        The manifest.
    figure
        The figure that it was asked for; None for the manifest itself.

    Returns
    -------
    dict
        The manifest, None where it is no JSON of one.
    str
        What does not belong together; empty where all does.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    stored, why = None, ""
    for _ in range(_ATTEMPTS):  # another process may be saving
        stored = _stored(path)
        for note in notes_of(stored):
            why = _mismatch(note, path, figure)
            if not why:
                return note, "" if is_sealed(note) else _CHANGED
        if stored == _stored(path):
            break
    return stored, why


_CHANGED = "the manifest was changed after it was written"


def _mismatch(note: Note, path: Path, figure: Path | None) -> str:
    """Return what does not belong to a manifest, if anything."""
    files = note.get(FILES)
    if not isinstance(files, dict) or not files:
        return ""  # those of earlier versions name none
    stem = path.name.removesuffix(SUFFIX)
    beside = [path.with_name(stem + suffix) for suffix in files]
    if figure is not None and figure.is_file():
        if figure.suffix not in files:
            names = ", ".join(repr(each.name) for each in beside)
            return f"the manifest beside {figure.name!r} is that of {names}"
        beside = [figure]
    for each in beside:
        if _belong(note, each) is False:
            return (
                f"{each.name!r} is not the file that was saved with this manifest "
                f"(its SHA-256 is another than {str(files[each.suffix])[:12]})"
            )
    return ""


def _belong(note: Mapping[str, Any], figure: Path) -> bool | None:
    """Return whether a manifest is that of a file; None where nothing can tell."""
    files = note.get(FILES)
    if not isinstance(files, dict) or figure.suffix not in files:
        return None
    try:
        content = figure.read_bytes()
    except FileNotFoundError:
        return None
    return bool(hashlib.sha256(content).hexdigest() == files[figure.suffix])


def _alone(note: Note) -> Note:
    """Return a manifest without that of a figure before it."""
    bare = {key: value for key, value in note.items() if key != BEFORE}
    return sealed(bare) if is_sealed(note) else bare


def _drawn(note: Note) -> Note:
    return {k: v for k, v in note.items() if k not in {FILES, BEFORE, CHECK}}


def _stored(path: Path) -> Note | None:
    try:
        stored = json.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return stored if isinstance(stored, dict) else None


def _digest(bare: Any) -> str:
    text = json.dumps(_plain(bare), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(note: Any) -> Any:
    """Return a manifest as a reader will have it."""
    return json.loads(json.dumps(note))
