"""Digest of an encoder: its weights, settings, code, name and version."""

from __future__ import annotations

import functools
import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .fingerprint import digest_of

# Of a tokenizer and of a configuration: what a call changes, and where files lay.
_PASSING = (
    "truncation",
    "padding",
    "_name_or_path",
    "name_or_path",
    "transformers_version",
    "training",
)
_SIMPLE = (str, int, float, bool, tuple)
_PARTS = (
    "tokenizer",
    "image_processor",
    "max_seq_length",
    "truncate_dim",
    "prompts",
    "default_prompt_name",
)


def weights(module: Any) -> str:
    """Return one SHA-256 of the names, types and values of a module's state."""
    torch: Any = sys.modules["torch"]
    parts: list[Any] = []
    for key, value in sorted(module.state_dict().items()):
        parts.append(key)
        if isinstance(value, torch.Tensor):
            plain = value.detach().cpu().contiguous()
            parts.append(f"{plain.dtype}{tuple(plain.shape)}")
            value = plain.reshape(-1).view(torch.uint8).numpy()  # noqa: PLW2901
        parts.append(value)
    return digest_of(parts)


def described(obj: Any, *, settings: bool = False) -> str:
    """Return code, configuration and vocabulary of an object as text.

    Addresses in memory are left out, and so is what calls change.

    Parameters
    ----------
    thing
        A model, a callable or a preprocessing.
    settings
        Whether plain attributes count; those of a callable may be counters.

    Examples
    --------
    >>> described(str.lower) == described(str.upper)
    False
    """
    if obj is None:
        return ""
    if isinstance(obj, functools.partial):
        fixed = [(key, _plain(value)) for key, value in sorted(obj.keywords.items())]
        return repr([described(obj.func), *map(_plain, obj.args), fixed])
    if isinstance(obj, types.MethodType):
        return repr([_code(obj.__func__), described(obj.__self__)])
    if isinstance(obj, types.FunctionType):
        return _code(obj)
    call = vars(type(obj)).get("__call__")
    parts = [f"{type(obj).__module__}.{type(obj).__qualname__}", _plain(obj)]
    parts += [_code(call)] if isinstance(call, types.FunctionType) else []
    return repr([*parts, *(_attributes(obj) if settings else ()), *_stored(obj)])


def _attributes(obj: Any) -> list[str]:
    return [
        f"{key}={value!r}"
        for key, value in sorted(getattr(obj, "__dict__", {}).items())
        if isinstance(value, _SIMPLE)
        and not key.startswith("_")
        and key not in _PASSING
    ]


def _stored(obj: Any) -> list[str]:
    """Return configuration, vocabulary and the like, as their libraries write them."""
    config = getattr(obj, "config", obj)
    texts = []
    if callable(getattr(config, "to_json_string", None)):
        texts.append(_without_passing(config.to_json_string()))
    backend = getattr(obj, "backend_tokenizer", None)
    if backend is not None:
        texts.append(_without_passing(backend.to_str()))
    for name in _PARTS:
        inner = getattr(obj, name, None)
        if inner is not None and inner is not obj:
            texts.append(f"{name}={described(inner, settings=True)}")
    return texts


def _without_passing(text: str) -> str:
    return json.dumps(
        {k: v for k, v in json.loads(text).items() if k not in _PASSING}, sort_keys=True
    )


def _plain(value: Any) -> str:
    # A tokenizer's repr tells its path; its content is described elsewhere.
    if hasattr(value, "backend_tokenizer"):
        return type(value).__qualname__
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _code(function: Any) -> str:
    """Return the name, instructions and constants of a function and of those in it."""
    code = function.__code__
    constants = [_plain(c) for c in code.co_consts if not isinstance(c, types.CodeType)]
    inner = [c.co_code for c in code.co_consts if isinstance(c, types.CodeType)]
    return repr([function.__qualname__, code.co_code, code.co_names, constants, inner])


def model_name(model: Any) -> str:
    """Return the name of a model; of a local folder its last two parts."""
    for text in _names(model):
        if text:
            path = Path(text)
            local = path.is_absolute() or path.exists()
            return "/".join(path.parts[-2:]).lstrip("/") if local else text
    return str(getattr(model, "__qualname__", type(model).__qualname__))


def _names(model: Any) -> Iterator[str | None]:
    timm = getattr(model, "pretrained_cfg", None)
    if timm is not None:
        read = timm.get if hasattr(timm, "get") else functools.partial(getattr, timm)
        yield ".".join(
            str(part)
            for part in (read("architecture", None), read("tag", None))
            if part
        )
    card = getattr(model, "model_card_data", None)
    yield getattr(card, "base_model", None)
    inner = getattr(model, "transformers_model", model)
    yield getattr(getattr(inner, "config", None), "_name_or_path", None)


def library(model: Any) -> str:
    """Return the package a model is of, with its version; empty where it has none."""
    package = (getattr(model, "__module__", None) or "").partition(".")[0]
    version = getattr(sys.modules.get(package), "__version__", None)
    return f"{package} {version}" if isinstance(version, str) else ""
