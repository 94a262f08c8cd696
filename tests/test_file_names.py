"""Names of files are those of one variant each, on every system."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz._files import file_names
from refnet_viz.data.vectors import VectorCache

DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{d}{i}" for d in ("com", "lpt") for i in "0123456789¹²³"),
}


class Folder:
    """A folder as Windows and macOS keep it: names without case, devices no files."""

    def __init__(self):
        self.files = {}

    def write(self, name, content):
        """Write a file; refuse what Windows refuses."""
        if re.search(r'[<>:"/\\|?*\x00-\x1f]', name):
            raise OSError(name)
        if len(name.encode()) > 255:
            raise OSError(name)
        name = name.rstrip(". ")
        if not name or name.split(".")[0].rstrip().lower() in DEVICES:
            raise OSError(name)
        self.files[unicodedata.normalize("NFC", name).lower()] = content


names = st.one_of(
    st.text(max_size=6),
    st.text("aA.b /\\:-_", max_size=4),
    st.sampled_from(
        ["con", "CON", "nul.txt", "a", "A", "a.", "a ", "\u00e9", "e\u0301", ""]
    ),
    st.sampled_from(
        ["aux.json", "aux .json", "_aux.json", "a. ", "a .", "com¹", "LPT³.a", "COM¹ "]
    ),
    st.sampled_from(
        ["ß", "ss", "SS", "\u1e9e", "\ufb01", "fi", "\u212a", "k", "\u0130"]
    ),
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["x" * 255, "x" * 256, "é" * 127, "é" * 128, "𠀀" * 99]),
            st.sampled_from(["", "a", "A", "b", "."]),
        ),
    ),
)


@given(st.lists(names, unique=True, max_size=6))
def test_names_are_refused_or_make_different_files(several):
    try:
        files = file_names("configs", several)
    except ValueError:
        return
    assert list(files) == several
    folder = Folder()
    for name, file in files.items():
        folder.write(file, name)
    assert sorted(folder.files.values()) == sorted(several)


@pytest.mark.parametrize(
    "pair",
    [("A", "a"), ("con", "_CON"), ("a.", "a "), ("\u00e9", "\u00c9"), ("a/b", "A\\B")],
)
def test_pairs_of_one_folder_are_refused(pair):
    with pytest.raises(ValueError, match="`configs`") as caught:
        file_names("configs", pair)
    assert str(caught.value) == (
        "`configs` must have names that make different folders, got "
        f"{pair[0]!r} and {pair[1]!r}."
    )


@pytest.mark.parametrize("name", ["plain", "v1.2", "no refiner/yet", "..", "seed-0"])
def test_names_that_every_system_takes_are_as_ever(name):
    assert file_names("configs", [name])[name] == (
        re.sub(r"[^\w.-]+|^\.+", "_", name) or "_"
    )


def test_long_names_keep_their_beginning_and_stay_different():
    long = ["x" * 300, "x" * 299 + "y", "x" * 255, "𠀀" * 64]
    files = file_names("configs", long)
    assert files["x" * 255] == "x" * 255
    assert all(len(file.encode()) <= 255 for file in files.values())
    assert all(file[:40] == name[:40] for name, file in files.items())
    assert len(set(files.values())) == 4


@pytest.mark.parametrize("name", ["aux.x", "𠀀" * 60, "con"])
def test_every_system_takes_the_folder_of_an_encoder(name, tmp_path):
    VectorCache(tmp_path, {"name": name}, "ab" * 32)
    (folder,) = tmp_path.iterdir()
    Folder().write(folder.name, b"")
