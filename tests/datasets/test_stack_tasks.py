import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits, make_signals, make_volumes, stack_tasks
from skmtl.nn import ConvTrunk

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 8, 8), dtype=np.uint8)
LABELS = np.arange(12) % 3


def tiny():
    return MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=(4,)), max_epochs=1, random_state=0)


def test_rows_labels_and_origin():
    other = RNG.integers(0, 256, (4, 8, 8), dtype=np.uint8)
    X, y, origin = stack_tasks({"digit": (IMAGES, LABELS), "font": (other, ["a", "b", "a", "b"])})
    np.testing.assert_array_equal(X[:12], IMAGES)
    np.testing.assert_array_equal(X[12:], other)
    assert y.shape == (16, 2)
    assert y["digit"][:12].tolist() == LABELS.tolist()
    assert y["font"][12:].tolist() == ["a", "b", "a", "b"]
    assert origin.tolist() == ["digit"] * 12 + ["font"] * 4
    assert y.notna().to_numpy().nonzero()[1].tolist() == [0] * 12 + [1] * 4


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (LABELS, int),
        (LABELS.astype(np.uint8), int),
        (np.array(list("abc"))[LABELS], str),
        (LABELS > 0, bool),
        (LABELS.astype(float), float),
    ],
)
@pytest.mark.parametrize("other", [np.array([7, 8] * 3), np.array(["x", "y"] * 3), np.array([True, False] * 3)])
def test_labels_are_predicted_in_the_type_they_came_in(labels, kind, other):
    X, y, _ = stack_tasks({"a": (IMAGES, labels), "b": (IMAGES[:6], other)})
    predicted = tiny().fit(X, y).predict(IMAGES)
    assert {type(v) for v in predicted[:, 0].tolist()} == {kind}
    assert {type(v) for v in predicted[:, 1].tolist()} == {type(other.tolist()[0])}
    assert set(predicted[:, 0].tolist()) <= set(labels.tolist())


def test_two_integer_tasks_are_predicted_as_integers():
    X, y, _ = stack_tasks({"a": (IMAGES, LABELS), "b": (IMAGES, LABELS + 5)})
    clf = tiny().fit(X, y)
    assert [c.tolist() for c in clf.classes_] == [[0, 1, 2], [5, 6, 7]]
    assert clf.predict(X).dtype == np.int64


def test_sizes_differ_and_origin_stratifies():
    digits = load_digits()
    X_pair, y_pair = load_two_digits(60, return_X_y=True, as_frame=True)
    X_digit = (digits.images[:90] * 15).astype(np.uint8)
    X, y, origin = stack_tasks({"digit": (X_digit, digits.target[:90]), "pair": (X_pair, y_pair)}, size=16)
    assert X.shape == (150, 16, 16)
    assert list(y) == ["digit", "left", "right"]
    assert y.loc[origin == "pair", "left"].tolist() == y_pair["left"].tolist()
    for _, test in StratifiedKFold(n_splits=3).split(X, origin):
        assert np.unique(origin[test], return_counts=True)[1].tolist() == [30, 20]


def test_signals_and_volumes_are_stacked():
    first, second = (make_signals(n, length=32, random_state=n) for n in (5, 7))
    X, y, _ = stack_tasks({"wave": (first.images, first.target[:, 0]), "leader": (second.images, second.target[:, 2])})
    np.testing.assert_array_equal(X, np.concatenate([first.images, second.images]))
    assert [type(v) for v in y.iloc[[0, 5]].to_numpy().ravel().tolist()][::3] == [str, int]
    volumes = make_volumes(4, size=12, as_frame=True)
    X, y, _ = stack_tasks({"a": (volumes.images, volumes.target), "b": (volumes.images, volumes.target[["body"]])})
    assert X.shape == (8, 12, 12, 12)
    assert y.notna().sum().tolist() == [8, 4, 4]


@pytest.mark.parametrize(("keys", "dtype"), [(("a", "bc"), "<U2"), ((1, 2), "int64"), ((1, "a"), "O")])
def test_origin_holds_the_keys(keys, dtype):
    _, _, origin = stack_tasks({key: (IMAGES[:2], [0, 1]) for key in keys})
    assert origin.dtype == dtype
    assert origin.tolist() == [keys[0]] * 2 + [keys[1]] * 2


def test_origin_of_tuples():
    origin = stack_tasks({("a", 1): (IMAGES, pd.DataFrame({"x": LABELS}))})[2]
    assert origin.tolist() == [("a", 1)] * 12


def test_inputs_are_not_changed():
    images, labels = IMAGES.copy(), pd.DataFrame({"x": LABELS})
    parts = {"a": (images, labels)}
    X, y, _ = stack_tasks(parts)
    X[:] = 0
    y["x"] = 0
    np.testing.assert_array_equal(images, IMAGES)
    assert labels["x"].tolist() == LABELS.tolist()
    assert parts["a"][0] is images


def test_channel_axis_settles_what_auto_cannot():
    ambiguous = RNG.integers(0, 256, (2, 3, 8, 3), dtype=np.uint8)
    parts = {"a": (IMAGES, LABELS), "b": (ambiguous, [0, 1])}
    with pytest.raises(ValueError, match=r"parts\['b'\]: .*ambiguous.*Set channel_axis"):
        stack_tasks(parts, size=8, mode="L")
    # Three lines of eight pixels, or three channels of eight lines of three pixels.
    last, first = (stack_tasks(parts, size=8, mode="L", channel_axis=axis)[0] for axis in (-1, 1))
    assert (last[12:] != first[12:]).any()


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ([(IMAGES, LABELS)], TypeError, "parts must be a mapping from a name to .* Got list instead"),
        ({}, ValueError, "parts is empty: pass at least one"),
        ({"a": IMAGES}, TypeError, r"parts\['a'\] must be a pair \(X, y\).* Got ndarray instead"),
        ({"a": (IMAGES, LABELS, LABELS)}, TypeError, "Got tuple of 3 instead"),
        ({"a": (IMAGES, LABELS[:5])}, ValueError, r"parts\['a'\]: X has 12 rows, but y has 5"),
        ({"a": (IMAGES, None)}, ValueError, r"parts\['a'\]: .*y is None"),
        ({"a": (IMAGES, {"x": LABELS})}, TypeError, r"parts\['a'\]: y is a dict"),
        ({"a": (IMAGES, [1, "b"] * 6)}, ValueError, r"parts\['a'\]: .*mix int and str"),
        ({"a": (np.zeros(12), LABELS)}, ValueError, r"parts\['a'\]: X must be an array of numbers"),
        (
            {"a": (IMAGES, pd.DataFrame([[0, 1]] * 12, columns=["x", "x"]))},
            ValueError,
            r"parts\['a'\]: y has several columns named x",
        ),
    ],
)
def test_bad_parts_are_named(parts, error, message):
    with pytest.raises(error, match=message):
        stack_tasks(parts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, r"size must be a positive int or a pair .* Got 0"),
        ({"mode": ["L"]}, r"mode must be one of 'L', 'RGB'. Got \['L'\] instead"),
        ({"mode": "rgb"}, "mode must be one of 'L', 'RGB'. Got 'rgb' instead. Did you mean 'RGB'"),
        ({"channel_axis": None}, "channel_axis must be 'auto' or an int"),
        ({"channel_axis": 1}, "channel_axis=1 has no use without size or mode"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        stack_tasks({"a": (IMAGES, LABELS)}, **options)
