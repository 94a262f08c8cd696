"""The report: its words against a table, its page as a document, its files as data."""

import base64
import html
import io
import re
from dataclasses import replace
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from pages import HOSTILE, Document, N, space

import refnet_viz as rv
from refnet_viz import plot
from refnet_viz.graph import (
    attribute,
    compare,
    edge_diff,
    knn,
    label_edges,
    measures_over_seeds,
    rewiring,
    weighted_neighbors,
)
from refnet_viz.graph.weighted import SPACE
from refnet_viz.plot.narrow import fitted
from refnet_viz.plot.page import source_hash
from refnet_viz.share import markup, overview
from refnet_viz.share.answers import beside_best_modality
from refnet_viz.share.findings import beside_rails, findings, like_permuted
from refnet_viz.share.material import REACH, Material
from refnet_viz.share.reporting import MOST_MARKS, picture
from refnet_viz.share.sections import SECTIONS


@pytest.fixture(scope="module")
def spaces():
    return {name: [space(name, s) for s in range(3)] for name in ("plain", "both")}


@pytest.fixture(scope="module")
def written(spaces, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert rv.report(spaces, path, k=4, progress=False) == path
    return path.read_text("utf-8")


def files(document):
    """Return the tables that a page's links hold."""
    found = {}
    for link in document.every("a"):
        if "download" in link:
            kind, _, content = link["href"].partition(";base64,")
            assert kind == "data:text/csv"
            found[link["download"]] = base64.b64decode(content).decode()
    return found


def frame(content):
    return pd.read_csv(io.StringIO(content), keep_default_na=False, na_values=[""])


# The words


def row(metric, variant, verdict, **more):
    usual = {
        "kind": "variant",
        "better": "higher",
        "difference": 0.1,
        "diff_low": 0.05,
        "diff_high": 0.15,
        "holm": 0.5,
        "mean": 0.7,
        "low": 0.6,
        "high": 0.8,
        "null_low": 0.2,
        "null_high": 0.3,
    }
    return {"metric": metric, "variant": variant, "verdict": verdict} | usual | more


@pytest.fixture
def table():
    base = {"difference": np.nan, "diff_low": np.nan, "diff_high": np.nan}
    found = pd.DataFrame(
        [
            row("purity", "plain", "baseline", low=0.3, high=0.5, mean=0.4, **base),
            row("purity", "both", "higher", holm=0.01),
            row(
                "purity",
                "sum",
                "higher",
                kind="rail",
                mean=0.55,
                low=np.nan,
                high=np.nan,
            ),
            row("hubness", "plain", "baseline", better="lower", **base),
            row("hubness", "both", "higher", better="lower"),
            row("clustering", "plain", "baseline", better="", **base),
            row("clustering", "both", "lower", better="", difference=-0.1),
            row("accuracy", "plain", "baseline", **base),
            row("accuracy", "both", "inside noise", mean=0.25, low=0.1, high=0.5),
            row("accuracy", "a only", "lower", kind="rail", mean=0.2),
            row("accuracy", "concatenation", "higher", kind="rail", mean=0.65),
        ]
    )
    found.attrs = {"confidence": 0.95, "baseline": "plain", "k": 5}
    found.attrs["rails"] = [
        {"metric": metric, "variant": variant, "verdict": verdict}
        for metric, variant, verdict in (
            ("purity", "plain", "lower"),
            ("purity", "both", "higher"),
            ("accuracy", "plain", "inside noise"),
            ("accuracy", "both", "lower if it were the only question"),
        )
    ]
    return found


def test_findings_go_both_ways_and_say_what_does_not_help(table):
    assert [(f.kind, f.points) for f in findings(table)] == [
        ("better", ("purity +0.100 [+0.050, +0.150]",)),
        ("worse", ("hubness +0.100 [+0.050, +0.150]",)),
        ("other", ("clustering",)),
        ("inside", ("accuracy",)),
    ]
    assert {f.subject for f in findings(table)} == {"both"}


def test_that_nothing_is_better_is_said(table):
    inside = table.assign(verdict=table["verdict"].replace("higher", "lower"))
    found = {f.kind: f.points for f in findings(inside[inside.metric == "purity"])}
    assert found == {"better": (), "worse": ("purity +0.100 [+0.050, +0.150]",)}


def test_one_seed_is_not_judged(table):
    alone = table.assign(verdict="cannot tell: 1 seed", diff_low=np.nan)
    alone = alone[table["verdict"] != "baseline"]
    assert [f.kind for f in findings(alone)] == ["unknown"]


def test_rails_that_answer_are_compared_by_the_rule_of_verdicts(table):
    assert beside_rails(table) == [
        "purity: the best rail is sum (0.550); behind a rail: plain; "
        "ahead of every rail: both.",
        "accuracy: the best rail is concatenation (0.650); not told apart from the "
        "rails: plain; behind a rail if it were the only question: both.",
    ]
    table.attrs.pop("rails")  # of an earlier version: bands do not tell differences
    assert beside_rails(table) == []


def test_where_lower_is_better_the_best_rail_is_the_lowest(table):
    log = table[table.metric == "accuracy"].assign(metric="mae", better="lower")
    log.attrs["rails"] = [
        {"metric": "mae", "variant": "plain", "verdict": "lower"},
        {"metric": "mae", "variant": "both", "verdict": "cannot tell: 1 seed"},
    ]
    assert beside_rails(log) == [
        "mae: the best rail is a only (0.200); ahead of every rail: plain; "
        "cannot tell: 1 seed: both."
    ]


def test_means_among_permuted_labels_are_named(table):
    assert like_permuted(table) == ["both in accuracy"]


def test_the_answers_have_the_numbers_of_the_tables(written, spaces):
    answers = dict(
        re.findall(r'<section id="(\w+)".*?class="answer">(.*?)</p>', written)
    )
    graphs = knn(spaces, 4)
    table = compare(graphs)
    mine = table[table["variant"] == "both"].set_index("metric")
    assert answers["comparison"].count("luck alone") == 1
    first = html.escape(beside_best_modality(table))
    assert first
    assert answers["comparison"].startswith(first)
    assert f"{mine.loc['overlap with sum', 'mean']:.0%} (both)" in answers["overlaps"]
    chance = f"chance {mine.loc['overlap with sum', 'chance']:.0%}"
    assert chance in answers["overlaps"]
    change = rewiring(graphs["plain"][0], graphs["both"][0]).mean()
    noise = np.mean([rewiring(*p).mean() for p in combinations(graphs["plain"], 2)])
    assert f"neighbourhoods {change:.2f} change" in answers["rewiring"]
    assert f"two seeds of plain {noise:.2f}" in answers["rewiring"]
    emergent = [
        attribute(seeds[0]).patterns.set_index("pattern").loc["emergent", "share"]
        for seeds in graphs.values()
    ]
    assert f"{1 - emergent[1]:.0%} (both)" in answers["attribution"]
    assert answers["bound"].startswith("0 of ")
    nulls = {"responsibility": "shuffled", "spectrum": "mean of all points 1"}
    for key, null in nulls.items():
        assert null in answers[key]


def test_more_is_folded_below_each_answer(written):
    sections = re.findall(r"<section .*?</section>", written)
    assert len(sections) == len(SECTIONS) + 1
    for section in sections[:-2]:  # no runs, so no training
        before, _, behind = section.partition("<details>")
        assert before.count('<p class="answer">') == 1
        assert before.count("<figure>") == 1
        assert "download=" in behind
        assert "<table" not in before


# The page as a document


def test_the_page_is_one_file_without_script_or_network(written):
    document = Document(written)
    policy = document.every("meta")[1]
    style = re.search(r"<style>(.*?)</style>", written, re.DOTALL)[1]
    assert policy["content"] == (
        "default-src 'none'; img-src data:; style-src "
        f"'{source_hash(style)}'; base-uri 'none'; form-action 'none'"
    )
    tags = {tag for tag, *_ in document.elements}
    assert not tags & {"script", "link", "iframe", "object", "svg", "form"}
    for _, attrs, _ in document.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            assert attrs.get(name, "#").startswith(("data:", "#"))
    assert "url(" not in style
    assert "@import" not in style


def test_landmarks_headings_and_names(written):
    document = Document(written)
    tags = [tag for tag, *_ in document.elements]
    for tag in ("header", "nav", "main", "footer", "h1", "title"):
        assert tags.count(tag) == 1, tag
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [a["id"] for _, a, _ in document.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attrs, _ in document.elements:
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in ids
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids
    links = [a["href"] for a in document.every("a") if a["href"].startswith("#")]
    assert links[1:] == [f"#{name}" for name in ids if not name.endswith("-title")]
    assert document.every("html")[0]["lang"] == "en"


def test_every_figure_and_table_is_described(written):
    document = Document(written)
    images = document.every("img")
    assert len(images) == 9  # one a section but training, and every metric
    slim = document.every("source")
    assert len(slim) == 8  # what is folded away has one width
    assert {image["media"] for image in slim} == {"(max-width: 620px)"}
    assert len({image["alt"] for image in images}) == len(images)
    assert all(len(image["alt"]) > 30 for image in images)
    tags = [tag for tag, *_ in document.elements]
    assert tags.count("figcaption") == tags.count("figure") == len(images)
    assert tags.count("caption") == tags.count("table")
    assert {a["scope"] for a in document.every("th")} == {"col", "row", "rowgroup"}
    # What scrolls by itself is reached by keyboard and has a name.
    scrolled = [a for a in document.every("div") if a.get("class") == "table"]
    assert scrolled
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in scrolled)


def luminance(color):
    parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_writing_has_the_contrast_of_wcag_aa(mode):
    found = dict(re.findall(r"--(\w+): (#\w+)", markup.colors(mode)))
    for name in ("text", "muted", "link", "good", "bad"):
        for ground in ("paper", "raised"):
            pair = sorted([luminance(found[name]), luminance(found[ground])])
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (name, ground)


# What it shows


def compared(spaces):
    """Return the table of a report: with the weighted graph of both modalities."""
    weighted = weighted_neighbors(spaces["plain"][0], 4, candidates=REACH)
    return compare(knn(spaces, 4), rails={SPACE: weighted})


def test_the_table_is_that_of_compare(written, spaces):
    table = compared(spaces)
    body = written[written.index('id="comparison"') :]
    body = body[: body.index("</section>")]
    rows = re.findall(r"<tr>(.*?)</tr>", body)[1:]
    assert len(rows) == len(table)
    for line, record in zip(rows, table.to_dict("records"), strict=True):
        cells = [
            html.unescape(c) for c in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line)
        ]
        name, mean = cells[-9:][:2]
        assert name.removesuffix(" (rail)") == record["variant"]
        assert mean == overview.number(record["mean"])
        verdict = record["verdict"] if isinstance(record["verdict"], str) else ""
        assert cells[-4].partition(":")[0] == verdict.partition(":")[0]
    assert "inside noise" in body


