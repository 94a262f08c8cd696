"""The recipe for a new fusion works as CONTRIBUTING prints it: a file and a line."""

import re
import textwrap
from dataclasses import replace
from pathlib import Path

import refnet_viz as rv
from refnet_viz.model.fusion import FUSIONS, Fused, Fusion, Sizes
from refnet_viz.model.fusion.vectors import present_vectors

TEXT = Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text("utf-8")


def printed():
    """Return the class that the recipe prints."""
    part = TEXT.split("## Add a fusion")[1].split("## ")[0]
    code = textwrap.dedent(re.search(r"( *)```python\n(.*?)```", part, re.S)[2])
    names = {"Fusion": Fusion, "Fused": Fused, "present_vectors": present_vectors}
    header = "from __future__ import annotations\nfrom torch import nn\n"
    exec(header + code, names)
    return names["MeanFusion"]


def test_the_printed_fusion_trains_with_refiner_rounds_and_missing_rows(
    make_mixed, small, monkeypatch, tmp_path
):
    monkeypatch.setitem(FUSIONS, "mean", printed())
    data = make_mixed(rows=90, missing=True)
    run = rv.fit(
        data, replace(small, fusion="mean", rounds=2, epochs=6), progress=False
    )
    loss = run.history["loss"]
    assert loss.iloc[-1] < loss.iloc[0]
    space = rv.embed(rv.Run.load(run.save(tmp_path)), data.test)
    assert space.decoded.keys() == data.modalities.keys()


def test_the_registry_is_one_line_a_fusion_and_one_file_a_method():
    folder = Path(rv.__file__).parent / "model" / "fusion"
    lines = (folder / "__init__.py").read_text("utf-8").splitlines()
    for name, kind in FUSIONS.items():
        assert f'    "{name}": {kind.__name__},' in lines
    assert len(FUSIONS) >= 17
    assert Sizes.__module__ not in {kind.__module__ for kind in FUSIONS.values()}
    methods = {kind.__module__ for kind in FUSIONS.values()}
    # Variants of one method, as released and as published, share its file.
    assert len(methods) >= len(FUSIONS) - 2
