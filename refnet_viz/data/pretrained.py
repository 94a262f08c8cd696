"""Encoders of other libraries behind one call: a batch in, an array out.

Nothing is imported for them: a library is known by the methods of the object that it
made, and torch is loaded already wherever a module of torch is handed over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import _check
from .described import described, library, model_name, weights
from .fingerprint import digest_of

KINDS = ("words", "pictures")
Batch = list[Any]

_FEATURES = {"words": "text", "pictures": "image"}
_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class Encoder:
    """A callable with everything that tells it from another one.

    Parameters
    ----------
    name, version
        What manifests call it; the version is that of its library unless the caller
        gave one.
    digest
        SHA-256 of weights, settings and preprocessing, as far as they can be seen.
    ask
        From texts or RGB pictures to one vector each.
    module
        The module of torch behind it, or None.
    """

    name: str
    version: str
    digest: str
    ask: Callable[[Batch], Any] = field(repr=False)
    module: Any = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """SHA-256 of name, version and digest."""
        return digest_of([self.name, self.version, self.digest])


def as_encoder(
    encoder: Any, kind: str, *, name: str | None = None, version: str | None = None
) -> Encoder:
    """Recognise what a caller encodes with.

    Parameters
    ----------
    encoder
        A callable, an object with `encode`, or a pair (model, preprocessing).
    kind
        "words" or "pictures".
    name, version
        Take the place of those that are read from the object.

    Raises
    ------
    ValueError
        If it is none of them, cannot encode that kind, or needs its preprocessing.

    Examples
    --------
    >>> length = as_encoder(lambda texts: [[len(t)] for t in texts], "words", name="n")
    >>> length.name, length.ask(["four"])
    ('n', [[4]])
    """
    for option, text in (("name", name), ("version", version)):
        if text is not None and not _check.instance(option, text, str):
            raise ValueError(f"`{option}` must be None or some text, got ''.")
    model, steps = _parts(encoder)
    ask = _ask(model, steps, kind)
    owner = getattr(model, "__self__", model)
    module = owner if _is_module(owner) else None
    state = [] if module is None else [("weights", weights(module))]
    return Encoder(
        name=name if name is not None else model_name(model),
        version=version if version is not None else library(model),
        digest=digest_of([*state, described(model), described(steps, settings=True)]),
        ask=ask,
        module=module,
    )


@contextmanager
def at_rest(module: Any, device: Any) -> Iterator[None]:
    """Hold a module in evaluation, without gradients, on a device; then restore it.

    Parameters
    ----------
    module
        A module of torch, or None for what has none.
    device
        Where it computes meanwhile; None leaves it where it is.

    Raises
    ------
    ValueError
        If torch does not find the device.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    modes = [] if module is None else [(m, m.training) for m in module.modules()]
    home = _device(module)
    try:
        if module is not None:
            _move(module.eval(), device)
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training
        if module is not None and device is not None and home is not None:
            module.to(home)


def _parts(encoder: Any) -> tuple[Any, Any]:
    """Return model and preprocessing, None where there is none."""
    pair = isinstance(encoder, tuple | list)
    if pair and len(encoder) == 2 and _is_module(encoder[0]) and callable(encoder[1]):
        return encoder[0], encoder[1]
    usable = callable(encoder) or callable(getattr(encoder, "encode", None))
    # A text has a method `encode`, too, and a class can be called.
    if pair or not usable or isinstance(encoder, str | type):
        got = repr(encoder) if isinstance(encoder, str) else type(encoder).__name__
        if pair:
            got += f" of {', '.join(type(part).__name__ for part in encoder) or 'none'}"
        raise ValueError(
            "`encoder` must be a callable, a sentence-transformers model or a pair "
            f"(torch module, preprocessing), got {got}."
        )
    return encoder, None


def _ask(model: Any, steps: Any, kind: str) -> Callable[[Batch], Any]:
    if steps is not None:
        is_transformers = hasattr(steps, "model_input_names")
        return (_transformers if is_transformers else _tensors)(model, steps, kind)
    if _is_module(model) and callable(getattr(model, "encode", None)):
        return _sentences(model, kind)
    raw = ("forward_features", "encode_image", "encode_text", "get_input_embeddings")
    if _is_module(model) and any(hasattr(model, method) for method in raw):
        raise ValueError(
            "`encoder` must be a pair (model, preprocessing) where the model takes "
            f"tensors, got {type(model).__name__} alone."
        )
    if callable(getattr(model, "encode", None)):
        return model.encode
    return model


