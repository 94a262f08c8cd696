"""An explorer over small data, and how tests read what its page would show."""

import asyncio
import io

import ipywidgets as W
import numpy as np
import pandas as pd
from PIL import Image

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.graph import knn

HOSTILE = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "a<b & c>d",
)
N = 24


def png(color):
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return file.getvalue()


def embedding(variant, seed, rows=N, **options):
    """Points of 3 classes, the first predicted wrong; noise by variant and seed."""
    rng = np.random.default_rng([seed, *variant.encode()])
    labels = np.arange(rows) % 3
    z = np.eye(3)[labels] * 2 + rng.normal(size=(rows, 3))
    settings = {
        "ids": [f"p{i}" for i in range(rows)],
        "labels": labels,
        "modalities": {"image": z[:, :2], "text": z[:, 1:]},
        "class_names": ["ant", "bee", "cat"],
        "media": Media(
            tuple(png((i * 9 % 256, 0, 0)) for i in range(rows)),
            tuple(f"text {i}" for i in range(rows)),
        ),
        "metadata": pd.DataFrame(
            {
                "kind": ["x", "y"] * (rows // 2),
                "size": np.linspace(0, 1, rows),
            }
        ),
        **options,
    }
    made = rv.Embedding.from_arrays(z, **settings)
    made.info.update(seed=seed, variant=variant)
    told = settings["labels"].copy()
    told[0] = 1
    return rv.Embedding(**{**vars(made), "predictions": told})


def two_variants():
    """Two seeds of one variant, three of another."""
    return {
        "plain": [embedding("plain", 0), embedding("plain", 1)],
        "both": [embedding("both", 0), embedding("both", 1), embedding("both", 2)],
    }


def answered(variant, seed):
    """The same with a refiner's answers, wider than the inputs for "text"."""
    own = embedding(variant, seed)
    rng = np.random.default_rng([9, seed, *variant.encode()])
    targets = {
        "image": own.inputs["image"],
        "text": rng.normal(size=(N, 5)).astype(np.float32),
    }
    decoded = {
        name: (values + rng.normal(size=values.shape)).astype(np.float32)
        for name, values in targets.items()
    }
    return rv.Embedding(**{**vars(own), "targets": targets, "decoded": decoded})


def graph(spaces, variant, seed=0, k=3, **options):
    """Search a graph afresh."""
    return knn(spaces[variant][seed], k, **options)


# What happens meanwhile


async def settled(view):
    """Wait until the explorer has nothing left to compute."""
    while view._meanwhile.running is not None:
        await asyncio.sleep(0.001)


# What the page draws


def floats(data):
    return np.frombuffer(data, "<f4")


def ids(view):
    """Return the ids that are selected."""
    return view.selected["id"].tolist()


def at(view, spaces, variant, seed=0, panel=0, **options):
    """Whether a map shows the PCA of a run, turned to that of the first one."""
    first, own = next(iter(spaces.values()))[0], spaces[variant][seed]
    layout = rv.project(first, "pca", **options)
    if own is not first and "space" not in options:  # modalities are the same in all
        layout = rv.project(own, "pca", reference=layout, **options)
    expected = layout.coordinates
    return np.array_equal(flat(view, panel), expected)


def flat(view, panel=0):
    """Return where the points of a map lie."""
    found = view.screen.places["panels"][panel]
    return np.column_stack([floats(found["x"]), floats(found["y"])])


def names(view):
    return view.screen.said["names"]


def lines(view, panel=0):
    """Return colour and whether dashed to the drawn edges, as pairs of ids."""
    found = {}
    for group in view.screen.edges["panels"][panel]:
        rows = np.frombuffer(group["pairs"], "<u4").reshape(-1, 2)
        pairs = [tuple(sorted((names(view)[a], names(view)[b]))) for a, b in rows]
        assert len(set(pairs)) == len(pairs)  # no edge is drawn twice
        style = light(group["color"]), bool(group["dash"])
        found.setdefault(style, set()).update(pairs)
    return found


def light(color):
    """Return the colour in the light mode, where modes differ."""
    return color["light"] if isinstance(color, dict) else color


def edges(view, panel=0):
    """Return the drawn edges of a map as pairs of ids."""
    return set().union(*lines(view, panel).values())


def pairs(rows):
    """Return ends of edges, ``(E, 2)`` row numbers, as pairs of ids."""
    return {tuple(sorted((f"p{a}", f"p{b}"))) for a, b in np.asarray(rows).tolist()}


def ends(graph):
    """Return the edges of a graph as pairs of ids."""
    found = graph.edges()
    return pairs(np.column_stack([found.source, found.target]))


def titles(view):
    return [panel["title"] for panel in view.screen.texts["panels"]]


def notes(view, panel=0):
    """Return the lines below the title of a map, as one text."""
    return "\n".join(view.screen.texts["panels"][panel]["notes"])


def codes(view, panel=0):
    return np.frombuffer(view.screen.colors["panels"][panel]["codes"], "<u2")


def values(view, panel=0):
    return floats(view.screen.colors["panels"][panel]["values"])


def key(view):
    """Return the names of the classes in the legend."""
    return [entry["name"] for entry in view.screen.key["entries"]]


def colored(view, panel=0):
    """Return what the colour of each point is called in the legend."""
    entries = view.screen.key["entries"]
    of = {code: entry["name"] for entry in entries for code in entry["codes"]}
    return [of[code] for code in codes(view, panel).tolist()]


def chosen(view):
    """Return the ids that are not grey, None where nothing is selected."""
    rows = view.screen.chosen["rows"]
    if rows is None:
        return None
    return [names(view)[row] for row in np.frombuffer(rows, "<u4")]


def cell(view, metric, variant=None):
    """Return what the strip says of a variant by a metric."""
    content = view.screen.strip
    heads = [column["name"] for column in content["columns"]]
    place = next(i for i, name in enumerate(heads) if name.startswith(metric))
    rows = {row["name"]: row["cells"] for row in content["rows"]}
    return (rows[variant] if variant else next(iter(rows.values())))[place]


def facts(view):
    """Return what the pane says, name to value."""
    return dict(fact[:2] for fact in view.screen.detail["facts"])


# What is done to the page


def do(view, kind, *words):
    """Send what a page would send."""
    view.screen._handle_custom_msg({"kind": kind, "words": list(words)}, [])


def move(view, **settings):
    """Move controls, as a user would."""
    do(view, "set", *[[name, value] for name, value in settings.items()])


def offered(view, name):
    """Return the texts of what a control offers, None where there is none."""
    control = view.screen.offers["controls"].get(name)
    return control and [text for _, text in control["options"]]


def said(view):
    """Return the sentence over the maps."""
    return view.screen.notice["words"]


def around(places, rows):
    """Return a polygon that holds some points: a tiny square around each."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 1e-4
    home = places.min(axis=0) - 1
    path = [home]
    for point in places[rows].astype(float):
        path += [*(point + corners), home]  # there and back: such edges count twice
    return [float(x) for x, _ in path], [float(y) for _, y in path]


def lasso(view, rows, panel=0, extend=False):
    """Draw around points as a user would."""
    do(view, "lasso", panel, *around(flat(view, panel), rows), extend)


def members(widget):
    """Return a widget with all it is made of."""
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += members(child)
    return found


class Wire:
    """Records what is sent to the page: widget, then the names of its traits."""

    def __init__(self, monkeypatch):
        self.sent = []
        real = W.Widget._send

        def send(widget, message, buffers=None):
            if message.get("method") == "update":
                self.sent.append((widget, sorted(_named(message))))
            return real(widget, message, buffers)

        monkeypatch.setattr(W.Widget, "_send", send)

    def to(self, widget):
        """Return the traits in each message to a widget."""
        return [traits for to, traits in self.sent if to is widget]


def _named(message):
    """Return the traits of a message, those that are bytes alone among them."""
    paths = {path[0] for path in message.get("buffer_paths", ())}
    return set(message["state"]) | paths
