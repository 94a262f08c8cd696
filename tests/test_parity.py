"""The exported page shows what the explorer shows, in the same words and numbers.

Random states are set in a page in Chromium and in Python: titles, notes, edges,
colours, legend, details, metric strip, table and the rows of a search must agree.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pages import N, space

import refnet_viz as rv
from refnet_viz import statistics
from refnet_viz.data import Media
from refnet_viz.data.meaning import texts
from refnet_viz.explorer import panes
from refnet_viz.explorer.looked import Looks
from refnet_viz.explorer.scripts import script
from refnet_viz.explorer.state import State
from refnet_viz.explorer.store import Store
from refnet_viz.explorer.view import View
from refnet_viz.explorer.wire import messages
from refnet_viz.graph import knn, with_measures
from refnet_viz.share import payload
from refnet_viz.share.markup import source

pytestmark = [pytest.mark.browser, pytest.mark.slow]

K = 4
STATES = 50  # of each of the five comparisons
EDGES = ("none", "all", "kept", "gained", "lost")
WORDS = (
    "text",
    "P1",
    "ant BEE",
    "round",
    "Straße",
    "STRASSE",
    "0.5",
    "zebra",
    "",
    "cat",
)
SHOW = """({ patch, pointed, words, line }) => {
  refnetViz.change({ rows: [] });
  refnetViz.change(patch);
  if (pointed) refnetViz.point(pointed);
  const { maps, key, detail, strip } = refnetViz.view();
  const value = (v) => (Number.isNaN(v) ? null : v);
  const plain = (values) => values && [...values].map(value);
  const panels = maps.panels.map((panel) => ({
    ...panel, x: plain(panel.x), y: plain(panel.y), codes: plain(panel.codes),
    values: plain(panel.values),
    edges: panel.edges.map((group) => ({ ...group, pairs: [...group.pairs] })),
  }));
  const table = refnetViz.table();
  const lines = maps.near.panels.map((_, number) => refnetViz.neighbors(number, line));
  const pair = [line, (line + 1) % maps.near.count];
  const shared = maps.near.panels.map((_, number) => refnetViz.shared(number, pair));
  refnetViz.search(words);
  return {
    panels, lines, shared, key, detail, strip, table, together: maps.together,
    words: maps.words && { ...maps.words, panels: maps.words.panels?.map(
      ({ names, codes }) => ({ names, codes: [...codes] })) ?? null },
    pinned: maps.pinned, styles: maps.styles, rows: refnetViz.state().rows,
  };
}"""


def some_absent(variant, seed):
    """Points without a modality, without a label, with long texts and dates."""
    full = space(variant, seed)
    inputs = {name: values.copy() for name, values in full.inputs.items()}
    present = np.ones((N, 2), bool)
    present[::7, 1] = False
    labels = full.labels.copy()
    labels[::5] = -1
    metadata = full.metadata.assign(
        when=pd.date_range("2020-01-01", periods=N, freq="D"),
        note=["Straße", None, "x"] * (N // 3),
    )
    made = rv.Embedding.from_arrays(
        full.z,
        ids=full.ids,
        labels=labels,
        class_names=["ant", "bee", "cat"],
        modalities=inputs,
        present=present,
        metadata=metadata,
        media=Media((), tuple("\N{GRINNING FACE} long\n " * i for i in range(N))),
        unlabelled=-1,
    )
    made.info.update(seed=seed)
    return made


COMPARISONS = {
    "answers": lambda: {
        "plain": [space("plain", seed) for seed in range(3)],
        "refiner": [space("refiner", seed) for seed in range(2)],
        "both": [space("both", seed) for seed in range(3)],
    },
    "several labels": lambda: {
        name: [space(name, seed, multi=True) for seed in range(2)]
        for name in ("plain", "both")
    },
    "measured": lambda: with_measures(
        knn(
            {
                "plain": [space("plain", seed) for seed in range(3)],
                "both": [space("both", seed) for seed in range(2)],
            },
            k=K,
        ),
        draws=4,
    ),
    "absent": lambda: {
        name: some_absent(name, seed) for seed, name in enumerate(("plain", "both"))
    },
    "strange": lambda: {
        "plain": space("plain", 0, strange=True),
        "</script>": space("both", 1, strange=True),
    },
}


def random_states(rng, store, steps, colors):
    """Yield settings for Python, with the point that is pointed at and a search."""
    runs = store.embeddings
    names = list(runs.variants)
    for _ in range(STATES):
        count = int(rng.integers(1, len(names) + 1))
        kept = sorted(rng.permutation(len(names))[:count].tolist())
        variants = tuple(names[i] for i in kept)
        variant = variants[rng.integers(count)]
        size = int(rng.choice([0, 0, 1, 2, 2, 9, N]))
        rows = np.sort(rng.permutation(N)[:size])
        settings = {
            "variants": variants,
            "variant": variant,
            "seed": runs.seeds(variant)[rng.integers(len(runs.seeds(variant)))],
            "color": colors[rng.integers(len(colors))],
            "k": int(rng.choice(steps)),
            "edges": str(rng.choice(EDGES)),
            "names": str(rng.choice(["auto", "always", "never"])),
            "rows": rows,
        }
        pointed = None
        if rng.random() < 0.5:
            pointed = variants[rng.integers(count)], int(rng.integers(N))
        yield settings, pointed, str(rng.choice(WORDS))


def numbers(data, kind):
    """Return bytes as numbers, those that are not defined as None."""
    if data is None:
        return None
    values = np.frombuffer(data, kind).tolist()
    return [None if value != value else value for value in values]


def changes(view, key, row):
    """Return the neighbours of a point that a map keeps, lost and gained."""
    before, after = (
        view.store.graph(one, view.state.k).indices[row].tolist()
        for one in view.compared(key)
    )
    baseline = key == view.compared(key)[0]
    return {
        "kept": [other for other in after if other in before and other >= 0],
        "lost": [other for other in before if other not in after],
        "gained": [o for o in after if o not in before and not baseline],
    }


def shared(view, key, row):
    """Return the neighbours that a point and the next one share on a map."""
    pair = row, (row + 1) % N
    one, other = (view.store.graph(key, view.state.k).indices[r].tolist() for r in pair)
    return {
        "shared": [row for row in one if row in other and row >= 0],
        "edge": pair[1] in one or pair[0] in other,
    }


def detail(view, pointed, most):
    """Return the pane of details, of two points as far as a page knows them."""
    if pointed is None and len(view.rows) == 2:
        return panes.pair(view, most)
    return panes.detail(view, pointed)


def named(words):
    """Return the names on the maps, codes of points as numbers."""
    if not words or words["panels"] is None:
        return words or None
    panels = [
        {**panel, "codes": numbers(panel["codes"], "<u2")} for panel in words["panels"]
    ]
    return {**words, "panels": panels}


def in_python(store, state, pointed, words, line, most):
    """Return what the explorer shows in a state, as plain values."""
    view = View(store, state)
    sent = messages(view)
    panels = []
    for number, text in enumerate(sent["texts"]["panels"]):
        places = sent["places"]["panels"][number]
        colors = sent["colors"]["panels"][number]
        groups = sent["edges"]["panels"][number]
        panels.append(
            {
                **text,
                **{axis: numbers(places[axis], "<f4") for axis in "xy"},
                "codes": numbers(colors["codes"], "<u2"),
                "values": numbers(colors["values"], "<f4"),
                "edges": [
                    {**group, "pairs": numbers(group["pairs"], "<u4")}
                    for group in groups
                ],
            }
        )
    table = view.tables[view.focus]
    return {
        "panels": panels,
        "lines": [changes(view, key, line) for key in view.keys],
        "words": named(sent["words"]),
        "shared": [shared(view, key, line) for key in view.keys],
        "pinned": sent["chosen"]["pinned"],
        "key": sent["key"],
        "detail": detail(view, pointed, most),
        "strip": panes.strip(view, banded=True),
        "table": table.frame(state.rows),
        "together": sent["places"]["together"],
        "styles": sent["colors"]["styles"],
        "rows": table.search(words).tolist(),
    }


def differences(page, python, path=""):
    """Yield where plain values differ by more than single precision."""
    if isinstance(page, dict) and isinstance(python, dict):
        for name in sorted(page.keys() | python.keys()):
            pair = page.get(name, "absent"), python.get(name, "absent")
            yield from differences(*pair, f"{path}.{name}")
    elif isinstance(page, list) and isinstance(python, list):
        lengths = [len(page)], [len(python)]
        pairs = zip(page, python, strict=False)
        for i, pair in enumerate(
            [*pairs, lengths] if lengths[0] != lengths[1] else pairs
        ):
            yield from differences(*pair, f"{path}[{i}]")
    elif not same_value(page, python):
        yield path, page, python


def same_value(page, python):
    if isinstance(page, float | int) and isinstance(python, float | int):
        return page == pytest.approx(python, rel=1e-5, abs=1e-6)
    return page == python


def is_number(kind):
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def as_table(frame):
    """Return a frame as the page writes it: names, then a list a row."""
    columns = [
        [None if np.isnan(value) else value for value in column.tolist()]
        if is_number(column)
        else texts(column)
        for _, column in frame.items()
    ]
    return [frame.columns.tolist(), *map(list, zip(*columns, strict=True))]


def as_numbers(table, frame):
    """Return the table of the page, its cells as numbers where the frame has some."""
    kinds = [is_number(kind) for kind in frame.dtypes]
    rows = [
        [
            (None if cell == "" else float(cell)) if number else str(cell)
            for cell, number in zip(row, kinds, strict=True)
        ]
        for row in table[1:]
    ]
    return [table[0], *rows]


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_page_shows_what_the_explorer_shows(browser, tmp_path, name):
    spaces = COMPARISONS[name]()
    file = rv.export_html(spaces, tmp_path / "page.html", k=K, layout="pca")
    page = browser.new_page()
    page.goto(file.as_uri())
    content = page.evaluate("() => refnetViz.data")
    store = Store.of(
        {n: v if isinstance(v, list) else [v] for n, v in spaces.items()}, 2 * K
    )
    colors = [color["name"] for color in content["colors"]]
    assert colors == store.colors
    rng = np.random.default_rng([3, *name.encode()])
    first = State.of(store, {"k": K, "layout": "pca", "mode": "light"})
    looks = Looks()
    looks.look(View(store, first).looked)
    for settings, pointed, words in random_states(rng, store, content["steps"], colors):
        state = first.changed(store, **settings)
        looks.look(View(store, state).looked)
        state = replace(state, looks=len(looks))
        patch = {
            "shown": list(state.variants),
            "seed": str(state.seed),
            "color": state.color,
            "k": state.k,
            "edges": state.edges,
            "names": state.names,
            "rows": state.rows.tolist(),
            "focus": state.focus,
        }
        at = pointed and {
            "panel": state.variants.index(pointed[0]),
            "row": pointed[1],
        }
        line = int(rng.integers(N))
        told = {"patch": patch, "pointed": at, "words": words, "line": line}
        shown = page.evaluate(SHOW, told)
        python = in_python(store, state, pointed, words, line, content["most"])
        frame = python["table"]
        python["table"] = as_table(frame)
        shown["table"] = as_numbers(shown["table"], frame)
        for column in shown["strip"]["columns"]:
            for key in ("rewiring", "family", "leads", "beside"):
                column.pop(key, None)
        differing = list(differences(shown, json.loads(json.dumps(python))))
        assert not differing, (patch, pointed, words, differing[:5])
    assert len(looks) > 3
    page.close()


JUDGE = """([questions, rule, tables]) => {
  const corrected = correctedP(questions, rule, tables);
  return questions.map((one, i) => [corrected[i], verdictOf(one, corrected[i], rule)]);
}"""


def test_the_page_judges_by_the_one_rule(browser):
    page = browser.new_page()
    page.add_script_tag(content=source("numbers.js"))
    rng = np.random.default_rng(8)
    seen = set()
    for _ in range(200):
        count = int(rng.integers(1, 12))
        p = rng.random(count) ** 4
        p[rng.random(count) < 0.2] = np.nan
        p[rng.random(count) < 0.2] = 0.02  # ties
        families = rng.choice(["primary", "rest"], count).tolist()
        leads = [f == "primary" and bool(rng.random() < 0.3) for f in families]
        values, tables = rng.normal(size=count), int(rng.integers(1, 15))
        words, corrected = statistics.judge(
            values,
            p,
            families,
            ["2 seeds"] * count,
            confidence=0.95,
            leads=leads,
            tables=tables,
        )
        questions = [
            {
                "p": None if np.isnan(one) else one,
                "higher": bool(value > 0),
                "family": family,
                "leads": lead,
                "reason": "2 seeds",
            }
            for one, value, family, lead in zip(p, values, families, leads, strict=True)
        ]
        judged = page.evaluate(JUDGE, [questions, payload._rule(), tables])
        assert [word for _, word in judged] == words
        shown = np.array([np.nan if one is None else one for one, _ in judged])
        np.testing.assert_allclose(shown, corrected, rtol=1e-12)
        seen |= {word.split(":")[0] for word in words}
    assert len(seen) == 6
    page.close()


AT = """([panels, near, selected, focus, again, k]) => {
  const typed = ({ width, values }) => ({ width, values: Uint16Array.from(values) });
  const lists = near.lists.map(typed);
  const made = edgesAt({ panels, near: { ...near, lists }, selected, focus }, again, k);
  const plain = (group) => ({ ...group, pairs: [...group.pairs] });
  return made && made.map((groups) => groups.map(plain));
}"""


def edge_groups(sent):
    """Return the edges of every map as plain values."""
    return [
        [{**group, "pairs": numbers(group["pairs"], "<u4")} for group in groups]
        for groups in sent["edges"]["panels"]
    ]


@pytest.mark.parametrize("name", ["answers", "absent"])
def test_edges_of_a_new_k_are_drawn_as_the_kernel_draws_them(
    browser, name, monkeypatch
):
    """A notebook does not wait for the kernel while `k` is dragged."""
    monkeypatch.setattr("refnet_viz.explorer.view.MOST_EDGES", 150)
    monkeypatch.setattr("refnet_viz.explorer.wire.MOST_EDGES", 150)
    spaces = COMPARISONS[name]()
    store = Store.of(
        {n: v if isinstance(v, list) else [v] for n, v in spaces.items()}, 2 * K
    )
    page = browser.new_page()
    page.add_script_tag(content=script("edges.js"))
    rng = np.random.default_rng(4)
    drawn = 0
    for settings, _, _ in random_states(rng, store, [1, 2, K, 7, 9], store.colors):
        state = State.of(store, {"k": K, "layout": "pca", "mode": "light"}).changed(
            store, **settings
        )
        sent = messages(View(store, state))
        again, near = sent["edges"]["again"], sent["near"]
        assert (again is None) == (state.edges == "none")
        if again is None:
            continue
        lists = [
            {**each, "values": numbers(each["values"], "<u2")} for each in near["lists"]
        ]
        selected = numbers(sent["chosen"]["rows"], "<u4")
        k = int(rng.integers(1, store.k_max + 1))
        panels = [{}] * len(state.variants)
        focus = sent["texts"]["focus"]
        told = [panels, {**near, "lists": lists}, selected, focus, again, k]
        expected = edge_groups(messages(View(store, state.changed(store, k=k))))
        assert page.evaluate(AT, told) == expected
        drawn += any(expected)
    assert drawn > STATES / 4
    page.close()
