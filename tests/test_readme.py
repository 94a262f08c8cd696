"""The README is short, and what it prints, links to and shows is there."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from PIL import Image
from session import README, blocks, session

import refnet_viz as rv

ROOT = README.parent
TEXT = README.read_text("utf-8")
CALLS = [
    node
    for code in blocks(TEXT)
    for node in ast.walk(ast.parse(code))
    if isinstance(node, ast.Call)
]


def resolved(node):
    """Return what a name that begins with ``rv.`` stands for, None for others."""
    path = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    if not (isinstance(node, ast.Name) and node.id == "rv"):
        return None
    value = rv
    for name in reversed(path):
        value = getattr(value, name)
    return value


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_what_it_links_to_is_there(target):
    if target.startswith("https://"):
        pytest.skip("the network is not asked")
    assert (ROOT / target).is_file()


def test_its_picture_is_small_and_has_the_manifest_that_makes_it_again():
    ((alt, target),) = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", TEXT)
    path = ROOT / target
    assert len(alt) > 20
    assert path.stat().st_size < 200_000
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width > 1000
    assert path.with_suffix(".manifest.json").is_file()
    assert f"python {Path('docs/picture.py').as_posix()}" in TEXT


@pytest.mark.torch
@pytest.mark.parametrize("call", CALLS, ids=ast.unparse)
def test_every_call_fits_what_is_called(call):
    function = resolved(call.func)
    if function is None:
        assert ast.unparse(call) in {"range(5)"}
        return
    keywords = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    inspect.signature(function).bind_partial(*call.args, **keywords)


def test_the_session_uses_the_names_of_the_package():
    names = set(re.findall(r"\brv\.(\w+)\(", session()))
    assert {"sweep", "embed", "knn", "compare", "explore", "save", "replay"} <= names
    assert "seeds=range(2)" in session(seeds=2)
