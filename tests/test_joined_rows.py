"""Old and new rows in one embedding, and on one map."""

from dataclasses import replace

import numpy as np
import pytest

import refnet_viz as rv

from . import exploring


def parts():
    whole = exploring.embedding("mine", 0)
    return whole, whole.subset(np.arange(16)), whole.subset(np.arange(16, exploring.N))


def test_the_parts_of_an_embedding_are_it_again():
    whole, old, new = parts()
    both = old.joined(new, column="age")
    assert both.digest == whole.digest
    assert both.media.texts == whole.media.texts
    assert both.media.pictures == whole.media.pictures
    assert both.metadata["age"].tolist() == ["old"] * 16 + ["new"] * 8
    rest = both.metadata.drop(columns="age")
    assert rest.equals(whole.metadata)


def test_what_new_rows_lack_is_missing_and_what_cannot_be_is_left_out():
    _, old, new = parts()
    bare = rv.Embedding.from_arrays(new.z, ids=new.ids, modalities=new.inputs)
    bare = replace(bare, inputs=new.inputs)
    both = old.joined(bare)
    assert both.labels[:16].tolist() == old.labels.tolist()
    assert (both.labels[16:] == -1).all()
    assert both.predictions is None
    assert both.class_names == old.class_names
    assert both.media.texts == (*old.media.texts, *[""] * 8)
    assert both.metadata["size"].isna().tolist() == [False] * 16 + [True] * 8


def test_new_rows_are_placed_on_the_old_map_and_can_be_told_apart():
    _, old, new = parts()
    layout = rv.project(old, "pca")
    both = old.joined(new)
    placed = rv.project(both, onto=(layout, old))
    view = rv.explore(both, layouts=placed, color="rows", k=3)
    (panel,) = view._view.panels
    assert panel.layout.title == "placed on PCA of 16 points"
    assert np.array_equal(panel.layout.coordinates[:16], layout.coordinates)
    codes = np.asarray(view._view.coloring.values[0])
    assert len(set(codes[:16])) == len(set(codes[16:])) == 1
    assert codes[0] != codes[16]
    assert view.search("new")["id"].tolist() == new.ids.tolist()


def test_rows_that_do_not_belong_together_are_refused():
    _, old, new = parts()
    with pytest.raises(TypeError, match=r"^`new` must be an Embedding, got Layout\.$"):
        old.joined(rv.project(new, "pca"))
    with pytest.raises(ValueError, match=r"^`new` must have other ids .* got 'p0' in"):
        old.joined(old)
    with pytest.raises(ValueError, match=r"^`new` must have vectors and modalities"):
        old.joined(replace(new, z=new.z[:, :2]))
    with pytest.raises(ValueError, match=r"^`new` must have the classes"):
        old.joined(replace(new, class_names=("x", "y", "z")))
    with pytest.raises(ValueError, match=r"^`column` must be no column .* got 'kind'"):
        old.joined(new, column="kind")
