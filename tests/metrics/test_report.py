import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import precision_recall_fscore_support

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import multi_task_report


@pytest.mark.parametrize("kind", ["int", "str", "mixed"])
def test_rows_equal_scikit_learns(digits, targets, forests, one_task, holes, kind):
    y = pd.DataFrame(targets[kind])[200:].reset_index(drop=True)
    X, forest = digits[0][200:], forests[kind]
    weights = np.random.default_rng(0).random((200, 3))
    for weight in (None, weights):
        report = multi_task_report(
            y.astype(object).mask(holes), forest.predict(X), sample_weight=weight, zero_division=0
        )
        assert list(report.columns) == ["task", "class", "precision", "recall", "f1", "support", "missing"]
        for t, task in enumerate(y.columns):
            rows = ~holes[:, t]
            labels, _, classes = one_task(forest, t, X)
            expected = precision_recall_fscore_support(
                y[task].to_numpy()[rows].astype(labels.dtype),
                labels[rows],
                sample_weight=None if weight is None else weight[rows, t],
                zero_division=0,
            )
            found = report[report["task"] == task]
            assert found["class"].tolist() == classes.tolist()
            for column, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
                assert found[column].tolist() == values.tolist()
            assert (found["missing"] == holes[:, t].sum()).all()


def test_classes_keep_their_type():
    report = multi_task_report(pd.DataFrame({"n": [1, 2], "s": ["a", "b"], "b": [True, False]}), [[1, "a", True]] * 2,
                               zero_division=0)  # fmt: skip
    assert [type(v) for v in report["class"]] == [int, int, str, str, bool, bool]
    assert multi_task_report([1, 2], [1, 2])["class"].dtype == np.int64


def test_task_without_labels_keeps_a_row():
    y_true = pd.DataFrame({"a": [1, 2], "b": [None, None]})
    with pytest.warns(UnlabelledTaskWarning, match="Task 'b'"):
        report = multi_task_report(y_true, [[1, 3], [2, 3]])
    last = report.iloc[-1]
    assert (last["task"], last["support"], last["missing"]) == ("b", 0, 2)
    assert report.loc[report["task"] == "b", ["class", "precision", "recall", "f1"]].isna().all(axis=None)
    with pytest.warns(UnlabelledTaskWarning):
        assert "b  (2 missing)\n   no label" in multi_task_report(y_true, [[1, 3], [2, 3]], output="text")


@pytest.mark.parametrize("output", ["frame", "text"])
def test_undefined_scores_are_told_once_a_task(output):
    y_true = pd.DataFrame({"ok": [1, 2, 1], "bad": ["a", "b", "b"]})
    with pytest.warns(UndefinedMetricWarning) as seen:
        multi_task_report(y_true, [[1, "b"], [2, "b"], [1, "c"]], output=output)
    assert [w.filename for w in seen] == [__file__]
    assert str(seen[0].message).startswith(
        "Task 'bad': the precision of ['a'] (never predicted) and the recall of ['c'] (without a true label) cannot be"
    )


def test_an_ordered_target_keeps_its_order():
    size = pd.Categorical(["small", "large", "medium", None], ["tiny", "small", "medium", "large"], ordered=True)
    report = multi_task_report(
        pd.DataFrame({"size": size, "n": [3, 1, 2, 2]}),
        [["small", 1], ["large", 1], ["giant", 2], ["small", 3]],
        zero_division=0,
    )
    assert report["class"].tolist() == ["small", "medium", "large", "giant", 1, 2, 3]
    assert report["recall"].tolist() == [1, 0, 1, 0, 1, 1 / 2, 0]
    text = multi_task_report(size[:3], ["small", "large", "large"], output="text", zero_division=0)
    assert text.index("small") < text.index("medium") < text.index("large")


def test_zero_division_as_in_scikit_learn():
    report = multi_task_report([1, 2], [1, 1], zero_division=1.0)
    assert report["precision"].tolist() == [1 / 2, 1]
    with pytest.raises(ValueError, match=r"'zero_division' parameter .* Got 'wran'"):
        multi_task_report([1, 2], [1, 1], zero_division="wran")
    assert np.isnan(multi_task_report([1, 2], [1, 1], zero_division=np.nan)["precision"].iloc[1])


def test_unknown_output():
    with pytest.raises(ValueError, match=r"output must be one of 'frame', 'text'. Got 'txt'.*Did you mean 'text'"):
        multi_task_report([1], [1], output="txt")
