"""Names and first lines of docstrings say what things are.

Counted are the names that functions assign: by ``=``, ``:=``, ``for``, ``with`` and in
comprehensions, once for each assignment. Parameters and fields of classes are part of
what others call and read, so they are not counted.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "refnet_viz"
# Participles and pointing words: true of any value, so they tell nothing of this one.
WORDS = """
found known told given own drawn shown said asked wanted seen meant made taken gone done
there here thing things what these those having has how every
"""
VAGUE = frozenset(WORDS.split())
LIMIT = 0.01
RIDDLES = ("What", "Who", "Whose", "Where", "How", "Which", "Why")
# The modules beside the rooms count as one, ".".
ROOMS = sorted({".", *(path.parent.name for path in PACKAGE.glob("*/__init__.py"))})
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules(room: str) -> Iterator[tuple[str, ast.Module]]:
    place = PACKAGE / room
    for path in sorted(place.glob("*.py") if room == "." else place.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text("utf-8"))


def assigned(tree: ast.AST, *, inside: bool = False) -> Iterator[ast.Name]:
    """Return the names that functions assign, in the order of the source."""
    for node in ast.iter_child_nodes(tree):
        if inside and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from assigned(node, inside=inside or function)


def first_lines(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text.splitlines()[0]


def bare_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return the texts of parameters that only say to what the parameter belongs."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            for line in text.splitlines():
                if line.startswith("    Of ") and line.endswith("."):
                    yield node.body[0].lineno, line.strip()


def test_the_count_is_of_names_that_functions_assign() -> None:
    source = (
        "found = 1\n"
        "class A:\n    given: int = 0\n"
        "def f(told):\n"
        "    own, x = told\n"
        "    for seen in x:\n        pass\n"
        "    with x as made:\n        made.known = 1\n"
        "    return [y for here in x if (y := here)]\n"
    )
    names = [node.id for node in assigned(ast.parse(source))]
    assert sorted(names) == ["here", "made", "own", "seen", "x", "y"]


@pytest.mark.parametrize("room", ROOMS)
def test_names_say_what_a_thing_is(room: str) -> None:
    total, places = 0, []
    for path, tree in modules(room):
        names = list(assigned(tree))
        total += len(names)
        places += [f"{path}:{n.lineno} {n.id}" for n in names if n.id in VAGUE]
    assert len(places) <= LIMIT * total, (
        f"{len(places)} of {total} assigned names are vague:\n" + "\n".join(places)
    )


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_begin_with_what_a_thing_is(room: str) -> None:
    riddles = [
        f"{path}:{number} {line}"
        for path, tree in modules(room)
        for number, line in first_lines(tree)
        if line.startswith(tuple(f"{word} " for word in RIDDLES))
    ]
    assert not riddles, "\n".join(riddles)


@pytest.mark.parametrize("room", ROOMS)
def test_texts_of_parameters_name_the_parameter(room: str) -> None:
    bare = [
        f"{path}:{number} {line}"
        for path, tree in modules(room)
        for number, line in bare_texts(tree)
    ]
    assert not bare, "\n".join(bare)
