"""Targets of every kind: what goes in as labels comes out as the same labels; missing cells are no labels."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

KINDS = {
    "int": np.arange(4),
    "int8": np.arange(4, dtype=np.int8),
    "negative int": np.array([-7, -1, 0, 40]),
    "bool": np.array([False, True, False, True]),
    "float": np.array([0.0, 1.0, 2.0, 30.0]),
    "str": np.array(["a", "bb", "ccc", "d"]),
    "object": np.array(["a", "bb", "ccc", "d"], dtype=object),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [0, 1, 2])
def test_dtype_and_labels_come_back(kind, columns, make, digits):
    labels = KINDS[kind][digits.digit]
    y = labels if columns == 0 else np.column_stack([labels] * columns)
    clf = make(max_epochs=1).fit(digits.images, y)
    predicted = clf.predict(digits.images)
    assert predicted.dtype == y.dtype
    assert predicted.shape == y.shape
    assert set(predicted.ravel().tolist()) <= set(KINDS[kind].tolist())


CONTAINERS = {
    "array": lambda frame: np.column_stack([frame["digit"], frame["digit"] % 2]),
    "list": lambda frame: np.column_stack([frame["digit"], frame["digit"] % 2]).tolist(),
    "pandas": lambda frame: pd.DataFrame({"a": frame["digit"], "b": frame["digit"] % 2}),
    "pandas nullable": lambda frame: pd.DataFrame({"a": frame["digit"], "b": frame["digit"] % 2}).astype("Int64"),
    "pandas categorical": lambda frame: pd.DataFrame({"a": frame["digit"], "b": frame["digit"] % 2}).astype("category"),
    "polars": lambda frame: pl.DataFrame({"a": frame["digit"].to_numpy(), "b": (frame["digit"] % 2).to_numpy()}),
    "float array": lambda frame: np.column_stack([frame["digit"], frame["digit"] % 2]) * 1.0,
    "tensor": lambda frame: torch.tensor(np.column_stack([frame["digit"], frame["digit"] % 2])),
    "object array": lambda frame: np.column_stack([frame["digit"], frame["digit"] % 2]).astype(object),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_train_the_same_model(container, make, digits):
    expected = make().fit(digits.images, CONTAINERS["array"](digits.frame))
    clf = make().fit(digits.images, CONTAINERS[container](digits.frame))
    for p, q in zip(clf.predict_proba(digits.images), expected.predict_proba(digits.images), strict=True):
        np.testing.assert_array_equal(p, q)
    np.testing.assert_array_equal(clf.predict(digits.images).astype(int), expected.predict(digits.images))
    assert clf.task_names_ == (["a", "b"] if container.startswith(("pandas", "polars")) else ["task0", "task1"])
    assert clf.score(digits.images, CONTAINERS[container](digits.frame)) == expected.score(digits.images, digits.codes)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_named_series_names_the_task(library, make, digits):
    series = pd.Series(digits.digit, name="digit") if library == "pandas" else pl.Series("digit", digits.digit)
    clf = make().fit(digits.images, series)
    assert clf.task_names_ == ["digit"]
    assert clf.predict(digits.images).dtype == digits.digit.dtype


def test_mixed_polars_frame(make, digits):
    y = pl.DataFrame({"digit": digits.digit, "parity": digits.frame["parity"].tolist(), "large": digits.digit > 1})
    predicted = make().fit(digits.images, y).predict(digits.images[:5])
    assert predicted.dtype == object
    assert [type(v) for v in predicted[0]] == [int, str, bool]


def test_mixed_list(make, digits):
    y = [[int(d), "odd" if d % 2 else None] if d else [0, "even"] for d in digits.digit]
    clf = make().fit(digits.images, y)
    np.testing.assert_array_equal(clf.classes_[1], ["even", "odd"])
    assert [type(v) for v in clf.predict(digits.images)[0]] == [int, str]


def masked(frame, marker, dtype=object):
    labels = frame.assign(parity=frame["digit"] % 2).astype(dtype)
    labels.iloc[::4, 0] = marker
    labels.iloc[1::5, 1] = marker
    return labels


@pytest.mark.parametrize(
    ("marker", "dtype", "missing_label"),
    [
        (np.nan, float, None),
        (np.nan, object, None),
        (None, object, None),
        (pd.NA, object, None),
        (pd.NA, "Int64", None),
        (pd.NaT, object, None),
        (-1, int, -1),
        (99, object, 99),
        (np.nan, float, -1),
    ],
)
def test_every_marker_of_a_missing_label_means_the_same(marker, dtype, missing_label, make, digits):
    expected = make().fit(digits.images, masked(digits.frame, np.nan, float)).predict_proba(digits.images)
    y = masked(digits.frame, marker, dtype)
    clf = make(missing_label=missing_label).fit(digits.images, y)
    assert clf.n_classes_ == [4, 2]
    for p, q in zip(clf.predict_proba(digits.images), expected, strict=True):
        np.testing.assert_array_equal(p, q)
    assert not pd.isna(clf.predict(digits.images)).any()
    assert clf.score(digits.images, y) == make().fit(digits.images, masked(digits.frame, np.nan, float)).score(
        digits.images, masked(digits.frame, np.nan, float)
    )


def test_string_as_the_marker(make, digits):
    y = np.column_stack([digits.frame["parity"], np.where(digits.digit > 1, "large", "small")]).astype(object)
    y[::3, 0] = "?"
    clf = make(missing_label="?").fit(digits.images, y)
    assert [c.tolist() for c in clf.classes_] == [["even", "odd"], ["large", "small"]]


def test_class_only_in_rows_without_that_label_does_not_exist(make, digits):
    y = digits.codes.astype(float)
    y[digits.digit == 3, 0] = np.nan
    clf = make().fit(digits.images, y)
    np.testing.assert_array_equal(clf.classes_[0], [0, 1, 2])
    assert clf.predict_proba(digits.images)[0].shape == (120, 3)


def test_a_row_without_any_label_changes_nothing(make, digits):
    """Not even the statistics of the standardisation or the size of the batches."""
    y = digits.codes.astype(float)
    y[100:] = np.nan
    with_rows = make(batch_size=100).fit(digits.images, y).predict_proba(digits.images)
    without = make(batch_size=100).fit(digits.images[:100], y[:100]).predict_proba(digits.images)
    np.testing.assert_array_equal(with_rows[0], without[0])


def test_a_batch_without_a_label_of_a_task_gives_no_nan(make, digits):
    y = digits.codes.astype(float)
    y[6:, 1] = np.nan
    clf = make(batch_size=4).fit(digits.images, y)
    assert all(torch_all_finite(p) for p in clf.net_.module_.parameters())
    assert all(np.isfinite(v) for row in clf.history_ for k, v in row.items() if k.endswith("loss"))


def torch_all_finite(parameter):
    return bool(parameter.isfinite().all())


def test_rows_keep_their_labels_of_other_tasks(make, digits):
    """A missing label of one task must not drop the row for the other."""
    y = digits.codes.astype(float)
    y[30:, 1] = np.nan
    learned = make(max_epochs=20).fit(digits.images, y)
    only_labelled = make(max_epochs=20).fit(digits.images[:30], digits.codes[:30])
    score = (learned.predict(digits.images)[:, 0] == digits.digit).mean()
    assert score > 0.97
    assert score > (only_labelled.predict(digits.images)[:, 0] == digits.digit).mean()
