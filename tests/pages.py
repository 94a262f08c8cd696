"""Small comparisons and parsed pages for the tests of what leaves the notebook."""

import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from PIL import Image

import refnet_viz as rv
from refnet_viz.data import Media

HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "</style></script><script>window.hacked=1</script>",
    "a<b & \"c\" 'd' \u2028 {e} ${f}",
)
N = 30
VOID = {"meta", "img", "link", "br", "input", "source"}


def png(red):
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (red, 0, 0)).save(file, "PNG")
    return file.getvalue()


def space(variant, seed, *, strange=False, multi=False, **changes):
    """Return 30 points of 3 classes with answers, other noise by variant and seed."""
    rng = np.random.default_rng([seed, *variant.encode()])
    labels = np.arange(N) % 3
    z = np.eye(3)[labels] * 2 + rng.normal(size=(N, 3))
    first = np.random.default_rng(5).normal(size=(N, 4))
    modalities = {
        "image": first[:, :2],
        "text": first[:, 2:] + np.eye(3)[labels][:, 1:],
    }
    ids, texts, kinds = (
        [f"p{i}" for i in range(N)],
        [f"text {i}" for i in range(N)],
        ["round", "square", "flat"],
    )
    names = ["ant", "bee", "cat"]
    if strange:
        ids[: len(HOSTILE)], texts[: len(HOSTILE)] = HOSTILE, HOSTILE
        names = kinds = list(HOSTILE)
    metadata = {"kind": [kinds[i % 3] for i in range(N)], "size": np.linspace(0, 1, N)}
    told = labels.copy()
    told[: seed + 1] = 1
    if multi:
        labels, told = np.eye(3, dtype=int)[labels], np.eye(3, dtype=int)[told]
        labels[:9, 0] = 1
    own = rv.Embedding.from_arrays(
        z,
        ids=ids,
        labels=labels,
        name=variant,
        class_names=names,
        modalities=modalities,
        metadata=pd.DataFrame(metadata),
        media=Media(tuple(png(8 * i) for i in range(N)), tuple(texts)),
    )
    own.info.update(seed=seed, config={"fusion": "concat", "refiner": len(variant)})
    decoded = {
        name: (0.5 * values + 0.1 * rng.normal(size=values.shape)).astype(np.float32)
        for name, values in own.inputs.items()
    }
    found = {"predictions": told, "targets": dict(own.inputs), "decoded": decoded}
    return replace(own, **found | changes)


class Document(HTMLParser):
    """A page as a list of elements; it fails on elements that do not nest."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.said = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), len(self.said)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "script"}:
            self.said.append(data)

    def every(self, tag):
        return [attrs for name, attrs, _ in self.elements if name == tag]

    @property
    def text(self):
        return "".join(self.said)