def test_the_words_on_top_are_those_of_the_table(written, spaces):
    said = Document(written).text
    for finding in findings(compared(spaces)):
        assert f"{finding.words}: {', '.join(finding.points) or 'nothing'}." in said
    assert "both beside plain" in said


def test_bands_over_seeds_of_edges_and_measures(written, spaces):
    found = files(Document(written))
    graphs = knn(spaces, 4)
    table = frame(found["edges and labels.csv"])
    expected = label_edges({name: attribute(runs) for name, runs in graphs.items()})
    assert set(table["seeds"]) == {3}
    for column in ("edges", "excess", "low", "high"):
        np.testing.assert_allclose(table[column], expected[column], rtol=1e-4)
    assert "over seeds and points" in Document(written).text
    measures = frame(found["point measures.csv"])
    over_seeds = measures_over_seeds(graphs)
    for name in ("pagerank", "core", "clustering"):
        for end in ("seed low", "seed high", "above", "below"):
            title = f"{name} {end}"
            np.testing.assert_allclose(measures[title], over_seeds[title], rtol=1e-4)
        np.testing.assert_allclose(measures[f"{name} mean"], over_seeds[name], 1e-4)
    rows = over_seeds[over_seeds["variant"] == "plain"]
    share = (rows["clustering above"] == 3).mean()
    said = Document(written).text
    assert f"the clustering of {share:.0%} (plain) and " in said
    assert (
        "Above what random graphs of the same degrees have, in all seeds, lie" in said
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_no_band_in_the_report(spaces, tmp_path, seeds):
    few = {"plain": spaces["plain"][:seeds]}
    text = Document(
        rv.report(few, tmp_path / "few.html", k=4, progress=False).read_text("utf-8")
    ).text
    words = f"{seeds} seed{'s' * (seeds > 1)}: no band"
    assert f"(by chance at most 2.5%; {words})" in text
    assert text.count(words) > 3
    assert ("over points (1 seed: no band over seeds)" in text) == (seeds == 1)


def test_the_data_of_each_figure_can_be_saved(written, spaces):
    found = files(Document(written))
    graphs = knn(spaces, 4)
    before, after = graphs["plain"][0], graphs["both"][0]
    table = frame(found["comparison.csv"])
    np.testing.assert_allclose(table["mean"], compared(spaces)["mean"], rtol=1e-5)
    edges = frame(found["rewiring both edges.csv"])
    pd.testing.assert_frame_equal(
        edges.astype(str), edge_diff(before, after).frame().astype(str)
    )
    points = frame(found["rewiring both points.csv"])
    np.testing.assert_allclose(points["rewiring"], rewiring(before, after), rtol=1e-5)
    maps = frame(found["maps.csv"])
    assert maps.groupby("variant").size().to_dict() == {"plain": N, "both": N}
    assert {*found} >= {
        "overlaps.csv",
        "edge patterns.csv",
        "edges and labels.csv",
        "point measures.csv",
        "bound both.csv",
        "responsibility.csv",
        "spectrum.csv",
    }


def test_data_that_a_spreadsheet_would_compute_is_marked_on_request(tmp_path):
    spaces = {"=1+2": space("plain", 0), "both": space("both", 0)}
    marked = {}
    for safe in (False, True):
        path = rv.report(spaces, tmp_path / "r.html", k=4, safe=safe, progress=False)
        every = files(Document(path.read_text("utf-8")))
        marked[safe] = pd.read_csv(io.StringIO(every["comparison.csv"]))
    assert "=1+2" in set(marked[False].variant)
    assert set(marked[True].variant) >= {"'=1+2", "both"}
    assert not marked[True].variant.str.startswith("=").any()
    numbers = ["mean", "low", "high", "null_low"]
    pd.testing.assert_frame_equal(marked[True][numbers], marked[False][numbers])
    with pytest.raises(TypeError, match="`safe` must be a bool"):
        rv.report(spaces, tmp_path / "r.html", safe="yes")


def test_pictures_are_those_of_the_figures(written, spaces):
    material = Material(spaces, None, None, 4, "plain", "auto")
    images = [image["src"] for image in Document(written).every("img")]
    drawn = {section.key: section.draw for section in SECTIONS}
    slim = [image["srcset"] for image in Document(written).every("source")]
    for key, place in (("comparison", 0), ("rewiring", 2), ("spectrum", 6)):
        figure = drawn[key](material)[0].figure
        assert images[place + (place > 0)] == picture(figure, 960)[0]
        assert slim[place] == picture(fitted(figure, 360), 360)[0]


def test_pictures_follow_the_system_and_keep_their_text():
    figure = plot.latent(many(600), layout="pca")
    drawing = base64.b64decode(picture(figure, 400)[0].partition(",")[2]).decode()
    assert "prefers-color-scheme: dark" in drawing
    assert "fill: var(--rv-1,#1f2328)" in drawing
    assert "coloured by label" in drawing
    light = plot.latent(many(600), layout="pca", mode="light")
    drawing = base64.b64decode(picture(light, 400)[0].partition(",")[2]).decode()
    assert "var(" not in drawing


@pytest.mark.parametrize("more", [0, 1])
def test_many_marks_are_drawn_in_pixels(more):
    figure = plot.latent(many(MOST_MARKS + more), layout="pca")
    drawing = base64.b64decode(picture(figure, 400)[0].partition(",")[2]).decode()
    assert ("image/webp" in drawing) == bool(more)
    assert (drawing.count("<path") < MOST_MARKS) == bool(more)


def many(count):
    points = np.random.default_rng(0).normal(size=(count, 3))
    return rv.Embedding.from_arrays(points, labels=np.zeros(count, int))


def test_what_cannot_be_drawn_says_why(tmp_path):
    alone = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(20, 3)))
    path = tmp_path / "alone.html"
    rv.report(alone, path, k=3, progress=False)
    said = Document(path.read_text("utf-8")).text
    assert "Left out: there is only one variant." in said
    assert "Left out: `spaces` must have modalities to compare with, got none." in said
    assert "Left out: `graphs` must have modalities to attribute to, got none." in said
    assert "Left out: no runs were given." in said
    assert "embedding is the only variant, so nothing is compared." in said
    assert "inside noise" not in said


