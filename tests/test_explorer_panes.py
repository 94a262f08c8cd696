"""The strip, the pane and the pictures of the explorer, against other computations."""

import json

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from exploring import (
    HOSTILE,
    N,
    cell,
    do,
    embedding,
    flat,
    graph,
    key,
    lasso,
    members,
    titles,
)
from scipy import stats

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.explorer import panes, picture
from refnet_viz.explorer.picture import arguments_of
from refnet_viz.graph import METRICS, Metric, knn, rewiring
from refnet_viz.graph.points import in_degree
from refnet_viz.plot.rewiring import chance_rewiring
from refnet_viz.plot.text import middle

# The metric strip


def test_strip_of_the_whole(view, spaces):
    g = graph(spaces, "both")
    headlines = [name for name, metric in METRICS.items() if metric.headline]
    columns = [column["name"] for column in view.screen.strip["columns"]]
    assert columns[:-1] == [name.replace("_", " ") for name in headlines]
    for name in headlines:
        shown = cell(view, name.replace("_", " "), "both")
        assert shown["whole"] == f"{METRICS[name].function(g):.2f}"
        assert shown["nulls"] == [f"chance {METRICS[name].chance(g):.2f}"]
        assert shown["selected"] == ""
    changed = cell(view, "rewiring from plain", "both")
    expected = rewiring(graph(spaces, "plain"), g).mean()
    noise = rewiring(graph(spaces, "plain", 0), graph(spaces, "plain", 1)).mean()
    assert changed["whole"] == f"{expected:.2f}"
    assert changed["nulls"] == [
        f"chance {chance_rewiring(3, 3, N):.2f}",
        f"two seeds {noise:.2f}",
    ]
    assert cell(view, "rewiring", "plain")["nulls"] == ["this is the baseline"]
    assert cell(view, "rewiring", "plain")["whole"] == "–"


def isolated_share(neighbors):
    """Return the share of points that are nobody's neighbour."""
    return float(np.mean(in_degree(neighbors) == 0))


@pytest.mark.parametrize("headline", [True, False])
def test_a_new_metric_is_compared_drawn_and_in_the_strip(monkeypatch, spaces, headline):
    metric = Metric(
        isolated_share,
        "share of points that are nobody's neighbour",
        (0, 1),
        chance=lambda _: 0.25,
        headline=headline,
    )
    monkeypatch.setitem(METRICS, "isolated_share", metric)
    table = rv.compare(knn(spaces, 3), permutations=0)
    rows = table[(table.metric == "isolated_share") & (table.variant == "both")]
    expected = isolated_share(graph(spaces, "both"))
    assert rows["chance"].tolist() == [0.25]
    titles_of = [note.text for note in rv.plot.compare(table).layout.annotations]
    assert any("isolated share" in text for text in titles_of)
    made = rv.explore(spaces, k=3, layout="pca")
    names = [column["name"] for column in made.screen.strip["columns"]]
    assert ("isolated share" in names) is headline
    if headline:
        assert cell(made, "isolated share", "both")["whole"] == f"{expected:.2f}"
        assert cell(made, "isolated share", "both")["nulls"] == ["chance 0.25"]
    made.close()


def band(numbers, low=0.0, high=1.0):
    """Mean over seeds and the 95 % interval of the mean, by Student's t."""
    count = len(numbers)
    if count < 3:  # two seeds span an interval wider than most quantities
        return f"{count} seeds {', '.join(f'{number:.2f}' for number in numbers)}"
    mean, error = np.mean(numbers), np.std(numbers, ddof=1) / np.sqrt(count)
    reach = stats.t.ppf(0.975, count - 1) * error
    ends = np.clip([mean - reach, mean + reach], low, high)
    return f"{count} seeds {mean:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"


def purities(spaces, variant, rows):
    return [
        np.mean(
            [
                np.mean(
                    [run.labels[j] == run.labels[i] for j in knn(run, 3).indices[i]]
                )
                for i in rows
            ]
        )
        for run in spaces[variant]
    ]


