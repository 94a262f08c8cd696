"""The explorer's graphs where rows lack a modality."""

import numpy as np
import pytest
from test_plot_present import ABSENT, N, spaces

from refnet_viz import explore
from refnet_viz.graph import knn


def test_spaces_of_few_rows_have_as_many_neighbours_as_they_can():
    view = explore({"one": spaces("a"), "two": spaces("a", 1)}, k=5, layout="pca")
    view.k = 50  # one more than the rows that have a have others
    view.space = "a"
    view.edges = "by modality"
    view.select([str(N - 1)])
    assert view.selected["in_degree"].tolist() == [N - ABSENT - 1]
    view.space, view.weights = "sum", {"a": 0, "b": 1}
    view.select([str(ABSENT), str(N - 1)])
    assert view.selected["in_degree"].iloc[1] == 0  # it lacks b


def test_presence_can_be_a_colour():
    view = explore(spaces("a"), k=5, layout="pca", color="has a")
    assert view.color == "has a"


@pytest.mark.parametrize("space", ["a", "b", "sum"])
def test_points_say_what_their_modality_says(space):
    own = spaces("a")
    view = explore(own, k=5, layout="pca", space=space)
    view.select([str(i) for i in range(N)])
    graph = knn(own, 5, space=space)
    found = view.selected
    assert found["purity"].isna().tolist() == (~graph.present).tolist()
    degree = np.bincount(graph.edges("directed").target, minlength=N)
    assert found["in_degree"].tolist() == degree.tolist()
    assert degree[:ABSENT].any() == (space == "b")
