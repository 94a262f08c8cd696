"""Odd values, other spellings and damage for arguments, and what answers are worth.

An answer is a result or one sentence of ours. What is accepted must say something: a
value that changes nothing was ignored, unless it says what the untouched call says; and
another spelling of a value gives the bits of that value.
"""

import collections
import contextlib
import decimal
import enum
import fractions
import inspect
import traceback
import types
import warnings
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from digests import digest
from doors import LABELS, SMALL, X
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

import refnet_viz as rv


class Text(str):
    """Text of a class of its own."""


class Place(type(Path())):
    """Path of a class of its own."""


class Word(str, enum.Enum):  # noqa: UP042 (its text is another one)
    """Words that are text and members."""

    a = "a"
    latent = "latent"


Pair = collections.namedtuple("Pair", "first second")


def _leaf():
    """Return a tensor that learns."""
    return torch.tensor(X, requires_grad=True)


NAMES = st.one_of(
    st.sampled_from(
        ["", "a", "A", "..", "\ud800", "\x00", "con", "<b>", "__class__", "latent",
         "/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem", "x" * 300, "a/b/c",
         "nan", "None", "1e3", "\u202e", "e\u0301", Text("a"), np.str_("a"), Word.a]
    ),
    st.text(max_size=4),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-2, 5),
    st.sampled_from(
        [True, False, 2**31, 2**63, -(2**70), 10**9, 10**400, 1 + 1j, -0.0, 5e-324,
         decimal.Decimal(1), decimal.Decimal("NaN"), fractions.Fraction(1, 2),
         np.float32(0.5), np.longdouble(1), np.timedelta64(3, "s"), np.bool_(True),
         np.datetime64("NaT"), np.array(3), np.array(0.5), torch.tensor(3), pd.NA,
         *(np.dtype(kind).type(3) for kind in "bBhHiIqQefdgFD")]
    ),
    st.floats(),
)  # fmt: skip
ARRAYS = hnp.arrays(
    st.sampled_from(["f8", "f2", "i8", "u1", "?", "c8", "U2", "S2", "M8[s]", "m8[s]"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
COUNTED = pd.MultiIndex.from_product([range(20), list("ab")])
TWICE = pd.DataFrame(X, columns=["a", "a", "b"])
ODD = [
    None, object(), object, lambda *_: 1, range(3), b"bytes", {1, 2}, frozenset("ab"),
    slice(2), NotImplemented, ..., X.tolist(), X.astype(object), X + 1j, X[:3],
    X.astype("U"), np.full((40, 3), np.nan), np.ma.masked_array(X, X > 0),
    np.ma.masked_all(40), np.ma.masked, X * 1e300, X[:, :0], X[::-1], X.astype("f2"),
    X.astype(">f8"), np.asfortranarray(X), X.astype("g"), X[0], X[:, :1], X[None],
    np.zeros(40, [("a", "f8"), ("b", "i4")]), np.array(None), np.array(3),
    np.array([{}, []], dtype=object), np.array([1, "a", None, 2.5], dtype=object),
    np.array([-0.0] * 40), np.full(40, 2**63, "u8"), np.arange(40)[::-1], LABELS > 0,
    np.array(["2020-01-01"] * 40, "M8[D]"), np.array(["NaT"] * 3, "m8[s]"),
    pd.DataFrame(X), pd.DataFrame(X).astype("Float64"), pd.DataFrame(), TWICE,
    pd.DataFrame(X, index=COUNTED), pd.DataFrame({"a": list("ab")}), COUNTED,
    pd.DataFrame(X).convert_dtypes(dtype_backend="pyarrow"), pd.Index(["a", None]),
    pd.Series(LABELS), pd.Series(LABELS, index=LABELS),
    pd.Series([1, pd.NA], dtype="Int8"),
    pd.Series(["a", None], dtype="string"), pd.Series([True, None], dtype="boolean"),
    pd.Categorical(["a", None] * 20), pd.Categorical(LABELS, categories=[1, 0]),
    pd.arrays.SparseArray([0, 0, 1]), pd.interval_range(0, 3),
    pd.period_range("2020", periods=3),
    pd.Timestamp("2020"), pd.Timestamp("2020", tz="CET"), pd.NaT, pd.Timedelta(1),
    torch.tensor(X), torch.ones(3, device="meta"), torch.ones(2, 2).to_sparse(),
    _leaf(), torch.tensor(X).bfloat16(), torch.tensor(LABELS).bool(),
    torch.tensor(float("nan")),
    torch.nn.Linear(2, 2), torch.zeros(0, 3),
    sparse.csr_array(X), sparse.coo_array(X), sparse.csr_matrix((40, 0)), sparse.eye(3),
    pa.array([1, None]), pa.table({"a": [1.0, None]}), pa.array(["a", "b"]),
    rv.Config(), SMALL, rv.Config, rv, rv.VARIANTS, rv.METRICS,
    Path("/dev/null"), Path("/nowhere/at/all"), Path(), Path("/"), Place("a"),
    PurePosixPath("a"), Pair(0, 1), Pair("a", X), types.SimpleNamespace(shape=(1, 2)),
    {"a": {"b": {}}}, {1: X, "1": X}, {"a": [1, [2]]}, {"a": 1.0}, {"a": np.nan},
    {"a": X, "b": X}, {"a": "/dev/null"}, {None: None}, {(1, 2): X}, {"a": 0, "b": 0},
    collections.OrderedDict(a=1), types.MappingProxyType({"a": 1.0}),
    collections.UserDict(a=1), collections.Counter("ab"), collections.deque([1]),
    [[]], [None], [X, X[:2]], [np.nan], [float("nan"), "a"], [True, False], [0, 0],
    [2**70], [1.0, 2.0], ["a", "a"], ["a", 1], [("a", 1)], [b"a"], ["\ud800"], ["\x00"],
    [Path("a")], [X], (X, X), [{"a": 1}], "1, 2",
]  # fmt: skip
ONCE = [
    lambda: iter([1]), lambda: (i for i in range(3)), lambda: (n for n in "ab"),
    lambda: map(str, [1]), {"a": X}.keys, {"a": X}.values, {"a": 1.0}.items,
    lambda: zip("ab", [0, 1], strict=True),
    lambda: memoryview(b"ab"), lambda: bytearray(b"a"),
]  # fmt: skip
LEAVES = st.one_of(
    NAMES,
    NUMBERS,
    ARRAYS,
    st.sampled_from(ODD),
    st.sampled_from(ONCE).map(lambda make: make()),
)
VALUES = st.one_of(
    LEAVES,
    st.lists(LEAVES, max_size=3),
    st.tuples(LEAVES, LEAVES),
    st.dictionaries(st.one_of(NAMES, st.integers(0, 3)), LEAVES, max_size=2),
)


def arguments_of(function, arguments):
    """Return the names of the arguments of a function."""
    try:
        parameters = inspect.signature(function).parameters.items()
    except TypeError:  # one that takes whatever another takes
        return list(arguments)
    named = [
        name
        for name, parameter in parameters
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    return named or list(arguments)


# Other spellings of a value, which are refused or say the same.


def spellings(value):  # noqa: C901 (one branch a type)
    """Return functions that write a value in other ways, or fail to."""
    if isinstance(value, bool):
        return [np.bool_, int, float, str, np.array, torch.tensor]
    if isinstance(value, int | float):
        ways = [np.array, torch.tensor, np.float64, str, decimal.Decimal, _alone, float]
        if isinstance(value, int):
            ways += [np.dtype(kind).type for kind in "bBhHiIqQ"]
            ways += [fractions.Fraction, complex, lambda v: pd.array([v])[0]]
        return ways
    if isinstance(value, str):
        return [Text, np.str_, str.encode, _alone, lambda v: (v,), np.array, Path,
                lambda v: np.array([v]), lambda v: {v},
                lambda v: pd.Index([v])]  # fmt: skip
    if isinstance(value, Path):
        return [str, Place, PurePosixPath, bytes, _alone, lambda v: f"{v}/",
                lambda v: v.parent / "x" / ".." / v.name]  # fmt: skip
    if isinstance(value, Mapping):
        return MAPPINGS
    if isinstance(value, pd.DataFrame):
        return TABLES
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return ROWS + NUMERIC * (np.asarray(value).dtype.kind in "biuf")
    return []


def _alone(value):
    return [value]


def _array_like(values):
    """Return an object that turns itself into an array, and offers no more."""
    array = np.asarray(values)
    return types.new_class(
        "Rows", (), {}, lambda body: body.update(__array__=lambda *_, **__: array)
    )()


MAPPINGS = [
    types.MappingProxyType, collections.UserDict, collections.OrderedDict,
    lambda v: list(v.items()), lambda v: iter(v.items()), lambda v: v.keys(),
    lambda v: {Text(name): entry for name, entry in v.items()},
    lambda v: {np.str_(name): entry for name, entry in v.items()},
    lambda v: {name.encode(): entry for name, entry in v.items()},
    lambda v: pd.Series(v, dtype=object), lambda v: collections.defaultdict(list, v),
]  # fmt: skip
TABLES = [
    pd.DataFrame.convert_dtypes, lambda v: v.astype(object),
    lambda v: v.to_dict("list"),
    lambda v: v.to_dict("series"), lambda v: v.iloc[:, ::-1], pd.DataFrame.to_numpy,
    lambda v: v.convert_dtypes(dtype_backend="pyarrow"), pa.table,
]  # fmt: skip
ROWS = [
    list, tuple, iter, lambda v: (e for e in v), np.asarray, collections.deque, set,
    lambda v: np.asarray(v, dtype=object), lambda v: np.asarray(v)[::-1][::-1],
    np.asfortranarray, np.ma.masked_array, lambda v: np.asarray(v).tolist(),
    lambda v: dict(enumerate(v)).values(), lambda v: dict.fromkeys(v).keys(),
    pd.Series, pd.Index, pd.array, pd.Categorical, pa.array,
    lambda v: np.asarray(v)[:, None], lambda v: np.asarray(v)[None],
    lambda v: pd.Series(v).convert_dtypes(), lambda v: pd.Series(v).astype("category"),
    pd.DataFrame, sparse.csr_array, lambda v: pa.table(pd.DataFrame(v)),
    lambda v: pd.DataFrame(v).astype("Float64"), _array_like,
]  # fmt: skip
NUMERIC = [
    torch.tensor, lambda v: torch.tensor(v).to_sparse(), lambda v: np.asarray(v) + 0j,
    lambda v: np.asarray(v).astype("U"), lambda v: np.asarray(v).astype(">f8"),
    lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True),
    lambda v: np.asarray(v).astype("g"), lambda v: np.asarray(v).astype(np.uint64),
    np.vectorize(decimal.Decimal, otypes=[object]),
    lambda v: [np.int32(e) for e in v], lambda v: [str(e) for e in v],
]  # fmt: skip


def written(value):
    """Return what a value is in other spellings: those that exist."""
    ways = []
    for way in spellings(value):
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = way(value)
            if not _lossy(value, other):
                ways.append(other)
    return ways


def _lossy(value, other):
    """Return whether numbers were lost on the way, as of 0.5 in an unsigned one."""
    if not isinstance(other, np.ndarray | list) or isinstance(value, str | Path):
        return False
    one, two = np.asarray(value), np.asarray(other)
    numeric = one.dtype.kind in "biuf" and two.dtype.kind in "biuf"
    return bool(numeric and not np.array_equal(one.ravel(), two.ravel()))


# Damage, which is refused or changes the result.


def damages(value):  # noqa: C901 (one branch a type)
    """Return values that lack or lose what the value says."""
    if isinstance(value, Mapping) and value:
        first, rest = next(iter(value)), dict(value)
        inner = [{**rest, first: entry} for entry in damages(value[first])]
        return [{**rest, "odd": value[first]}, {**rest, 3: value[first]}, *inner,
                {n: e for n, e in rest.items() if n != first}]  # fmt: skip
    if isinstance(value, pd.DataFrame):
        later = pd.Series(np.arange(len(value)) > 0, value.index)
        return [value.iloc[:-1], value.where(later, axis=0),
                pd.concat([value, value.iloc[:1]]), value.iloc[:, :-1]]  # fmt: skip
    if isinstance(value, list | tuple | np.ndarray | pd.Series) and len(value):
        array = np.asarray(value)
        if array.dtype.kind not in "biufUO":
            return []
        ways = [array[:-1], np.concatenate([array, array[:1]]), array[:0]]
        for gap in (None, np.nan, pd.NA, "", np.inf):
            holed = array.astype(object)
            holed.flat[0] = gap
            ways.append(holed)
        mask = np.zeros(array.shape, bool)
        mask.flat[0] = True
        ways.append(np.ma.masked_array(array, mask))
        if array.dtype.kind == "f":
            ways += [array.astype("f2"), np.where(mask, -np.inf, array)]
        return ways
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [np.nan, np.inf, value + 0.5, None, pd.NA, np.ma.masked]
    if isinstance(value, str):
        return ["", None, f"{value}\0", f"{value}\ud800", np.nan]
    return []


def call(function, arguments):
    """Return the result of a call in a tuple, its warnings, and what was wrong.

    The tuple is empty where there is no result. Wrong is an error that is not one
    sentence of ours, with the place it comes from.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            return (function(**arguments),), warned, None
        except Exception as error:  # noqa: BLE001 (that is what is looked at)
            return (), warned, _other_words(error)


def _other_words(error):
    """Return what an error says unless it is one sentence of ours."""
    text = str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = f"{Path(rv.__file__).parent}" in frames[-1].filename
    kind = isinstance(error, ValueError | TypeError | OSError)
    if ours and kind and "`" in text and "\n" not in text:
        return None
    where = next((f for f in frames[::-1] if "refnet_viz/" in f.filename), frames[-1])
    return f"{type(error).__name__} from {where.filename}:{where.lineno}: {text}"


def _whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _number(value):
    return _whole(value) or isinstance(value, float | np.floating)


def _text(value):
    return isinstance(value, str)


def _place(value):
    return isinstance(value, str | Path)


def _single(value):
    return value is None or value is pd.NA or pd.api.types.is_scalar(value)


def _nowhere(_):
    return False


def _rows_of(letters):
    return lambda value: np.asarray(value).dtype.kind in letters


PLOTS = ("attribution", "bound", "compare", "curves", "graph", "history", "latent",
         "overlaps", "responsibility", "rewiring", "spectrum")  # fmt: skip
# Values that rightly change nothing, by argument: doors, which values, and why.
QUIET = [
    # How work is divided and called.
    ("batch_size", ["embed", "data.encode"], _whole),
    ("n_jobs", ["sweep", "label_curve", "refiner_curve"], _whole),
    ("device", ["data.encode"], lambda value: value == "cpu"),
    ("progress", ["fit", "pretrain", "sweep", "label_curve", "refiner_curve",
                  "data.encode", "report"],
     lambda value: isinstance(value, bool | np.bool_)),
    ("callback", ["Explorer.on_select"], callable),
    # Where something is kept: the result is the same.
    ("folder", ["sweep", "label_curve", "refiner_curve", "Run.save"], _place),
    ("scratch", ["data.on_disk"], _place),
    ("cache", ["data.encode"], _place),
    ("name", ["data.encode"], _text),  # of what is kept
    # Of what errors speak.
    ("name", ["Embedding.reordered", "Neighbors.reordered", "data.on_disk"], _text),
    ("like", ["Embedding.reordered", "Neighbors.reordered"], _text),
    # Upper limits that are not reached.
    ("most", ["Attribution.groups", "graph.edge_sets", "graph.name_clusters",
              "graph.representatives"], _whole),
    ("max_edges", ["plot.attribution", "plot.bound", "plot.graph", "plot.latent",
                   "plot.rewiring"], _whole),
    ("columns", [f"plot.{name}" for name in PLOTS], _number),  # as wide as it was
    ("sample", ["layout.fidelity"], _whole),
    ("scale", ["save, figure"], _number),  # of many marks, which are not there
    ("neighbors", ["project"], _whole),
    ("candidates", ["graph.weighted_neighbors"], _whole),
    ("near", ["graph.weighted_neighbors"], _whole),
    ("snapshots", ["fit", "pretrain", "sweep"], _whole),
    ("pivots", ["graph.measures_over_seeds", "graph.point_measures",
                "graph.with_measures"], _whole),
    # Random numbers which leave what is counted as it is, or which nothing needs here.
    ("seed", ["counterfactual", "robustness", "rails", "Dataset.resplit",
              "Dataset.with_labels", "data.missing", "data.with_validation", "compare",
              "project", "graph.calibrated_similarity", "graph.compare_pairs",
              "graph.label_edges", "graph.label_information", "graph.name_clusters",
              "responsibility.cross_fit"], _whole),
    ("draws", ["graph.measures_over_seeds", "graph.point_measures",
               "graph.with_measures"], _whole),
    ("permutations", ["compare", "graph.calibrated_similarity", "graph.label_edges",
                      "graph.name_clusters"], _whole),
    # Spaces that all rows have.
    ("space", ["Embedding.present_in"],
     lambda value: _text(value) and value in ("a", "b", "latent", "refined")),
    # A value that no row has.
    ("unlabelled", ["Embedding.from_arrays", "Dataset.from_arrays", "data.from_table",
                    "data.from_mat", "data.from_anndata", "data.from_webdataset"],
     _single),
    # Limits on one side of which all pairs stay.
    ("radius", ["responsibility.certified", "responsibility.supported"],
     lambda value: np.ndim(value) == 1),
    ("alpha", ["responsibility.pure_by_loss"], _number),
    ("beta", ["responsibility.pure_by_loss"], _number),
    # Rows in half precision: order, shares and rounded distances are the same.
    ("fractions", ["Dataset.resplit"], _rows_of("f")),
    ("distances", ["Neighbors.from_embedding"], _rows_of("f")),
    ("space", ["layout.fidelity"], _rows_of("f")),
    ("coordinates", ["layout.fidelity"], _rows_of("f")),
    # None says what the untouched call says in other words.
    ("join", ["Embedding.from_arrays", "Dataset.from_arrays"],
     lambda value: value is None),
    ("id", ["data.from_table"], lambda value: value is None),
    ("key", ["data.on_disk"], lambda value: value is None),
    ("space", ["explore"], lambda value: value is None),
    ("color", ["explore"], lambda value: value is None),
    ("mode", ["explore"], lambda value: value is None),
    # What lacks a setting has the default one, as that of the untouched call is.
    ("values", ["Config.from_dict"], lambda value: len(value) < len(SMALL.to_dict())),
    ("manifest", ["replay"], lambda value: "made_of" in value),  # of newer versions
    # An id twice among those selected, a variant beside the two that are compared, and
    # a source of names that the data lack.
    ("ids", ["Explorer.select", "Explorer.tag"],
     lambda value: len(value) == 3 or list(value) == [0, 1]),  # or their numbers
    ("graphs", ["plot.rewiring"], lambda value: len(value) == 3),
    ("sources", ["graph.name_clusters"], lambda value: "label" in value),
]  # fmt: skip
# Other spellings that rightly say something else: of more axes, or with names.
TELLING = {
    ("Modality.of", "values"): lambda value: (
        np.ndim(value) == 3 or isinstance(value, pd.DataFrame | pa.Table)
    ),
    ("Neighbors.similarity", "distance"): lambda value: np.ndim(value) != 2,
    ("responsibility.certified", "radius"): lambda value: np.ndim(value) != 1,
    ("responsibility.supported", "radius"): lambda value: np.ndim(value) != 1,
    # Columns in another order, or without an index, are another table.
    ("save, table", "thing"): lambda value: next(iter(value)) == "y",
    ("data.from_table", "source"): lambda value: isinstance(value, dict | pa.Table),
}  # fmt: skip


def is_quiet(door, argument, value):
    """Return whether a value rightly changes nothing."""
    called = {door, door.split(",")[0]}
    return any(
        name == argument and called & set(doors) and may(value)
        for name, doors, may in QUIET
    )


class Judge:
    """Odd calls of all doors, and what their answers are worth."""

    def __init__(self, every):
        self.every = every
        self.untouched = {}

    def before(self, name):
        """Return the digest of the untouched call of a door, None if it is refused."""
        if name not in self.untouched:
            result, _, wrong = call(*self.every[name])
            assert wrong is None, (name, wrong)
            self.untouched[name] = digest(result[0]) if result else None
        return self.untouched[name]

    def parameters(self, name):
        """Return the names of the arguments of a door."""
        function, arguments = self.every[name]
        return arguments_of(function, arguments)

    def usual(self, name, parameter):
        """Return the value that an argument has in the untouched call."""
        function, arguments = self.every[name]
        if parameter in arguments:
            return arguments[parameter]
        return inspect.signature(function).parameters[parameter].default

    def answer(self, name, parameter, value, *, kind):
        """Return what a call is answered with, as a word and a sentence.

        Parameters
        ----------
        name, parameter
            Door and argument.
        value
            Its value.
        kind
            "odd", "spelling" of the usual value, or "damage" to it.

        Returns
        -------
        tuple of str
            "refused" or "accepted"; "fault", with other words; "ignored", where it
            changed nothing though it says something else; "misread", where a spelling
            gave another result; "unnoticed", where damage changed nothing.
        """
        before = self.before(name)
        function, arguments = self.every[name]
        result, warned, wrong = call(function, arguments | {parameter: value})
        if wrong:
            return "fault", wrong
        if not result:
            return "refused", ""
        if warned and kind != "spelling":
            return "accepted", "with a warning"
        after = digest(result[0])
        if kind == "spelling":
            may = after == before or TELLING.get((name, parameter), _nowhere)(value)
            return ("accepted" if may else "misread"), ""
        if after == before:
            usual = self.usual(name, parameter)
            may = is_quiet(name, parameter, value) or same(value, usual)
            odd = "unnoticed" if kind == "damage" else "ignored"
            return ("accepted" if may else odd), ""
        return self._as_plain(name, parameter, value, after)

    def _as_plain(self, name, parameter, value, after):
        """Return whether a value gives what it gives as Python writes it."""
        function, arguments = self.every[name]
        again = ()
        if digest([value]) != digest([plain(value)]):
            words = arguments | {parameter: plain(value)}
            again, _, _ = call(function, words)
        if again and digest(again[0]) != after:
            return "misread", f"as {plain(value)!r}"
        return "accepted", ""


def plain(value):
    """Return a value as Python writes it, for values that say the same."""
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "biufU":
        return value.tolist()
    if isinstance(value, Path | Text):
        return str(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def same(one, other):
    """Return whether two values say the same: equal ones, or nothing at all."""
    if _nothing(one) and _nothing(other):
        return True
    numbers = [isinstance(value, int | float) for value in (plain(one), plain(other))]
    if all(numbers) and plain(one) == plain(other):
        return True
    return digest([_listed(one)]) == digest([_listed(other)])


def _listed(value):
    """Return numbers as a list, whatever holds them: a tensor, sparse or of objects."""
    with contextlib.suppress(Exception):  # what holds something else
        if isinstance(value, list | tuple):
            value = np.array(plain(value), dtype=object)
        elif isinstance(value, torch.Tensor):
            value = value.detach().to_dense().double().numpy()
        elif sparse.issparse(value):
            value = value.toarray()
        elif isinstance(value, pd.DataFrame | pd.Series) and all(
            isinstance(axis, pd.RangeIndex) for axis in value.axes
        ):
            value = value.to_numpy()
        if isinstance(value, np.ndarray) and value.size:
            others = (str, bytes, complex, bool, np.bool_)
            others = any(isinstance(x, others) for x in value.flat)
            return plain(value) if others else value.astype(np.float64).tolist()
    return plain(value)


def _is_empty(value):
    return not (value.size if isinstance(value, np.ndarray) else len(value))


def _nothing(value):
    holder = isinstance(value, Mapping | list | tuple | np.ndarray)
    return value is None or value is Ellipsis or (holder and _is_empty(value))


def every_spelling(judge, without=()):
    """Yield each other spelling of, and each damage to, each argument of each door.

    Parameters
    ----------
    judge
        Has the doors.
    without
        Names of doors that are left out.
    """
    for name in sorted(set(judge.every) - set(without)):
        for parameter in judge.parameters(name):
            usual = judge.usual(name, parameter)
            for kind, ways in (("spelling", written), ("damage", damages)):
                for value in ways(usual):
                    yield (name, parameter), value, kind


@st.composite
def calls(draw, judge, rare=()):
    """Draw a door and an argument, a value for it, and what kind of value it is.

    Parameters
    ----------
    draw
        Of hypothesis.
    judge
        Has the doors.
    rare
        Names of doors, with how many draws one call is made.
    """
    names = sorted(judge.every)
    name = draw(
        st.sampled_from(names).filter(
            lambda name: name not in rare or not draw(st.integers(0, rare[name]))
        )
    )
    parameter = draw(st.sampled_from(judge.parameters(name)))
    usual = judge.usual(name, parameter)
    kind = draw(st.sampled_from(["odd"] * 3 + ["spelling", "damage"]))
    others = {"spelling": written, "damage": damages}.get(kind)
    others = others(usual) if others else []
    if not others:
        return (name, parameter), draw(VALUES), "odd"
    return (name, parameter), draw(st.sampled_from(others)), kind