def _sentences(model: Any, kind: str) -> Callable[[Batch], Any]:
    supports = getattr(model, "supports", None)
    if kind == "pictures" and supports is not None and not supports("image"):
        raise ValueError(
            "`encoder` must be a model that takes pictures, "
            f"got {model_name(model)!r} for text only."
        )
    return lambda batch: model.encode(
        batch, batch_size=len(batch), show_progress_bar=False, device=_device(model)
    )


def _tensors(model: Any, steps: Any, kind: str) -> Callable[[Batch], Any]:
    """Encode as open_clip and timm do: tensors of one shape, made before the model."""
    torch: Any = sys.modules["torch"]
    if kind == "words":
        encode = getattr(model, "encode_text", model)
        return lambda batch: encode(_placed(steps(batch), model))
    if hasattr(model, "encode_image"):
        encode = model.encode_image
    elif hasattr(model, "forward_features") and hasattr(model, "forward_head"):
        # What a classifier of timm sees, however many classes it was made for.
        def encode(batch: Any) -> Any:
            return model.forward_head(model.forward_features(batch), pre_logits=True)

    else:
        encode = model

    def ask(batch: Batch) -> Any:
        stacked = torch.stack([torch.as_tensor(steps(picture)) for picture in batch])
        return encode(_placed(stacked, model))

    return ask


def _transformers(model: Any, steps: Any, kind: str) -> Callable[[Batch], Any]:
    """Encode into the space of words and pictures where there is one.

    Else words are the mean of their tokens' last states, and pictures what the model
    pools; heads made for a task are left out.
    """
    shared = getattr(model, f"get_{_FEATURES[kind]}_features", None)
    encode = shared or _backbone(model)

    def words(batch: Batch) -> Any:
        inputs = steps(
            text=batch,
            padding=True,
            truncation=True,
            return_tensors="pt",
            max_length=_limit(model, steps),
        )
        output = _called(encode, inputs, model)
        if shared is not None:
            return _pooled(output)
        return _mean(output.last_hidden_state, inputs["attention_mask"])

    def pictures(batch: Batch) -> Any:
        inputs = steps(images=batch, return_tensors="pt")
        return _pooled(_called(encode, inputs, model))

    return words if kind == "words" else pictures


def _called(encode: Any, inputs: Any, model: Any) -> Any:
    return encode(**{key: _placed(value, model) for key, value in inputs.items()})


def _backbone(model: Any) -> Any:
    """Return the part of a transformers model below its task's head."""
    base = getattr(model, "base_model", model)
    if getattr(getattr(base, "config", None), "is_encoder_decoder", False):
        return base.get_encoder()
    return base


def _mean(states: Any, mask: Any) -> Any:
    """Return the mean of the states ``(N, L, d)`` of a text's real tokens."""
    weight = mask.to(states)[..., None]
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


def _pooled(output: Any) -> Any:
    """Return a model's own pooled output, else the mean over the picture's places."""
    if hasattr(output, "ndim"):
        return output
    pooled = getattr(output, "pooler_output", None)
    if pooled is not None:
        return pooled.flatten(1)
    states = output.last_hidden_state
    return states.mean(1) if states.ndim == 3 else states.flatten(2).mean(2)


def _limit(model: Any, steps: Any) -> int | None:
    """Return the largest number of tokens of tokenizer and model, or None."""
    tokenizer = getattr(steps, "tokenizer", steps)
    config = getattr(model, "config", None)
    config = getattr(config, "text_config", None) or config
    limits = [
        getattr(tokenizer, "model_max_length", None),
        getattr(config, "max_position_embeddings", None),
    ]
    lengths = [n for n in limits if isinstance(n, int) and 0 < n < _NO_LIMIT]
    return min(lengths, default=None)


def _placed(value: Any, model: Any) -> Any:
    """Return a tensor where the model is, in its precision."""
    first = next(iter(model.parameters()), None)
    if first is None or not hasattr(value, "to"):
        return value
    exact = value.to(first.device)
    return exact.to(first.dtype) if exact.is_floating_point() else exact


def _is_module(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _device(module: Any) -> str | None:
    if module is None:
        return None
    first = next(iter(module.parameters()), None)
    return None if first is None else str(first.device)


def _move(module: Any, device: Any) -> None:
    if device is None:
        return
    try:
        module.to(device)
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            "`device` must be a device that torch finds on this machine, e.g. 'cpu', "
            f"got {_check.shown(device)}."
        ) from error