@pytest.mark.parametrize(("variant", "count"), [("plain", 2), ("both", 3)])
def test_bands_over_seeds(view, spaces, variant, count):
    assert len(spaces[variant]) == count
    shown = cell(view, "purity", variant)
    assert shown["band"] == band(purities(spaces, variant, range(N)))
    assert shown["selectedBand"] == ""
    rows = [0, 1, 2, 3]
    view.select([f"p{i}" for i in rows])
    shown = cell(view, "purity", variant)
    assert shown["band"] == band(purities(spaces, variant, range(N)))
    assert shown["selectedBand"] == band(purities(spaces, variant, rows))
    own = purities(spaces, variant, rows)[0]
    assert shown["selected"] == f"{own:.2f}"
    assert view.screen.strip["caption"] == (
        "24 points, 4 selected (second number); brackets: mean over seeds, 95% interval"
    )


def test_bands_of_one_seed_are_not_made_up(spaces):
    alone = rv.explore({k: v[0] for k, v in spaces.items()}, k=3, layout="pca")
    assert alone.screen.strip["caption"] == "24 points"
    assert cell(alone, "purity", "both")["band"] == ""
    assert cell(alone, "rewiring", "both")["nulls"][1] == "seed noise unknown: one seed"


def test_strip_of_a_selection(view, spaces):
    view.select(["p0", "p1", "p2", "p3"])
    g = graph(spaces, "both")
    rows = np.arange(4)
    assert cell(view, "purity", "both")["nulls"][0].endswith(", 0.30")  # 7 of 23 others
    assert cell(view, "accuracy", "both")["selected"] == "0.75"
    assert cell(view, "accuracy", "both")["nulls"] == ["chance 0.33, 0.50"]
    changed = rewiring(graph(spaces, "plain"), g)[rows].mean()
    assert cell(view, "rewiring", "both")["selected"] == f"{changed:.2f}"
    noise = rewiring(graph(spaces, "plain", 0), graph(spaces, "plain", 1))
    assert cell(view, "rewiring", "both")["nulls"][1] == (
        f"two seeds {noise.mean():.2f}, {noise[rows].mean():.2f}"
    )


# The pane


def test_hover_shows_a_point_with_its_neighbours(view, spaces):
    do(view, "hover", 0, 0)
    content = view.screen.detail
    g = graph(spaces, "plain")
    assert content["title"] == "p0 in plain"
    assert content["text"] == "text 0"
    assert content["picture"].startswith("data:image/png;base64,")
    assert content["facts"][0] == ["label", "ant", ""]
    assert content["facts"][1] == ["prediction", "bee ✗", "wrong"]
    assert [row["title"] for row in content["rows"]] == [f"p{i}" for i in g.indices[0]]
    same = [bool(g.labels[i] == g.labels[0]) for i in g.indices[0]]
    assert [row["same"] for row in content["rows"]] == same
    assert content["heading"] == (
        f"3 nearest in the latent space, {sum(same)} with its label"
    )
    do(view, "hover", 1, 0)  # the same point on the other map
    other = graph(spaces, "both").indices[0]
    assert [r["title"] for r in view.screen.detail["rows"]] == [f"p{i}" for i in other]
    assert view.screen.detail["title"] == "p0 in both"
    do(view, "hover", 1, -1)  # nowhere: what was said stays to be read
    assert view.screen.detail["title"] == "p0 in both"


def test_neighbours_in_every_other_space(view, spaces):
    do(view, "hover", 1, 4)
    own = set(graph(spaces, "both").indices[4])
    told = view.screen.detail["elsewhere"]
    for part, space in zip(told, ("image", "text", "sum"), strict=True):
        there = graph(spaces, "both", space=space).indices[4]
        shared = len(own & set(there))
        assert part["heading"] == f"in the {space} space, {shared} of 3 shared"
        assert [row["row"] for row in part["rows"]] == there.tolist()
        labels = spaces["both"][0].labels
        same = (labels[there] == labels[4]).tolist()
        assert [row["same"] for row in part["rows"]] == same


def test_neighbours_elsewhere_are_of_the_same_distance(view, spaces):
    view.metric = "cosine"
    do(view, "hover", 1, 4)
    for part, space in zip(
        view.screen.detail["elsewhere"], ("image", "text", "sum"), strict=True
    ):
        there = graph(spaces, "both", space=space, metric="cosine").indices[4]
        assert [row["row"] for row in part["rows"]] == there.tolist()


