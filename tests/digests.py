"""Digests of whatever the package returns: equal exactly for equal content."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch
from scipy import sparse

import refnet_viz as rv

ESCAPED = "backslashreplace"


def digest(value):
    """Return a hexadecimal digest of a result, and of the files that it names."""
    content = hashlib.sha256()
    for part in _parts(value):
        text = part if isinstance(part, bytes) else part.encode("utf-8", ESCAPED)
        content.update(len(text).to_bytes(8, "little") + text)
    return content.hexdigest()


def _parts(value):  # noqa: C901 (one branch a type)
    """Yield what a result consists of, as text and bytes."""
    yield type(value).__name__ if dataclasses.is_dataclass(value) else ""
    if isinstance(value, np.ndarray):
        yield from _of_array(value)
    elif isinstance(value, pd.DataFrame):
        for column in value.columns:
            yield repr(column)
            yield from _parts(value[column])
    elif isinstance(value, pd.Series | pd.Index | pd.Categorical):
        yield f"{value.dtype}{getattr(value, 'name', '')!r}"
        yield from _of_array(np.asarray(value, dtype=object))
        if isinstance(value, pd.Series):
            yield from _of_array(np.asarray(value.index, dtype=object))
    elif isinstance(value, torch.Tensor):
        yield from _of_tensor(value.detach())
    elif isinstance(value, torch.nn.Module):
        yield from _parts(dict(value.state_dict()))
    elif sparse.issparse(value):
        yield from _parts(value.toarray())
    elif isinstance(value, go.Figure):
        yield from _of_figure(value)
    elif isinstance(value, nx.Graph):
        yield repr(value.graph)
        yield from map(repr, value.nodes(data=True))
        yield from map(repr, value.edges(data=True))
    elif isinstance(value, Path):
        yield from _of_file(value)
    elif isinstance(value, Mapping):
        entries = value.items()
        if any(isinstance(entry, torch.Tensor) for entry in value.values()):
            entries = sorted(entries)  # files of weights have no order
        for key, entry in entries:
            yield repr(key)
            yield from _parts(entry)
    elif isinstance(value, list | tuple):
        yield str(len(value))
        for entry in value:
            yield from _parts(entry)
    elif type(value).__name__ == "AnnData":
        yield from _parts([value.obs, value.X, dict(value.obsm), dict(value.obsp)])
    elif isinstance(value, rv.data.Dataset | rv.Embedding):
        fields = dataclasses.fields(value)
        yield from _parts({one.name: getattr(value, one.name) for one in fields})
    elif hasattr(value, "state") and hasattr(value, "screen"):  # an explorer
        yield from _parts(value.state)
    elif hasattr(value, "read") and hasattr(value, "dtype"):  # rows on disk
        yield from _of_array(value.read(np.arange(value.shape[0])))
    elif dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        yield from _parts({one.name: getattr(value, one.name) for one in fields})
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, str):  # of any class
        yield repr(str.__str__(value))
    else:
        yield re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _of_array(values):
    yield f"{values.shape}"
    if values.dtype.kind == "O":
        for entry in values.flat:
            yield from _parts(entry)
    elif values.dtype.kind in "UST":
        yield from map(str, values.flat)
    else:
        yield str(values.dtype)
        yield np.ascontiguousarray(values).tobytes()


def _of_tensor(values):
    if values.is_meta:  # a shape without values
        yield repr(values)
        return
    values = values.to_dense().cpu()
    if values.dtype == torch.bfloat16:  # which numpy does not know
        yield str(values.dtype)
        values = values.float()
    yield from _of_array(values.numpy())


def _of_figure(figure):
    """Yield data and layout without the call, which repeats the arguments."""
    content = json.loads(figure.to_json())
    meta = content["layout"].get("meta")
    if isinstance(meta, dict):
        meta.pop("call", None)
    yield json.dumps(content, sort_keys=True)


def _of_file(path):
    """Yield the content of a file, or of a folder's files."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and not file.name.startswith("."):
            yield str(file.relative_to(path)) if file != path else file.suffix
            yield file.read_bytes()
