"""Names of clusters, against counts by hand and by another computation."""

import asyncio

import numpy as np
import pandas as pd
import pytest
from exploring import embedding, notes, settled
from scipy.sparse import csr_array

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.explorer import wire
from refnet_viz.graph import knn, name_clusters
from refnet_viz.graph.naming import (
    NO_NAME,
    Words,
    log_odds,
    medoids,
    score,
    words_of,
)

SIDES = np.repeat([0.0, 9.0], 6) + np.tile(np.arange(6) / 10, 2)
TEXTS = ["red fish", "blue fish"] * 3 + ["red bird", "blue bird"] * 3


def two_sides(texts=TEXTS, **options):
    """Points on two sides of a line, with a text each."""
    media = Media((), tuple(texts))
    return rv.Embedding.from_arrays(SIDES[:, None], media=media, **options)


def test_two_sides_of_a_line():
    table = name_clusters(knn(two_sides(), k=3))
    assert table["points"].tolist() == [6, 6]
    assert table["name"].tolist() == ["fish", "bird"]
    assert (table["score"] > table["limit"]).all()
    # Of 0.0, 0.1 … 0.5 with three neighbours each, 0.2 is the first in all other lists.
    assert table["medoid"].tolist() == ["2", "8"]
    assert "disagree" not in table  # there are no modalities


def test_the_score_by_hand():
    """Fish is in 3 of 4 words of one cluster and 1 of 4 of the other.

    The prior is 2 of each word: ln(5 / 3) - ln(3 / 5), over sqrt(1 / 5 + 1 / 3).
    """
    values = log_odds(np.array([[3.0, 1.0], [1.0, 3.0]]))
    expected = 2 * np.log(5 / 3) / np.sqrt(1 / 5 + 1 / 3)
    np.testing.assert_allclose(values, [[expected, -expected], [-expected, expected]])


def test_the_score_one_word_at_a_time():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 9, size=(3, 5)).astype(float)
    values = log_odds(counts)
    prior = counts.sum(axis=0) / 3
    for i, line in enumerate(counts):
        rest = counts.sum(axis=0) - line
        for w in range(5):
            inside, outside = line[w] + prior[w], rest[w] + prior[w]
            odds = inside / (line.sum() + prior.sum() - inside)
            others = outside / (rest.sum() + prior.sum() - outside)
            spread = 1 / inside + 1 / outside
            assert values[i, w] == pytest.approx(np.log(odds / others) / spread**0.5)


