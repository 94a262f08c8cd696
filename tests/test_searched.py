"""Views that were looked at: they are counted, and the verdicts pay for all of them."""

import re

import numpy as np
import pytest
from exploring import cell, do, embedding, move

import refnet_viz as rv
from refnet_viz import statistics
from refnet_viz.explorer.embeddings import Key
from refnet_viz.explorer.looked import Looked, Looks
from refnet_viz.explorer.questions import REWIRING, Question, judged
from refnet_viz.explorer.selection import over_represented
from refnet_viz.explorer.view import View
from refnet_viz.graph import METRICS, knn
from refnet_viz.widgets.saving import settings_of


@pytest.fixture
def three():
    """Three seeds of three variants."""
    names = ("plain", "refiner", "both")
    return {name: [embedding(name, seed) for seed in range(3)] for name in names}


@pytest.fixture
def shown(three):
    made = rv.explore(three, k=3, layout="pca", variants=("plain", "both"))
    yield made
    made.close()


def views(view):
    return view.screen.strip["views"]


# What is counted


def test_each_view_counts_once_and_undo_takes_none_back(shown):
    assert views(shown) == "1 of 1 view"
    shown.k = 5
    assert views(shown) == "1 of 2 views"
    shown.k = 3
    assert views(shown) == "1 of 2 views"
    shown.space = "text"
    shown.undo()
    assert shown.space == "latent"
    assert views(shown) == "1 of 3 views"
    assert shown.looks == 3


@pytest.mark.parametrize(
    "patch",
    [
        {"space": "sum"},
        {"metric": "cosine"},
        {"k": 4},
        {"variants": ("plain",)},
        {"variants": ("plain", "refiner")},
        {"baseline": "both"},
        {"variant": "refiner"},  # which takes the place of another
    ],
)
def test_what_numbers_follow_from_is_a_view_of_its_own(shown, patch):
    shown.change(**patch)
    assert shown.looks == 2


@pytest.mark.parametrize(
    "patch",
    [
        {"seed": 1},  # verdicts are on all seeds
        {"color": "kind"},
        {"edges": "gained"},
        {"layout": "umap"},
        {"selected": ["p1", "p2"]},
        {"variants": ("both", "plain")},
        {"names": "never"},
        {"weights": {"image": 2, "text": 0.5}},  # which the latent space has not
    ],
)
def test_what_changes_no_number_is_no_other_view(shown, patch):
    shown.change(**patch)
    assert shown.looks == 1


def test_weights_are_views_where_they_count(shown):
    shown.space = "sum"
    shown.weights = {"image": 2, "text": 0.5}
    assert shown.looks == 3
    shown.weights = {"image": 2, "text": 2}  # equal: the distances are the same
    assert shown.looks == 3


def test_the_table_names_what_was_looked_at(shown):
    shown.change(k=5, space="sum", weights={"image": 2, "text": 1})
    shown.k = 3
    table = shown.looked_at
    assert table["k"].tolist() == [3, 5, 3]
    assert table["space"].tolist() == ["latent", "sum", "sum"]
    assert table["weights"].tolist()[1] == {"image": 2.0, "text": 1.0}
    assert table["variants"].tolist() == [("both", "plain")] * 3
    assert set(table["baseline"]) == {"plain"}
    assert table.attrs["looks"] == len(table)


def test_values_that_a_slider_passes_were_not_looked_at():
    now = [0.0]
    looks = Looks(clock=lambda: now[0])

    def at(k):
        key = Key("plain", None, "latent")
        return Looked(frozenset([key]), key, k)

    looks.look(at(3))
    for k in range(4, 20):  # one drag
        now[0] += 0.1
        looks.look(at(k), "k")
        assert len(looks) == 2
    now[0] += 2
    looks.look(at(3), "k")  # where it rested counts, and it was looked at before
    assert looks.frame()["k"].tolist() == [3, 19]
    for k in (3, 5, 7):  # Python has no slider: a loop reads what it sets
        looks.look(at(k))
    assert len(looks) == 4
    now[0] += 0.1
    looks.look(at(9), "weights")  # another slider
    assert len(looks) == 5


def test_a_drag_of_the_page_is_one_look_and_a_loop_is_many(shown):
    shown._looks.clock = lambda: 0.0  # however long a busy machine computes
    for k in (4, 5, 6, 7):
        move(shown, k=k)
    assert shown.looks == 2
    for k in (8, 9, 10):
        shown.k = k
    assert shown.looks == 5


