"""The exported page without a browser: what it holds is what Python knows."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pages import HOSTILE, Document, N, space

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.explorer import panes, scripts
from refnet_viz.explorer.colors import coloring_of
from refnet_viz.explorer.embeddings import Key
from refnet_viz.explorer.store import Store
from refnet_viz.explorer.view import drawn_rows_of
from refnet_viz.graph.points import purity_chance_by_point, same_label
from refnet_viz.plot.page import source_hash
from refnet_viz.share import markup, page, payload
from refnet_viz.statistics import seed_band
from refnet_viz.widgets.screen import Screen

K = 4
STEPS = [1, 2, 3, 4, 5, 7]
NOTHING = np.empty(0, np.intp)


@pytest.fixture(scope="module")
def spaces():
    return {
        "plain": [space("plain", seed) for seed in range(3)],
        "both": [space("both", seed) for seed in range(2)],
    }


@pytest.fixture(scope="module")
def written(spaces, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert rv.export_html(spaces, path, k=K, layout="pca") == path
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def store(spaces):
    return Store.of(spaces, 2 * K)


def held(page):
    """Return what the script of a page reads."""
    found = re.search(
        r'<script type="application/json" id="payload">(.*?)</script>', page
    )
    return json.loads(found[1])


def export(tmp_path, spaces, **options):
    path = rv.export_html(spaces, tmp_path / "page.html", **{"layout": "pca"} | options)
    return path.read_text("utf-8")


def unpack(text, kind, *shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape or -1)


def places(content):
    """Return the runs of a page in its order."""
    return [
        (variant["name"], run)
        for variant in content["variants"]
        for run in variant["runs"]
    ]


# The page as a document


def test_the_policy_allows_this_script_and_style_only(written):
    document = Document(written)
    policy = document.every("meta")[1]
    style = re.search(r"<style>(.*?)</style>", written, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", written, re.DOTALL)[1]
    assert policy["content"] == (
        "default-src 'none'; img-src data:; style-src "
        f"'{source_hash(style)}'; script-src '{source_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [attrs.get("type") for attrs in document.every("script")] == [
        "application/json",
        None,
    ]
    for word in ("eval(", "new Function", "innerHTML", "insertAdjacent", "http://w3"):
        assert word not in script
    for _, attrs, _ in document.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        assert attrs.get("src", "data:").startswith("data:")
        assert "href" not in attrs


def test_without_script_there_is_a_picture_and_a_paragraph(written):
    document = Document(written)
    image = document.every("img")[0]
    assert image["src"].startswith("data:image/png;base64,")
    assert image["alt"].startswith(
        "Map of plain, seed 0: 30 points, coloured by label;"
    )
    assert "Map of both, seed 0" in image["alt"]
    assert "With JavaScript switched on" in document.text
    tags = [tag for tag, *_ in document.elements]
    for tag in ("h1", "header", "main", "footer", "noscript", "figcaption"):
        assert tags.count(tag) == 1, tag
    assert "hidden" in next(a for a in document.every("div") if a.get("id") == "app")


# What it holds


def test_graphs_and_places_are_those_of_the_atlas(written, store):
    content = held(written)
    assert (content["steps"], content["most"], content["k"]) == (STEPS, 7, K)
    assert [(n, r["seed"]) for n, r in places(content)] == [
        ("plain", "0"),
        ("plain", "1"),
        ("plain", "2"),
        ("both", "0"),
        ("both", "1"),
    ]
    for name, run in places(content):
        place = Key(name, int(run["seed"]), "latent")
        graph = store.graph(place, 7)
        found = unpack(run["neighbors"], "<u2", N, 7)
        assert np.array_equal(found, graph.indices)
        bits = np.unpackbits(unpack(run["same"], "u1"), count=N * 7).reshape(N, 7)
        assert np.array_equal(bits, same_label(graph))
        flat = store.layout(place, "pca").coordinates
        assert np.array_equal(unpack(run["x"], "<f4"), flat[:, 0])
        assert np.array_equal(unpack(run["y"], "<f4"), flat[:, 1])
        assert run["predictions"] == [[told] for told in graph.embedding.predictions]
        assert run["against"] == run["seed"]
    chance = purity_chance_by_point(store.graph(place, 7)).astype(np.float32)
    assert np.array_equal(unpack(content["purityChance"], "<f4"), chance)


def test_numbers_of_the_whole_are_those_of_the_explorer(written, store):
    content = held(written)
    for name, run in places(content):
        place = Key(name, int(run["seed"]), "latent")
        for k, cells in zip(STEPS, run["strip"], strict=True):
            family = store.every_seed(place, "plain", k)
            line = panes.StripLine(name, store.table(place, "plain", k), family)
            told = panes.strip_of([line], NOTHING, 0)
            whole = [{**content["rule"]["none"], **one} for one in cells]
            assert whole == told["rows"][0]["cells"]
            assert [c["name"] for c in content["columns"]] == [
                column["name"] for column in told["columns"]
            ]
    assert (
        "3 seeds" in run["strip"][0][0]["band"]
        or "2 seeds" in run["strip"][0][0]["band"]
    )
    assert [
        column["name"] for column in content["columns"] if "rewiring" in column
    ] == ["rewiring from plain"]


def test_bands_have_the_quantile_of_students_t(written):
    content = held(written)
    values = np.array([0.2, 0.5, 0.9])
    half = content["student"][3] * values.std(ddof=1) / np.sqrt(3)
    low, high = seed_band(values, 0.95)
    assert np.allclose([values.mean() - half, values.mean() + half], [low, high])


def test_maps_at_first_may_lack_the_seed_of_the_baseline(spaces, tmp_path):
    spaces = {"plain": spaces["plain"][0], "both": spaces["both"][1]}
    page = held(export(tmp_path, spaces, k=K, variants=["both"]))
    assert page["shown"] == ["both"]
    assert page["seed"] == "1"


def test_colours_are_those_of_the_explorer(written, store):
    content = held(written)
    assert [color["name"] for color in content["colors"]] == store.colors
    every = [
        store.table(Key(name, int(run["seed"]), "latent"), "plain", K)
        for name, run in places(content)
    ]
    for color in content["colors"]:
        if color["name"] in {"purity", "rewiring", "in-degree"}:
            assert set(color) == {"name"}  # the page works them out for any k
            continue
        meant, title = coloring_of(every, color["name"], "light")
        # Of responsibilities the page cuts what is very low, and counts it.
        lowest = color.get("lowest", -np.inf)
        assert color["title"] == (title if np.isinf(lowest) else title.rstrip(")"))
        assert color["names"] == list(meant.names)
        assert color["styles"] == [list(style) for style in meant.styles]
        kind = "<u2" if meant.names else "<f4"
        for i, values in enumerate(meant.values):
            column = color["columns"][i if len(color["columns"]) > 1 else 0]
            sent = np.maximum(unpack(column, kind), lowest).astype(kind)
            assert np.array_equal(sent, values.astype(kind))
    counts = {
        color["name"]: len(color.get("columns", [])) for color in content["colors"]
    }
    assert (counts["label"], counts["prediction"], counts["size"]) == (1, 5, 1)


def test_points_bring_their_words_and_pictures(written, spaces):
    content, first = held(written), spaces["plain"][0]
    assert content["ids"] == first.ids.tolist()
    assert content["texts"] == list(first.media.texts)
    assert content["labels"] == [[label] for label in first.labels]
    assert content["classes"] == ["ant", "bee", "cat"]
    assert [column["values"][0][1] for column in content["metadata"]] == [
        "square",
        "0.034482758620689655",
    ]
    picture = base64.b64decode(content["pictures"][7].partition(";base64,")[2])
    assert picture == first.media.pictures[7]


def test_pictures_can_stay_at_home(spaces, tmp_path):
    assert held(export(tmp_path, spaces, k=K, pictures=False))["pictures"] is None


def test_several_labels_a_point(tmp_path):
    own = space("plain", 0, multi=True)
    content = held(export(tmp_path, own, k=K))
    assert content["multi"] is True
    assert content["labels"][:3] == [[0], [0, 1], [0, 2]]
    assert content["variants"][0]["runs"][0]["predictions"][:2] == [[1], [1]]


def test_nothing_known_is_nothing_sent(tmp_path):
    bare = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(12, 3)))
    content = held(export(tmp_path, bare, k=20 // 2))
    for name in ("labels", "texts", "pictures", "purityChance"):
        assert content[name] is None
    run = content["variants"][0]["runs"][0]
    assert (run["same"], run["predictions"]) == (None, None)
    assert content["steps"] == [1, 2, 3, 5, 7, 10]
    # With nothing to compare it with, nothing is rewired.
    assert [color["name"] for color in content["colors"]] == ["label", "in-degree"]
    assert content["alone"] is True
    heads = [column["name"] for column in content["columns"]]
    assert heads == ["hubness", "reciprocity"]


def test_more_points_than_can_be_drawn_are_a_stated_sample(
    spaces, store, tmp_path, monkeypatch
):
    monkeypatch.setattr(payload, "MOST_POINTS", 12)
    page = export(tmp_path, spaces, k=K)
    content, drawn = held(page), drawn_rows_of(N, 12)
    assert (
        "30 points, neighbours in the latent space. 12 of them, drawn by chance, are"
        in page
    )
    assert (content["total"], content["count"]) == (N, 12)
    assert content["ids"] == [f"p{row}" for row in drawn]
    rows = [*drawn, *(row for row in range(N) if row not in drawn)]
    for name, run in places(content):
        graph = store.graph(Key(name, int(run["seed"]), "latent"), 7)
        found = unpack(run["neighbors"], "<u2", 12, 7)
        # Neighbours that are not drawn have numbers from 12 on.
        assert np.array_equal(np.array(rows)[found], graph.indices[drawn])
    assert "in-degree" not in [color["name"] for color in content["colors"]]
    # Numbers of the whole are those of all points.
    place = Key("plain", 0, "latent")
    line = panes.StripLine("plain", store.table(place, "plain", K), [])
    told = panes.strip_of([line], NOTHING, 0)["rows"][0]["cells"]
    sent = content["variants"][0]["runs"][0]["strip"][STEPS.index(K)]
    assert [cell["whole"] for cell in sent] == [cell["whole"] for cell in told]


def test_seeds_that_do_not_fit_stay_at_home_but_count(tmp_path, monkeypatch):
    monkeypatch.setattr(payload, "MOST_BYTES", 1)
    spaces = {
        "plain": [space("plain", seed) for seed in (0, 1)],
        "both": [space("both", seed) for seed in (1, 2)],
    }
    page = export(tmp_path, spaces, k=K)
    content = held(page)
    # Seed 1 of "both" is compared with seed 1 of "plain", so that comes along.
    assert [(n, r["seed"], r["against"]) for n, r in places(content)] == [
        ("plain", "0", "0"),
        ("plain", "1", "1"),
        ("both", "1", "1"),
    ]
    assert content["allSeeds"] is False
    assert "The first seed of each variant is shown; bands are those of all." in page
    assert content["variants"][1]["runs"][0]["strip"][0][1]["band"].startswith(
        "2 seeds"
    )


# Words from data


def test_words_from_data_stay_words(tmp_path):
    spaces = {name: space(name, 0, strange=True) for name in ("plain", HOSTILE[1])}
    spaces["plain"].info["dataset"] = HOSTILE[0]
    page = export(tmp_path, spaces, k=K)
    document = Document(page)
    assert len(document.every("script")) == 2
    assert len(document.every("img")) == 1
    content = held(page)
    assert content["ids"][:3] == list(HOSTILE)
    assert content["classes"] == list(HOSTILE)
    assert f"{HOSTILE[0]}: plain" in document.text
    sent = page[page.index('id="payload">') + 13 :]
    assert "<" not in sent[: sent.index("</script>")]


def test_half_a_surrogate_pair_comes_back_as_it_was():
    sent = payload.as_json({"id": "a\ud83d", "emoji": "\U0001f600"})
    assert json.loads(sent.encode().decode()) == {
        "id": "a\ud83d",
        "emoji": "\U0001f600",
    }


# The file


def test_the_same_values_give_the_same_bytes(spaces, written, tmp_path):
    assert export(tmp_path, spaces, k=K) == written


def test_emoji_with_pictures_takes_two_megabytes(tmp_path):
    data = rv.data.emoji().test
    rng = np.random.default_rng(0)
    spaces = {
        name: [
            replace(
                rv.Embedding.from_arrays(
                    rng.normal(size=(len(data), 8)),
                    ids=data.ids,
                    labels=data.labels,
                    class_names=data.class_names,
                    metadata=data.metadata,
                    media=Media(data.media.pictures, data.media.texts),
                ),
                predictions=rng.permutation(data.labels),
                info={"seed": seed},
            )
            for seed in range(3)
        ]
        for name in ("plain", "refiner", "contrastive", "both")
    }
    path = rv.export_html(spaces, tmp_path / "emoji.html", layout="pca")
    assert path.stat().st_size < 2_050_000  # asked: 8 MB
    assert len(held(path.read_text("utf-8"))["pictures"]) == len(data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"path": "page.svg"}, "`path` must end in '.html', got 'page.svg'."),
        (
            {"k": 30},
            "`k` must be between 1 and 29 (the number of other points), got 30.",
        ),
        ({"mode": "dim"}, "`mode` must be one of 'light', 'dark', 'auto', got 'dim'."),
        (
            {"baseline": "best"},
            "`baseline` must be one of 'plain', 'both', got 'best'.",
        ),
        (
            {"variants": ["plain", "best"]},
            "`variants` must be one of 'plain', 'both', got 'best'.",
        ),
        ({"variants": []}, "`variants` must be 1 to 4 of them, got 0."),
        (
            {"variants": ["both", "both"]},
            "`variants` must be unique, got 'both' more than once.",
        ),
        (
            {"layout": "tsne"},
            "`layout` must be one of 'aligned', 'umap', 'pca', got 'tsne'.",
        ),
        (
            {"space": "sound"},
            "`space` must be one of 'latent', 'refined', 'image', 'text', 'sum', "
            "got 'sound'.",
        ),
        (
            {"spaces": 3},
            "`spaces` must hold Embedding values or arrays (rows, features), got int.",
        ),
    ],
)
def test_errors_are_one_sentence(spaces, change, sentence):
    given = {"spaces": spaces, "path": "page.html"} | change
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(sentence)}$"):
        rv.export_html(**given)


@pytest.mark.torch
def test_runs_are_embedded_first(data, small, tmp_path):
    run = rv.fit(data, small, seed=0, progress=False)
    sentence = (
        "`spaces` must hold embeddings, e.g. rv.embed(runs, data.test), got runs."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        rv.export_html({"plain": [run]}, tmp_path / "page.html")


def test_a_saved_comparison_is_read(spaces, written, tmp_path):
    rv.save(spaces, tmp_path / "saved")
    assert export(tmp_path, tmp_path / "saved", k=K) == written


def test_an_unknown_colour_names_those_there_are(spaces, tmp_path):
    with pytest.raises(
        ValueError, match=r"^`color` must be one of 'label', .*'taste'\.$"
    ):
        rv.export_html(spaces, tmp_path / "page.html", color="taste", k=K)
    assert list(tmp_path.iterdir()) == []


DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["page", "widget"])
def test_no_name_is_declared_twice(name):
    """Files become one script: a second function of a name replaces the first."""
    parts = [Screen._esm]
    if name == "page":
        shared = scripts.script(*scripts.SCENE, *scripts.PANES, scripts.MORE)
        parts = [shared, *(markup.source(file) for file in page.SCRIPTS)]
    names = DECLARED.findall("\n".join(map(str, parts)))
    assert len(names) > 50
    assert [each for each in set(names) if names.count(each) > 1] == []