def test_random_words_are_seldom_typical():
    """Of tables of nothing about one in twenty has a name; their words are noise."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(4), 15)
    names = [f"w{i}" for i in range(20)]
    wrong = 0
    for _ in range(60):
        occurs = csr_array((rng.random((60, 20)) < 0.3).astype(np.int64))
        scores = score(Words(names, occurs), clusters, 40, rng)
        wrong += (scores.values > scores.limit).any()
    assert wrong <= 9  # binomial of 60 at 1 in 20: more than 9 once in 1,500


def test_nothing_is_typical_of_the_same_words_everywhere():
    table = name_clusters(knn(two_sides(["red fish", "blue fish"] * 6), k=3))
    assert table["name"].tolist() == [NO_NAME, NO_NAME]
    assert (table["score"] <= table["limit"]).all()


def test_without_words_there_is_no_name():
    table = name_clusters(knn(rv.Embedding.from_arrays(SIDES[:, None]), k=3))
    assert table["name"].tolist() == [NO_NAME, NO_NAME]
    assert table["score"].isna().all()


def test_words_come_from_texts_labels_and_categories():
    metadata = pd.DataFrame(
        {
            "kind": ["x", "y"] * 6,
            "side": ["left"] * 6 + ["right"] * 6,
            "same": ["z"] * 12,
            "size": np.linspace(0, 1, 12),
        }
    )
    labels = ["left"] * 5 + [None] + ["right"] * 6
    own = two_sides(labels=labels, metadata=metadata)
    words = words_of(own)
    # "side" says what the labels say, "same" says the same of all, "size" is measured.
    assert words.names == [
        "bird", "blue", "fish", "kind: x", "kind: y", "left", "red", "right",
    ]  # fmt: skip
    counts = np.asarray(words.occurs.sum(axis=0)).ravel()
    assert counts.tolist() == [6, 6, 6, 6, 6, 5, 6, 6]
    assert words_of(own, ["metadata"]).names == ["kind: x", "kind: y"]
    table = name_clusters(knn(own, k=3), sources=["label"])
    assert table["name"].tolist() == ["left", "right"]


def test_a_word_counts_once_a_row_whatever_its_case():
    texts = ["Fish fish FISH", "fish"] * 3 + ["bird"] * 6
    words = words_of(two_sides(texts))
    assert words.names == ["bird", "fish"]
    assert words.occurs.max() == 1


def test_medoids_by_a_count_of_each():
    rng = np.random.default_rng(2)
    graph = knn(rng.normal(size=(40, 3)), k=5)
    clusters = rng.integers(0, 4, 40)
    for cluster, medoid in enumerate(medoids(graph, clusters)):
        members = np.flatnonzero(clusters == cluster)
        degree = {
            int(row): sum(row in graph.indices[other] for other in members)
            for row in members
        }
        most = max(degree.values())
        assert medoid == min(row for row in degree if degree[row] == most)


def test_modalities_that_disagree():
    """One holds both sides together; in b each point is near one of the other side."""
    a = SIDES[:, None] * np.ones((1, 2))
    b = np.tile(np.arange(6.0), 2)[:, None] + np.repeat([0, 0.01], 6)[:, None]
    own = two_sides(modalities={"a": a, "b": b * np.ones((1, 2))})
    table = name_clusters(knn(own, k=3))
    assert table["within: a"].tolist() == [1.0, 1.0]
    assert (table["within: b"] <= table["limit: b"]).all()
    assert table["disagree"].tolist() == [True, True]
    # By chance 5 of the 11 others are in the same cluster.
    for name in ("a", "b"):
        np.testing.assert_allclose(table[f"chance: {name}"], 5 / 11, atol=0.05)
    same = two_sides(modalities={"a": a, "b": a})
    assert name_clusters(knn(same, k=3))["disagree"].tolist() == [False, False]


def test_rows_that_lack_a_space_have_no_cluster():
    present = np.ones((12, 2), bool)
    present[3, 0] = False
    a = SIDES[:, None] * np.ones((1, 2))
    own = two_sides(modalities={"a": a, "b": a}, present=present)
    table = name_clusters(knn(own, k=3, space="a"))
    assert table["points"].sum() == 11
    assert sorted(table["name"]) == ["bird", "fish"]


def test_words_of_rows_without_a_cluster_do_not_count():
    texts = ["red fish", "blue fish"] * 3 + ["red bird", "blue bird"] * 2 + ["gone"] * 2
    present = np.ones((12, 2), bool)
    present[10:, 0] = False
    a = SIDES[:, None] * np.ones((1, 2))
    own = two_sides(texts, modalities={"a": a, "b": a}, present=present)
    assert "gone" in words_of(own).names
    table = name_clusters(knn(own, k=2, space="a"))
    assert table["points"].sum() == 10
    assert not table["name"].str.contains("gone").any()
    assert np.isfinite(table["score"]).all()


def test_the_answer_has_the_shape_of_the_question():
    graph = knn(two_sides(), k=3)
    nested = name_clusters({"a": graph, "b": [graph, graph]})
    assert nested["a"].equals(nested["b"][1])
    assert nested["a"].equals(name_clusters(graph))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sources": ["color"]}, "`sources` must be one of"),
        ({"most": 0}, "`most`"),
        ({"permutations": 5}, "`permutations`"),
    ],
)
def test_what_cannot_be_asked(options, words):
    with pytest.raises(ValueError, match=words):
        name_clusters(knn(two_sides(), k=3), **options)


# On the maps


def test_maps_name_clusters_where_colour_has_no_classes(spaces):
    view = rv.explore(two_sides(), k=3, layout="pca")
    codes = np.frombuffer(view.screen.words["panels"][0]["codes"], "<u2")
    names = view.screen.words["panels"][0]["names"]
    assert [names[code] for code in codes] == ["fish"] * 6 + ["bird"] * 6
    words = "names: words typical of its communities, p < 0.05"
    assert notes(view).split("\n")[2] == words
    view.edges = "all"  # no line more, so that maps stay where they are
    assert notes(view).split("\n")[2].endswith(f" edges, {words}")
    written = {note.text for note in view.snapshot().layout.annotations}
    assert {"<b>fish</b>", "<b>bird</b>"} < written
    view.k = 5  # they stay
    assert view.screen.words["panels"][0]["names"] == names
    view.names = "never"
    assert view.screen.words == {}
    assert words not in notes(view)
    other = rv.explore(spaces, k=3, layout="pca")
    assert other.screen.words["names"] == ["ant", "bee", "cat"]
    other.color = "purity"
    assert other.screen.words["names"] is None
    assert len(other.screen.words["panels"]) == 2


def test_no_more_words_than_a_line_holds():
    clusters = wire.Clusters(np.array([0, 1, -1]), [["a" * 40, "b"], ["word"] * 9])
    sent = wire.named_clusters(clusters, np.arange(3))
    assert max(map(len, sent["names"])) <= wire.LONGEST_WORDS
    assert np.frombuffer(sent["codes"], "<u2").tolist() == [0, 1, 65535]


def test_names_follow_later_where_a_page_waits():
    async def notebook():
        view = rv.explore(embedding("plain", 0), k=3, layout="pca", color="purity")
        first = view.screen.words
        await settled(view)
        return first, view

    first, view = asyncio.run(notebook())
    assert first == {}
    assert len(view.screen.words["panels"]) == 1
    view.close()


def test_pictures_have_the_names_that_fit():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 10)
    places = np.array([[0, 0], [10, 0], [0, 10], [0.1, 0.1]])[labels]
    points = places + rng.normal(size=(40, 2)) / 50
    labels[-1] = -1
    names = ["left", "right", "top", "hidden by left"]
    own = rv.Embedding.from_arrays(
        points, labels=labels, class_names=names, unlabelled=-1
    )
    figure = rv.explore(own, k=3, layout="pca").snapshot()
    flat = rv.project(own, "pca").coordinates
    notes = {n.text[3:-4]: n for n in figure.layout.annotations if n.xref == "x"}
    # Of two at one place the second moves by a line; of the unlabelled there is none.
    assert notes.keys() == set(names)
    for number, name in enumerate(names[:3]):
        at = np.array([notes[name].x, notes[name].y])
        own_places = flat[labels == number]
        assert np.abs(own_places - at).sum(axis=1).min() < 1e-6
        assert np.linalg.norm(np.median(own_places, axis=0) - at) < 0.1
    assert abs(notes["left"].y - notes["hidden by left"].y) > 0.2
    view = rv.explore(own, k=3, layout="pca")
    view.names = "never"
    assert not [n for n in view.snapshot().layout.annotations if n.xref == "x"]


def test_the_pane_lists_communities_by_their_central_members():
    view = rv.explore(two_sides(), k=3, layout="pca")
    content = view.screen.detail
    assert content["hint"].startswith("Point at a dot")
    assert [(r["title"], r["text"]) for r in content["rows"]] == [
        ("fish", "6 points"),
        ("bird", "6 points"),
    ]
    table = name_clusters(knn(two_sides(), k=3))
    ids = two_sides().ids
    assert [ids[r["row"]] for r in content["rows"]] == table["medoid"].tolist()
    assert content["more"] == ""
    view.select(["0"])
    assert "hint" not in view.screen.detail
    view.select(None)
    view.names = "never"
    assert view.screen.detail.keys() == {"hint"}


def test_communities_that_one_modality_holds_together_say_so():
    rng = np.random.default_rng(0)
    side = np.repeat([0.0, 9.0], 15)[:, None]
    words = Media((), ("red fish",) * 15 + ("red bird",) * 15)
    seen = side + rng.normal(size=(30, 2))
    own = rv.Embedding.from_arrays(
        seen,
        modalities={"picture": seen, "text": rng.normal(size=(30, 2))},
        media=words,
    )
    rows = rv.explore(own, k=3, layout="pca").screen.detail["rows"]
    shown = knn(own, k=7)
    table = name_clusters(shown)
    assert len(rows) == len(table)
    for row, line in zip(rows, table.itertuples(), strict=True):
        assert row["text"].startswith(f"{line.points} points")
    assert "held together by picture (" in rows[0]["text"]
    assert ", not by text (" in rows[0]["text"]
    assert "chance" in rows[0]["text"]
