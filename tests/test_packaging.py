"""pyproject, constraints, requirements and environment.yml agree."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import refnet_viz

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pinned():
    """Return exact versions by canonical name, several where Pythons differ."""
    pins = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert pin.marker is None or "python_version" in str(pin.marker)
            name = canonicalize_name(pin.name)
            pins.setdefault(name, []).append(Version(exact.version))
    return pins


def ranges():
    """Return every direct dependency of the package and of its tests."""
    extras = PROJECT["optional-dependencies"].values()
    return [
        Requirement(text)
        for group in (PROJECT["dependencies"], *extras)
        for text in group
    ]


def test_every_direct_dependency_is_pinned_inside_its_range():
    pins = pinned()
    for requirement in ranges():
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} has no pin in constraints.txt"
        assert all(version in requirement.specifier for version in pins[name])


def test_torch_is_pinned_where_it_is_installed_and_ranged_in_the_metadata():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert lines[-3:] == [
        "-c constraints.txt",
        "torch==2.13.0",
        "-e .[docs,interop,test]",
    ]
    assert "torch>=2.4" in PROJECT["dependencies"]
    assert pinned()["torch"] == [Version("2.13.0")]


def test_the_conda_environment_is_the_same_pinned_set():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *conda, last = environment["dependencies"]
    assert environment["name"] == PROJECT["name"]
    assert conda == ["python=3.11", "pip"]
    assert last == {"pip": ["-r requirements.txt"]}
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_version_stands_in_the_changelog():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {refnet_viz.__version__}" in changelog
