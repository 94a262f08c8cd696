"""Spaces in which rows lack a modality or a label."""

from dataclasses import replace

import numpy as np

import refnet_viz as rv

N = 60
BARE = list(range(0, N, 7))  # rows without a label
GONE = [3, 14, 15, 40]  # rows without rna; 14 lacks both


def space(variant="plain", *, multi=False):
    """Return three classes; every kind of row but one that lacks all."""
    rng = np.random.default_rng([*variant.encode()])
    classes = np.arange(N) % 3
    z = np.eye(3)[classes] * 2 + rng.normal(size=(N, 3))
    present = np.ones((N, 2), dtype=bool)
    present[GONE, 0] = False
    present[20, 1] = False
    labels = classes.copy()
    labels[BARE] = -1
    told = classes.copy()
    told[:12] = 0
    if multi:
        bare = labels < 0
        labels, told = np.eye(3, dtype=int)[classes], np.eye(3, dtype=int)[told]
        labels[bare] = -1
    made = rv.Embedding.from_arrays(
        z,
        ids=[f"p{row}" for row in range(N)],
        present=present,
        name=variant,
        modalities={"rna": z[:, :2] + rng.normal(size=(N, 2)), "protein": z[:, 1:]},
    )
    decoded = {
        name: (0.5 * values).astype(np.float32) for name, values in made.inputs.items()
    }
    return replace(
        made,
        labels=labels,
        predictions=told,
        class_names=("ant", "bee", "cat"),
        scores=np.full((N, 3), 0.3, np.float32),
        targets=dict(made.inputs),
        decoded=decoded,
        info={**made.info, "seed": 0, "variant": variant},
    )