def test_training_rows_are_owned_up_to(spaces, tmp_path):
    seen = replace(spaces["plain"][0], held_out=np.arange(N) > 14)
    with pytest.warns(UserWarning, match="50% of the points were trained on"):
        rv.report(seen, tmp_path / "seen.html", k=3, progress=False)
    said = Document((tmp_path / "seen.html").read_text("utf-8")).text
    assert "Up to 50% of these points were trained on, which flatters the runs." in said


@pytest.mark.torch
def test_runs_and_data_add_training_and_linear_models(tmp_path, make_paired, small):
    data = make_paired()
    runs = {
        "plain": rv.fit(data, replace(small, refiner=0.0), seed=0, progress=False),
        "refiner": rv.fit(data, small, seed=0, progress=False),
    }
    path = tmp_path / "trained.html"
    rv.report(runs, path, k=3, data=data, progress=False, mode="dark")
    document = Document(path.read_text("utf-8"))
    assert "history.csv" in files(document)
    assert "concatenation (rail)" in document.text
    assert f"Dataset paired ({data.fingerprint}): 24 test, 72 train, 24 val" in (
        document.text
    )
    heads = [
        t for t in document.said if t in {"refiner", "epochs", "cannot tell: 1 seed"}
    ]
    assert heads.count("cannot tell: 1 seed") > 5
    assert "Cannot tell from noise: too few seeds or points" in document.text
    assert document.every("html")[0]["class"] == "rv-dark"