def test_selection_in_the_pane(view):
    view.select(["p0", "p3", "p1"])
    content = view.screen.detail
    assert content["title"] == "3 selected"
    assert content["facts"] == [["ant", "2", ""], ["bee", "1", ""]]
    assert [row["title"] for row in content["rows"]] == ["p0", "p1", "p3"]
    view.select(["p5"])
    assert view.screen.detail["title"] == "p5 in plain"


def test_every_neighbour_is_listed(view):
    view.k = 23
    do(view, "hover", 0, 0)
    content = view.screen.detail
    assert [len(content["rows"]), content["more"]] == [23, ""]
    assert [len(part["rows"]) for part in content["elsewhere"]] == [23] * 3


def test_long_lists_say_what_is_left_out(view, monkeypatch):
    monkeypatch.setattr(panes, "MOST_NEIGHBORS", 20)
    view.k = 23
    do(view, "hover", 0, 0)
    assert len(view.screen.detail["rows"]) == 20
    assert view.screen.detail["more"] == "20 of 23 shown"
    view.select([f"p{i}" for i in range(21)])
    do(view, "clear")
    view.select([f"p{i}" for i in range(21)])
    assert view.screen.detail["more"] == "20 of 21 shown"


def test_every_term_of_strip_and_pane_has_a_sentence(refined):
    view = rv.explore(refined, k=3, layout="pca")
    for column in view.screen.strip["columns"]:
        assert "is better" in column["tip"], column
        assert "chance" in column["tip"].lower(), column
    do(view, "hover", 1, 0)
    content = view.screen.detail
    terms = view.screen.terms
    assert terms == view.screen.terms == view.screen.terms
    shown = [fact[0] for fact in content["facts"][content["answers"] :]]
    ours = [name for name in shown if name not in {"kind", "size"}]  # the data's own
    assert len(ours) == 5
    for name in ours:
        assert name.split(" from ")[0].split(": ")[0] in terms, name
    assert all(sentence.endswith(".") for sentence in terms.values())


def test_answers_are_the_first_facts(view):
    do(view, "hover", 0, 0)
    content = view.screen.detail
    names = [fact[0] for fact in content["facts"]]
    assert names[: content["answers"]] == ["label", "prediction"]
    assert "purity" in names[content["answers"] :]


# Pictures and text


def test_snapshot_is_a_plain_figure(view, spaces):
    view.edges, view.color = "gained", "kind"
    view.select(["p1", "p4"])
    figure = view.snapshot()
    assert isinstance(figure, go.Figure)
    assert not isinstance(figure, go.FigureWidget)
    layout = figure.to_dict()["layout"]
    assert "sendChartToCloud" in layout["modebar"]["remove"]
    drawn = [trace for trace in figure.data if trace.customdata is not None]
    told = [sorted(trace.customdata.tolist()) for trace in drawn]
    others = sorted({f"p{i}" for i in range(N)} - {"p1", "p4"})
    assert told == [others, ["p1", "p4"]] * 2  # the context first, below
    assert drawn[1].x.tolist() == flat(view)[[1, 4], 0].tolist()
    assert drawn[1].y.tolist() == flat(view)[[1, 4], 1].tolist()
    text = json.dumps(layout)
    assert "plain, seed 0" in text
    assert "both, seed 0" in text
    assert "gained edges that touch the selection" in text
    call = layout["meta"]["call"]
    assert call["figure"] == "explorer"
    told = {
        name: value for name, value in call["arguments"].items() if name != "spaces"
    }
    assert told == json.loads(json.dumps(arguments_of(view._view)))
    assert layout["meta"]["selection"] == ["p1", "p4"]
    assert layout["meta"]["alt"].startswith("Map of plain, seed 0: 24 points, 2 sel")


@pytest.mark.parametrize("suffix", ["pdf", "png", "svg", "html", "json"])
def test_what_is_shown_can_be_saved(view, tmp_path, suffix):
    view.edges, view.color = "by modality", "rewiring"
    lasso(view, [1, 2])
    rv.save(view.snapshot(), tmp_path / f"map.{suffix}")
    assert (tmp_path / f"map.{suffix}").stat().st_size > 1_000


