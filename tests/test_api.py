"""The names users see: each is the right object, and every function is usable."""

import doctest
import importlib
import importlib.util
import inspect
import pickle
import pkgutil
import pydoc
import sys
import types
from collections.abc import Mapping
from inspect import unwrap

import pytest

import refnet_viz
from refnet_viz.config import Config

MODULE_NAMES = {"data", "graph", "plot", "responsibility"}
CLASS_NAMES = {"Attribution", "Config", "Embedding", "Layout", "Neighbors", "Run"}
FUNCTION_NAMES = {
    "ablate",
    "attribute",
    "compare",
    "counterfactual",
    "embed",
    "explore",
    "export_html",
    "fit",
    "guard",
    "knn",
    "label_curve",
    "load",
    "pretrain",
    "project",
    "rails",
    "refiner_curve",
    "replay",
    "report",
    "robustness",
    "save",
    "sweep",
}


def exists(name):
    """Whether the room that a public name comes from is there and knows it."""
    room = refnet_viz._ROOMS[name]
    if not room:
        return importlib.util.find_spec(f"refnet_viz.{name}") is not None
    try:
        return hasattr(importlib.import_module(f"refnet_viz.{room}"), name)
    except ModuleNotFoundError as error:
        if error.name != f"refnet_viz.{room}":
            raise
        return False


PUBLIC = sorted(name for name in refnet_viz._ROOMS if exists(name))


def misfits(package):
    """Return the public names that are not what their name says."""
    wrong = []
    for name in PUBLIC:
        value = getattr(package, name)
        if name in MODULE_NAMES:
            right = isinstance(value, types.ModuleType)
            right = right and value.__name__ == f"refnet_viz.{name}"
            inner = [getattr(value, word) for word in getattr(value, "__all__", ())]
            right = right and not any(isinstance(v, types.ModuleType) for v in inner)
        elif name in CLASS_NAMES | FUNCTION_NAMES:
            kind = inspect.isclass if name in CLASS_NAMES else inspect.isfunction
            right = kind(value) and value.__name__ == name
        elif name == "VARIANTS":
            right = all(type(c).__name__ == "Config" for c in value.values())
        else:
            right = name == "METRICS" and isinstance(value, Mapping)
        if not right:
            wrong.append(name)
    return wrong


def test_the_table_of_contents_is_complete():
    assert set(refnet_viz.__all__) == {*refnet_viz._ROOMS, "__version__"}
    assert len(set(refnet_viz.__all__)) == len(refnet_viz.__all__)
    assert MODULE_NAMES | CLASS_NAMES | FUNCTION_NAMES | {"VARIANTS", "METRICS"} == set(
        refnet_viz._ROOMS
    )
    assert set(refnet_viz.__all__) <= set(dir(refnet_viz))
    assert len(PUBLIC) >= 17


def test_every_name_is_the_right_object():
    assert misfits(refnet_viz) == []
    assert refnet_viz.VARIANTS["both"] == Config()
    assert refnet_viz.__version__.count(".") == 2


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(
        AttributeError, match=r"^module 'refnet_viz' has no attribute 'fitt'$"
    ):
        _ = refnet_viz.fitt


def functions():
    """Return every function and class a user can reach by a public name."""
    found = {}
    for name in PUBLIC:
        value = getattr(refnet_viz, name)
        if name in MODULE_NAMES:
            for inner in getattr(value, "__all__", []):
                if callable(getattr(value, inner)):
                    found[f"{name}.{inner}"] = getattr(value, inner)
        elif callable(value):
            found[name] = value
    return found


FUNCTIONS = functions()
PLAIN = {n: f for n, f in FUNCTIONS.items() if inspect.isfunction(f)}


def methods():
    """Return the public functions and methods of every public class."""
    found = {}
    for name, kind in FUNCTIONS.items():
        for inner, value in vars(kind).items() if inspect.isclass(kind) else ():
            function = getattr(value, "__func__", value)
            if inspect.isfunction(function) and not inner.startswith("_"):
                found[f"{name}.{inner}"] = function
    return found


