"""The documentation: ``python dev.py docs`` builds it into docs/_build/html.

Reference pages are written from the public names, notebooks are those that
``tests/run_notebook.py --docs`` has executed, guides are parts of CONTRIBUTING.md.
Nothing is loaded from a network: formulas are MathML, widgets are exported pages.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.config import Config

import refnet_viz
from refnet_viz.model.fusion import FUSIONS

HERE = Path(__file__).parent

project = "refnet_viz"
author = "the authors of refnet_viz"
copyright = "2026, the authors of refnet_viz"  # noqa: A001
version = release = refnet_viz.__version__

extensions = [
    "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_nb",
]  # fmt: skip
exclude_patterns = ["_build", "exported", "**/*.lock"]
templates_path = ["templates"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r".*"),  # `x` may be a parameter, which has no page
    # Names of other projects, whose indices lie on a network.
    (r"py:.*", r"(anndata|ipywidgets|mudata|np|numpy|os|pd|pandas|plotly|torch)\..*"),
    (r"py:.*", r"(collections|networkx|nn|go|W|pathlib|typing|PIL)\..*"),
    (r"py:.*", r"(Path|Tensor|Any|Callable|Mapping|Sequence|Iterator|Literal)"),
]

autodoc_typehints = "none"  # docstrings say types in the field's words, with shapes
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
default_role = "py:obj"  # links where a name is one of ours

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"refnet_viz {release}"
html_static_path = ["static"]
html_css_files = ["extra.css"]
html_extra_path = ["exported"]
html_copy_source = False
html_math_renderer = "mathml"

RICH = ("text/html", "image/svg+xml", "image/png")
LIVE = (
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.plotly.v1+json",
)
ROOMS = ("data", "graph", "responsibility", "plot")


def reference(_: Sphinx, config: Config) -> None:
    """Write a page of the reference for the package and for each of its rooms."""
    folder = HERE / "reference"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    top = [name for name in refnet_viz.__all__ if name not in {*ROOMS, "__version__"}]
    pages = {"refnet_viz": ("The package", refnet_viz.__doc__ or "", top)}
    objects = [getattr(refnet_viz, name) for name in top]
    for room in ROOMS:
        module = getattr(refnet_viz, room)
        # What has a page by its shorter name has one page.
        names = [
            name
            for name in module.__all__
            if not any(getattr(module, name) is one for one in objects)
        ]
        pages[f"refnet_viz.{room}"] = (room, module.__doc__ or "", names)
    for name, (title, text, names) in pages.items():
        words = [title, "=" * len(title), "", inspect.cleandoc(text), ""]
        words += _summary(name, names)
        (folder / f"{name}.rst").write_text("\n".join(words), "utf-8")
    kinds = {kind.__module__: [] for kind in FUSIONS.values()}
    for name, kind in FUSIONS.items():
        kinds[kind.__module__].append((name, kind.__name__))
    words = ["Fusions", "=======", "", "``Config(fusion=...)`` takes these names.", ""]
    for module, rows in kinds.items():
        words += ["", ", ".join(f"``{name}``" for name, _ in rows), ""]
        words += _summary(module, [kind for _, kind in rows])
    (folder / "fusions.rst").write_text("\n".join(words), "utf-8")
    config.autosummary_generate = [str(path) for path in sorted(folder.glob("*.rst"))]


def _summary(module: str, names: list[str]) -> list[str]:
    """Return the directive that lists names of a module and writes their pages."""
    head = [f".. currentmodule:: {module}", "", ".. autosummary::", "   :toctree: api"]
    return [*head, "", *(f"   {name}" for name in sorted(names)), ""]


def still(_: Sphinx, docname: str, source: list[str]) -> None:
    """Show figures of an executed notebook as pictures and explorers as their pages."""
    if not docname.startswith("notebooks/"):
        return
    notebook = json.loads(source[0])
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        outputs = [each for each in cell.get("outputs", []) if _says(each)]
        for output in outputs:
            data = output.get("data", {})
            if any(kind in data for kind in RICH):
                for kind in LIVE:
                    data.pop(kind, None)
        if "outputs" in cell:
            cell["outputs"] = outputs
        page = cell["metadata"].get("explorer")
        if page:
            frame = (
                f'<iframe class="rv-page" src="../explorers/{page}" loading="lazy" '
                'title="The explorer, as export_html writes it"></iframe>'
                f'<p><a href="../explorers/{page}">The explorer on a page of its own'
                "</a></p>"
            )
            data = {"text/html": frame}
            cell["outputs"] = [
                {"output_type": "display_data", "metadata": {}, "data": data}
            ]
    source[0] = json.dumps(notebook)


def _says(output: dict[str, Any]) -> bool:
    """Whether an output holds anything; a progress bar leaves an empty one behind."""
    return "data" not in output or any("".join(v) for v in output["data"].values())


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _display(writer: Any, node: nodes.math_block) -> None:
    # Two spaces after a line's end, as in `aligned`, are kept by the converter.
    writer.body.append(convert(re.sub(r"\s+", " ", node.astext()), display="block"))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the renderer of formulas and what prepares notebooks and reference."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.connect("config-inited", reference)
    app.connect("source-read", still)