def test_a_snapshot_is_replayed(view, spaces, tmp_path):
    """The manifest beside a picture makes the same one again, its focus included."""
    view.variant, view.seed = "both", 2
    view.space, view.weights = "sum", {"image": 2, "text": 0.5}
    view.edges, view.color = "by modality", "rewiring"
    lasso(view, [1, 2], panel=1)
    rv.save(view.snapshot(), tmp_path / "map.json")
    again = rv.replay(tmp_path / "map.manifest.json", spaces)  # it would warn
    assert "both, seed 2" in json.dumps(again.to_plotly_json()["layout"], default=list)


def test_a_snapshot_shows_the_colours_of_the_page(view):
    view.select(["p2"])
    others, selected, *_ = (t for t in view.snapshot().data if t.mode == "markers")
    assert selected.customdata.tolist() == ["p2"]
    color = view.screen.colors["styles"][2][0]
    assert _shown(selected) == color
    assert _shown(others) != color


def _shown(trace):
    marker = trace.marker
    if marker.colorscale is None:
        return marker.color
    share = (marker.color[0] - marker.cmin) / (marker.cmax - marker.cmin)
    return max(step for step in marker.colorscale if step[0] <= share)[1]


def test_a_cell_keeps_a_picture(view, monkeypatch):
    shown = []
    for room in ("explorer", "meanwhile"):
        monkeypatch.setattr(
            f"refnet_viz.widgets.{room}.display", lambda what, **_: shown.append(what)
        )
    view._ipython_display_()
    live, still = shown
    told = live.pop("application/vnd.jupyter.widget-view+json")
    assert told["model_id"] == view.widget.model_id
    assert live == {"text/plain": ""}
    assert '<img class="rv-static" alt="Map of plain, seed 0: 24' in still["text/html"]
    assert "base64,iVBORw0KGgo" in still["text/html"]  # a PNG
    assert still["text/plain"].startswith("Map of plain, seed 0: 24 points")
    assert "Map of both, seed 0: 24 points" in still["text/plain"]


def test_summary_says_what_cannot_be_seen(view):
    view.edges, view.color = "gained", "rewiring"
    view.select(["p1", "p2"])
    told = view.screen.texts["panels"][1]["summary"]
    assert told.startswith(
        "Map of both, seed 0: 24 points, 2 selected, coloured by rewiring from plain; "
        "latent space, 45 % + 36 % of the variance ("
    )
    assert "; PCA, turned, trustworthiness " in told
    assert " gained edges that touch the selection, names: words " in told


def test_hostile_text_stays_text():
    spaces = {
        HOSTILE[0]: embedding(
            "a",
            0,
            ids=[f"{HOSTILE[i % 3]}{i}" for i in range(N)],
            class_names=HOSTILE,
            metadata=pd.DataFrame({HOSTILE[1]: [HOSTILE[2]] * N}),
            media=Media((), HOSTILE * (N // 3)),
            modalities={
                name: np.random.default_rng(i).normal(size=(N, 2))
                for i, name in enumerate(HOSTILE[:2])
            },
        )
    }
    view = rv.explore(spaces, k=3, layout="pca", color=HOSTILE[1])
    assert key(view) == []  # one value needs no legend
    view.color, view.space, view.edges = "label", "sum", "by modality"
    view.weights = {HOSTILE[0]: 2, HOSTILE[1]: 0.5}
    view.select(list(spaces[HOSTILE[0]].ids[:3]))
    # The scripts of the page make text nodes; they are given the words as they are.
    assert key(view) == [HOSTILE[0], middle(HOSTILE[1], 32), HOSTILE[2]]
    assert titles(view) == [HOSTILE[0]]  # no other seed, no seed
    # plotly and pictures read a little HTML, so these get it escaped.
    figure = view.snapshot()
    texts = [figure.layout.title.text, *(a.text for a in figure.layout.annotations)]
    for trace in figure.data:
        hover = [] if trace.hovertext is None else trace.hovertext
        texts += [trace.name or "", *hover]
    assert any("&lt;script&gt;window.h" in text for text in texts)
    for text in [*texts, picture.still(view._view)[0]]:
        assert "<script" not in text
        assert "<img src=x" not in text
        assert "<b &" not in text
    # ipywidgets that read HTML are not used at all.
    every = members(view.widget)
    assert not [w for w in every if isinstance(w, W.HTML | W.HTMLMath)]
    assert not any(getattr(w, "description_allow_html", False) for w in every)