def test_numbers_that_are_not_there_were_not_looked_at(three, monkeypatch):
    monkeypatch.setattr(View, "ready", [False, False])
    view = rv.explore(three, k=3, layout="pca", variants=("plain", "both"))
    for k in (4, 5, 3):
        view.k = k
        assert views(view) == "1 of 1 view"
    monkeypatch.undo()
    view.k = 6
    assert view.looks == 1
    view.close()


# What it costs


def headline_graphs(spaces, k, **options):
    names = ("plain", "both")
    return {name: [knn(run, k, **options) for run in spaces[name]] for name in names}


def test_a_first_view_says_what_a_comparison_says(shown, three):
    names = [name for name, metric in METRICS.items() if metric.headline]
    table = rv.compare(headline_graphs(three, 3), metrics=names, permutations=0)
    table = table[(table["kind"] == "variant") & table["metric"].isin(names)]
    for row in table[table["variant"] == "both"].to_dict("records"):
        content = cell(shown, row["metric"].replace("_", " "), "both")
        assert content["verdict"] == row["verdict"]
        assert f"p {row['p']:.3f}, " in content["why"]
    assert {cell(shown, name.replace("_", " "), "plain")["verdict"] for name in names}
    assert cell(shown, "purity", "plain")["verdict"] == ""


def test_rewiring_is_judged_as_in_pairs_and_pays_with_the_others(shown, three):
    pairs = rv.graph.compare_pairs(headline_graphs(three, 3))
    (row,) = pairs[pairs["metric"] == "knn_jaccard"].to_dict("records")
    one = next(q for q in shown._view.questions if q.metric == REWIRING)
    assert one.difference == pytest.approx(-row["difference"])
    assert [one.low, one.high] == pytest.approx([-row["diff_high"], -row["diff_low"]])
    assert one.over == row["over"]
    asked = shown._view.questions
    assert [q.metric for q in asked].count(REWIRING) == 1
    content = cell(shown, "rewiring from plain", "both")
    assert content["beside"] == "beside two seeds: "
    assert content["verdict"] == judged(asked, 1)[asked.index(one)].verdict
    assert "from two seeds of one variant [" in content["why"]
    assert "for 6 questions in each of 1 view" in content["why"]
    assert cell(shown, "rewiring from plain", "plain")["verdict"] == ""


def seeds_of(count, spread, seeds=5):
    """Points in a line of their own a variant, moved by every seed."""
    centre = np.random.default_rng(count).normal(size=(80, 3))
    made = []
    for seed in range(seeds):
        noise = np.random.default_rng([count, seed]).normal(size=(80, 3))
        made.append(rv.Embedding.from_arrays(centre + spread * noise))
        made[-1].info["seed"] = seed
    return made


def rewiring_verdict(spaces, **settings):
    view = rv.explore(spaces, k=5, layout="pca", **settings)
    content = cell(view, "rewiring from plain", "both")
    view.close()
    return content


def test_another_variant_rewires_more_than_seeds_and_another_draw_does_not():
    plain = seeds_of(0, 0.1)
    assert rewiring_verdict({"plain": plain, "both": seeds_of(1, 0.1)})["verdict"] == (
        "higher"
    )
    again = seeds_of(0, 0.1, 10)[5:]
    for seed, one in enumerate(again):
        one.info["seed"] = seed
    content = rewiring_verdict({"plain": plain, "both": again})
    assert content["verdict"] == "inside noise"
    assert content["nulls"][1].startswith("two seeds ")


@pytest.mark.parametrize(
    ("seeds", "words"), [(1, "cannot tell: 1 seed"), (2, "cannot tell: 2 seeds")]
)
def test_few_seeds_cannot_say_what_a_seed_rewires(seeds, words):
    spaces = {"plain": seeds_of(0, 0.1)[:seeds], "both": seeds_of(1, 0.1)}
    content = rewiring_verdict(spaces)
    assert content["verdict"] == words
    assert content["why"] == ""


def test_a_space_that_no_seed_moves_is_rewired_by_none(three):
    content = rewiring_verdict(three, space="text", variants=("plain", "both"))
    assert content["whole"] != "–"
    same = {
        name: [
            rv.Embedding(**{**vars(run), "inputs": three["plain"][0].inputs})
            for run in runs
        ]
        for name, runs in three.items()
    }
    content = rewiring_verdict(same, space="text", variants=("plain", "both"))
    assert content["whole"] == "0.00"
    assert content["verdict"] == "inside noise"