def test_a_saved_comparison_is_read(spaces, written, tmp_path):
    folder, path = tmp_path / "saved", tmp_path / "report.html"
    rv.save(spaces, folder)
    rv.report(str(folder), path, k=4, progress=False)
    assert path.read_text("utf-8") == written


def test_words_from_data_stay_words(tmp_path):
    spaces = {name: space(name, 0, strange=True) for name in ("plain", HOSTILE[0])}
    path = tmp_path / "hostile.html"
    rv.report(spaces, path, k=3, title=HOSTILE[1], progress=False)
    page = path.read_text("utf-8")
    document = Document(page)
    tags = {tag for tag, *_ in document.elements}
    assert "script" not in tags
    assert not [a for a in document.every("img") if not a["src"].startswith("data:")]
    assert f"{HOSTILE[0]} beside plain" in document.text
    assert document.said.count(HOSTILE[1]) == 2  # title and heading
    for image in document.every("img"):
        kind, _, content = image["src"].partition(";base64,")
        if kind == "data:image/svg+xml":
            parts = [*ElementTree.fromstring(base64.b64decode(content)).iter()]
            assert not {p.tag.rpartition("}")[2] for p in parts} & {"script", "img"}
            assert not [k for p in parts for k in p.attrib if k.startswith("on")]