CALLABLE = PLAIN | methods()
# The doors, which take all that can be known of a row, each by its name, and those of
# the explorer, which take what is shown and every setting.
DOORS = {
    "data.Dataset.from_arrays",
    "data.from_anndata",
    "data.from_mudata",
    "data.from_table",
    "data.from_webdataset",
    "Embedding.from_arrays",
    "explore",
    "export_html",
}


@pytest.mark.parametrize("name", CALLABLE)
def test_three_positional_parameters_and_ten_in_all(name):
    parameters = [
        p
        for p in inspect.signature(CALLABLE[name]).parameters.values()
        if p.name not in ("self", "cls")
    ]
    positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    assert len(positional) <= 3, positional
    assert len(parameters) <= (10 if name not in DOORS else 20), parameters
    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    assert not [p for p in parameters if p.kind in stars]


@pytest.mark.parametrize("name", CALLABLE)
def test_everything_is_annotated(name):
    signature = inspect.signature(CALLABLE[name])
    assert signature.return_annotation is not signature.empty
    for parameter in signature.parameters.values():
        if parameter.name not in ("self", "cls"):
            assert parameter.annotation is not parameter.empty, parameter


@pytest.mark.parametrize("name", CALLABLE)
def test_seeds_are_keywords(name):
    for parameter in inspect.signature(CALLABLE[name]).parameters.values():
        if parameter.name in ("seed", "seeds"):
            assert parameter.kind is parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", PLAIN)
def test_every_function_is_documented_with_an_example(name):
    function = PLAIN[name]
    text = inspect.getdoc(function) or ""
    assert text.splitlines()[0].endswith(".")
    for parameter in inspect.signature(function).parameters:
        assert parameter in text.partition("Parameters")[2] or "those of" in text, (
            parameter
        )
    # What reads or writes a file is shown in the notebooks instead.
    files = {"path", "folder"} & {*inspect.signature(function).parameters}
    assert files or ">>> " in text.partition("Examples\n--------")[2]


@pytest.mark.parametrize("name", [n for n, f in PLAIN.items() if f is not unwrap(f)])
def test_examples_of_decorated_functions_run(name):
    # doctest looks for functions by the module of their code, which is the decorator's.
    function = PLAIN[name]
    module = sys.modules[function.__module__]
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, module)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert test.examples
    assert doctest.DocTestRunner(optionflags=flags).run(test).failed == 0


def test_decorated_functions_can_be_pickled_and_asked():
    names = [
        name for name, function in PLAIN.items() if function is not unwrap(function)
    ]
    assert {f"plot.{name}" for name in refnet_viz.plot.FIGURES} <= {*names}
    for name in names:
        function = PLAIN[name]
        assert pickle.loads(pickle.dumps(function)) is function
        assert str(inspect.signature(function)) == str(
            inspect.signature(unwrap(function))
        )
        assert pydoc.render_doc(function).count(inspect.getdoc(function).split(".")[0])


@pytest.mark.parametrize(
    "name", [n for n, value in FUNCTIONS.items() if inspect.isclass(value)]
)
def test_every_class_is_documented(name):
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    assert text.splitlines()[0].endswith(".")
    assert "Parameters\n----------" in text


def possible_shadows():
    """Return every module that has the name of something public, or of a room.

    Importing a module binds its name in the package above: no other could shadow.
    """
    found = pkgutil.walk_packages(refnet_viz.__path__, "refnet_viz.")
    public = {word.rpartition(".")[2] for word in [*refnet_viz._ROOMS, *FUNCTIONS]}
    names = sorted(module.name for module in found)
    return [name for name in names if name.rpartition(".")[2] in public]


def loaded():
    """Return the modules of the package that are loaded, by name."""
    return {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "refnet_viz"}


def test_no_name_is_shadowed_whatever_was_imported_first():
    before, shadowed = loaded(), {}
    assert {f"refnet_viz.{name}" for name in MODULE_NAMES} <= {*possible_shadows()}
    try:
        for first in possible_shadows():
            for name in loaded():
                del sys.modules[name]
            importlib.import_module(first)
            wrong = misfits(importlib.import_module("refnet_viz"))
            if wrong:
                shadowed[first] = wrong
    finally:
        for name in loaded():
            del sys.modules[name]
        sys.modules.update(before)
    assert shadowed == {}
