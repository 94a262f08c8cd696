"""Each anywidget of the package with something to show, and a page's fake model."""

import base64
import importlib
import pkgutil

import anywidget
import ipywidgets as W
import numpy as np

import refnet_viz.widgets
from refnet_viz import Embedding, explore
from refnet_viz.widgets.curves import Curves, Record

# Runs a module as a host other than Jupyter does: two views of one model, then none.
FAKE_MODEL = """async ([script, text]) => {
  const bytes = (value) => {
    if (Array.isArray(value)) return value.map(bytes);
    if (!value || typeof value !== "object") return value;
    if ("base64" in value) {
      const raw = Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0));
      return new DataView(raw.buffer);
    }
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bytes(v)]));
  };
  const state = bytes(JSON.parse(text));
  const heard = [];
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => {},
    send: () => {},
    on: (names, call) => names.split(" ").forEach((name) => heard.push([name, call])),
    off: (names, call) => {
      const gone = (name, own) =>
        (!names || names.split(" ").includes(name)) && (!call || call === own);
      heard.splice(0, Infinity, ...heard.filter(([name, own]) => !gone(name, own)));
    },
    widget_manager: { get_model: async () => { throw Error("no other models"); } },
  };
  const before = new Set(Object.keys(window));
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  let found = (await import(address)).default;
  if (typeof found === "function") found = await found();
  const ends = [await found.initialize?.({ model })];
  const place = () => document.body.appendChild(document.createElement("div"));
  const views = [place(), place()];
  for (const el of views) ends.push(await found.render({ model, el }));
  await new Promise((done) => setTimeout(done, 300));
  let drawn = 0;
  for (const canvas of views[0].querySelectorAll("canvas")) {
    const { width, height } = canvas;
    if (!width || !height) continue;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    drawn += new Set(new Uint32Array(pixels.buffer)).size - 1;
  }
  const words = views.map((el) => el.innerText.trim());
  for (const end of ends) await end?.();
  const globals = Object.keys(window).filter((name) => !before.has(name));
  return { words, drawn, globals, listening: heard.length };
}"""


def classes():
    """Return every anywidget class of the package."""
    package = refnet_viz.widgets
    names = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    modules = [importlib.import_module(module.name) for module in names]
    every = [(member, module) for module in modules for member in vars(module).values()]
    return [
        kind
        for kind, module in every
        if isinstance(kind, type)
        and issubclass(kind, anywidget.AnyWidget)
        and kind.__module__ == module.__name__
    ]


def shown_modules():
    """Return one widget of each class, those of an explorer where it has them."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(30, 3))
    pair = {
        name: Embedding.from_arrays(
            z @ rng.normal(size=(3, 3)), labels=np.arange(30) % 3
        )
        for name in ("one", "two")
    }
    view = explore(pair, k=4, layout="pca")
    view.edges = "all"
    view.select(["3"])
    record = Record(9, {"val_score": 0.5}, "accuracy")
    record = record.after({"epoch": 0, "task": 0.7, "val_score": 0.6}, best=0)
    parts = [*members(view.widget), Curves(content=record.content)]
    return [
        next((part for part in parts if isinstance(part, kind)), None) or kind()
        for kind in classes()
    ]


def members(widget):
    """Yield a widget and all it is made of."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from members(child)


def described(widget):
    """Return the state of a widget as plain values, bytes as base64."""

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [plain(member) for member in value]
        if isinstance(value, bytes | bytearray | memoryview):
            return {"base64": base64.b64encode(value).decode()}
        return value

    return plain(
        {
            name: value
            for name, value in widget.get_state().items()
            if not isinstance(value, W.Widget)
        }
    )