def test_verdicts_pay_for_every_view():
    asked = [
        Question("both", name, difference, 0, 1, "seeds", p, "")
        for name, difference, p in (
            ("purity", 0.2, 0.004),
            ("accuracy", -0.1, 0.03),
            ("hubness", 0.1, float("nan")),
        )
    ]
    for looks in (1, 4, 12, 40):
        corrected = statistics.corrected_p(
            np.array([0.004, 0.03, np.nan]),
            ["primary", "primary", "rest"],
            [False, True, False],
        )
        expected = np.minimum(1, corrected * looks)
        answers = judged(asked, looks)
        for one, p, word in zip(
            answers, expected, ("higher", "lower", ""), strict=True
        ):
            if np.isnan(p):
                assert one.verdict.startswith("cannot tell")
                continue
            stands = p < 0.05
            assert one.verdict == word + " if it were the only question" * (not stands)
            assert f"corrected {p:.3f} for 3 questions in each of {looks} " in one.why
    assert judged(asked, 1)[0].verdict == "higher"
    assert judged(asked, 12)[0].verdict == "higher if it were the only question"


def test_what_stands_in_one_view_does_not_stand_in_many():
    def made(variant, seed, shift):
        rng = np.random.default_rng([seed, len(variant)])
        labels = np.arange(60) % 3
        z = np.eye(3)[labels] * shift + rng.normal(size=(60, 3))
        one = rv.Embedding.from_arrays(z, labels=labels)
        one.info["seed"] = seed
        return one

    spaces = {
        name: [made(name, seed, shift) for seed in range(5)]
        for name, shift in (("plain", 1.2), ("both", 2.2))
    }
    view = rv.explore(spaces, k=3, layout="pca")
    assert cell(view, "purity", "both")["verdict"] == "higher"
    view.looks = 100_000
    assert views(view) == "1 of 100,000 views"
    content = cell(view, "purity", "both")
    assert content["verdict"] == "higher if it were the only question"
    assert "corrected 1.000 for 5 questions in each of 100000 views" in content["why"]
    view.close()


def test_categories_of_a_selection_pay_for_the_views(shown):
    codes = np.repeat([0, 1], [10, 90])
    rows = np.arange(0, 8)
    one, many = (over_represented(codes, ["a", "b"], rows, looks=n)[0] for n in (1, 50))
    assert many.high > one.high
    assert many.ratio == one.ratio
    do(shown, "lasso", 0, [-99, 99, 99, -99], [-99, -99, 99, 99], False)
    assert shown.looks == 1


def test_one_embedding_has_no_verdicts_but_counts(three):
    view = rv.explore(three["plain"][0], k=3, layout="pca")
    view.k = 5
    assert views(view) == "1 of 2 views"
    assert all(not one["verdict"] for one in view.screen.strip["rows"][0]["cells"])
    view.close()


# What keeps it


def test_code_and_figures_keep_the_number(shown, three, tmp_path):
    shown.metric = "cosine"
    shown.k = 5
    assert shown.code().splitlines()[-1] == "view.looks = 3"
    scope = {"rv": rv, "spaces": three}
    exec(shown.code(), scope)
    again = scope["view"]
    assert again.looks == 3
    assert again.screen.strip == shown.screen.strip
    again.k = 7
    assert again.looks == 4
    assert shown.snapshot().layout.meta["call"]["arguments"]["looks"] == 3
    rv.save(shown.snapshot(), tmp_path / "maps.json")
    figure = rv.replay(tmp_path / "maps.manifest.json", three)
    assert figure.layout.meta["call"]["arguments"]["looks"] == 3
    again.close()


@pytest.mark.parametrize("count", [0, -1, 1.5, "3", True])
def test_a_number_that_is_none_is_refused(shown, count):
    with pytest.raises((TypeError, ValueError), match=r"^`looks` must be"):
        shown.looks = count
    assert shown.looks == 1


def test_a_page_goes_on_from_the_number(shown, three, tmp_path):
    shown.k = 5
    assert settings_of(shown._view)["looks"] == 2  # of a page from the menu
    file = rv.export_html(three, tmp_path / "page.html", k=3, layout="pca", looks=7)
    assert re.search(r'"looks":7[,}]', file.read_text("utf-8"))
    with pytest.raises(ValueError, match=r"^`looks` must be"):
        rv.export_html(three, tmp_path / "page.html", k=3, layout="pca", looks=0)