# The file


def test_the_same_values_give_the_same_bytes(spaces, written, tmp_path):
    path = tmp_path / "again.html"
    rv.report(spaces, path, k=4, progress=False)
    assert path.read_text("utf-8") == written


def test_a_report_appears_whole_or_not_at_all(spaces, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fails(*_, **__):
        raise MemoryError

    monkeypatch.setattr(markup, "page", fails)
    with pytest.raises(MemoryError):
        rv.report(spaces["plain"][0], path, k=3, progress=False)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"path": "report.pdf"}, "`path` must end in '.html', got 'report.pdf'."),
        (
            {"k": 30},
            "`k` must be between 1 and 29 (the number of other points), got 30.",
        ),
        ({"mode": "dim"}, "`mode` must be one of 'light', 'dark', 'auto', got 'dim'."),
        (
            {"baseline": "best"},
            "`baseline` must be one of 'plain', 'both', got 'best'.",
        ),
        ({"data": 3}, "`data` must be a Dataset, got int."),
        (
            {"spaces": {"plain": 3}},
            "`spaces['plain']` must hold Embedding values or arrays (rows, features), "
            "got int.",
        ),
        (
            {"spaces": "no such folder"},
            "`folder` must hold a saved comparison (comparison.json), "
            "got 'no such folder'.",
        ),
        (
            {"path": "no such folder/report.html"},
            "`path` must lie in a folder that exists, got 'no such "
            "folder/report.html'.",
        ),
    ],
)
def test_errors_are_one_sentence(spaces, change, sentence):
    given = {"spaces": spaces, "path": "report.html", "progress": False} | change
    kind = (TypeError, ValueError, OSError)
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        rv.report(**given)
