import re
import signal

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import make_scorer, zero_one_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, PredefinedSplit, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier, TaskGroupingClassifier
from skmtl.datasets import TaskImages
from skmtl.exceptions import UndefinedGainWarning, UnlabelledTaskWarning
from skmtl.metrics import delta_m
from skmtl.model_selection import compare_with_single_task

X = np.arange(24.0).reshape(12, 2)
Y = pd.DataFrame({"a": [0, 1] * 6, "b": ["x", "x", "y"] * 4})
SEEN = []


class Counting(ClassifierMixin, BaseEstimator):
    """Alone it predicts the first training label of a task; among others the last."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        SEEN.append((self.random_state, np.asarray(X)[:, 0].astype(int).tolist(), y, sample_weight))
        columns = [y] if y.ndim == 1 else [y.iloc[:, t] for t in range(y.shape[1])]
        self.classes_ = [np.unique(c.dropna()) for c in columns]
        self.labels_ = [c.dropna().iloc[0 if len(columns) == 1 else -1] for c in columns]
        self.classes_ = self.classes_[0] if y.ndim == 1 else self.classes_
        return self

    def predict(self, X):
        rows = np.array([self.labels_] * len(X), dtype=object)
        return rows[:, 0] if rows.shape[1] == 1 else pd.DataFrame(rows)


@pytest.fixture(autouse=True)
def forget():
    SEEN.clear()


def test_scores_by_hand():
    result = compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1)
    # First half held out: trained on rows 6 to 11, whose first labels are 0 and "x", whose last 1 and "y".
    assert result.scores.to_dict("list") == {
        "repeat": [0] * 4,
        "split": [0, 0, 1, 1],
        "task": ["a", "b"] * 2,
        "single_task": pytest.approx([1 / 2, 2 / 3, 1 / 2, 2 / 3]),
        "multi_task": pytest.approx([1 / 2, 1 / 3, 1 / 2, 1 / 3]),
    }
    table = result.table
    assert table.index.tolist() == ["a", "b"]
    assert table["difference"].tolist() == pytest.approx([0, -1 / 3])
    # Both folds differ by the same, which two folds of six rows may do by chance: t times a sixth's rounding.
    half = 12.7062047 * np.sqrt(1 / 6**2 / 12 / 2)
    assert table.loc["b", ["lower", "upper"]].tolist() == pytest.approx([-1 / 3 - half, -1 / 3 + half])
    assert table["negative_transfer"].tolist() == [False, False]
    assert result.delta_m == pytest.approx(delta_m([1 / 2, 1 / 3], [1 / 2, 2 / 3])) == pytest.approx(-25)
    # A row more changes the mean of two tasks' gains by half of 1/6 of what their scores are, 7/12.
    half *= 100 / 2 / (7 / 12)
    assert result.delta_m_interval == pytest.approx((-25 - half, -25 + half))
    assert (result.metric, result.confidence_level) == ("accuracy", 0.95)


def test_same_rows_and_seeds_for_all_models():
    compare_with_single_task(Counting(), X, Y, cv=3, n_repeats=2, random_state=0)
    assert len(SEEN) == 3 * 2 * 3
    seeds = [seed for seed, *_ in SEEN]
    assert len(set(seeds)) == 2
    assert seeds == sorted(seeds, key=seeds.index)
    for multi, *single in (SEEN[i : i + 3] for i in range(0, 18, 3)):
        assert isinstance(multi[2], pd.DataFrame)
        assert [y.name for _, _, y, _ in single] == ["a", "b"]
        assert all(rows == multi[1] and seed == multi[0] for seed, rows, _, _ in single)


def test_each_repeat_draws_other_folds():
    compare_with_single_task(Counting(), X, Y, cv=3, n_repeats=2, random_state=0)
    rows = [rows for _, rows, _, _ in SEEN]
    assert rows[:9] != rows[9:]
    SEEN.clear()
    compare_with_single_task(Counting(), X, Y, cv=KFold(3), n_repeats=2, random_state=0)
    rows = [rows for _, rows, _, _ in SEEN]
    assert rows[:9] == rows[9:]


def test_a_task_alone_is_trained_on_its_labelled_rows():
    y = Y.astype(object).mask(pd.DataFrame({"a": X[:, 0] == 14, "b": X[:, 0] >= 18}))
    compare_with_single_task(Counting(), X, y, cv=KFold(2), n_repeats=1)
    multi, a, b = (rows for _, rows, _, _ in SEEN[:3])
    assert multi == [12, 14, 16, 18, 20, 22]
    assert a == [12, 16, 18, 20, 22]
    assert b == [12, 14, 16]


@pytest.mark.parametrize("wrapped", [lambda model: model, lambda model: make_pipeline(FunctionTransformer(), model)])
@pytest.mark.parametrize("weight", [np.arange(1.0, 13), np.arange(1.0, 25).reshape(12, 2)])
def test_sample_weight_in_fit_and_scores(wrapped, weight):
    result = compare_with_single_task(wrapped(Counting()), X, Y, cv=KFold(2), n_repeats=1, sample_weight=weight)
    own = weight if weight.ndim == 1 else weight[:, 1]
    np.testing.assert_array_equal(SEEN[2][3], own[6:])
    np.testing.assert_array_equal(SEEN[0][3], weight[6:])
    right = Y["b"][:6] == "x"
    assert result.scores["single_task"][1] == pytest.approx(np.average(right, weights=own[:6]))


def test_params_are_cut_with_rows_and_tasks():
    cells, kind = np.arange(1.0, 25).reshape(12, 2), np.arange(12)
    pipeline = make_pipeline(FunctionTransformer(), CountingWith())
    params = {"countingwith__kind": kind, "countingwith__note": "all"}
    compare_with_single_task(pipeline, X, Y, cv=KFold(2), n_repeats=1, sample_weight=cells, params=params)
    for (*_, weight), own in zip(SEEN[:3], (cells, cells[:, 0], cells[:, 1]), strict=True):
        np.testing.assert_array_equal(weight[0], own[6:])
        np.testing.assert_array_equal(weight[1], kind[6:])
        assert weight[2] == "all"


class Unweighted(Counting):
    def fit(self, X, y):
        return super().fit(X, y)


class CountingWith(Counting):
    def fit(self, X, y, sample_weight, kind, note):
        return super().fit(X, y, (sample_weight, kind, note))


def test_intervals_are_the_plain_ones_of_a_single_repeat():
    digits, target = load_digits(return_X_y=True)
    y = np.column_stack([target, target % 2])[:300]
    forest = RandomForestClassifier(n_estimators=3)
    result = compare_with_single_task(forest, digits[:300], y, cv=4, n_repeats=1, random_state=1, confidence_level=0.9)
    assert result.table.index.tolist() == ["task0", "task1"]
    d = result.scores.assign(d=result.scores["multi_task"] - result.scores["single_task"]).pivot(
        index="split", columns="task", values="d"
    )
    half = 2.3533634 * d.std() / 2  # the quantile of three degrees of freedom
    np.testing.assert_allclose(result.table["upper"] - result.table["difference"], half, rtol=1e-6)


def test_overlapping_test_parts_widen_the_interval():
    digits, target = load_digits(return_X_y=True)
    y = np.column_stack([target, target % 2])[:200]
    forest = RandomForestClassifier(n_estimators=3)
    cv = ShuffleSplit(4, test_size=0.5)
    result = compare_with_single_task(forest, digits[:200], y, cv=cv, n_repeats=1, random_state=1)
    d = (result.scores["multi_task"] - result.scores["single_task"]).to_numpy().reshape(4, 2)
    half = 3.1824463 * d.std(axis=0, ddof=1) * np.sqrt(1 / 4 + 1)
    np.testing.assert_allclose(result.table["upper"] - result.table["difference"], half, rtol=1e-6)


def test_deterministic_in_any_number_of_jobs():
    digits, target = load_digits(return_X_y=True)
    y = np.column_stack([target, target % 2])[:120]
    clf = MultiTaskCNNClassifier(max_epochs=1, image_shape=(8, 8), random_state=99)
    how = {"cv": 2, "n_repeats": 2, "random_state": 5, "scoring": "neg_log_loss"}
    one = compare_with_single_task(clf, digits[:120], y, **how)
    two = compare_with_single_task(clf, digits[:120], y, n_jobs=2, **how)
    pd.testing.assert_frame_equal(one.scores, two.scores)
    assert clf.random_state == 99
    assert not hasattr(clf, "net_")


def test_costs_of_real_networks():
    digits, target = load_digits(return_X_y=True)
    y = pd.DataFrame({"digit": target, "odd": target % 2})[:120]
    clf = make_pipeline(FunctionTransformer(), MultiTaskCNNClassifier(max_epochs=1, image_shape=(8, 8)))
    costs = compare_with_single_task(clf, digits[:120], y, cv=2, n_repeats=1, random_state=0).costs
    digit = clf.fit(digits[:120], y["digit"])[-1].net_.module_
    count = sum(p.numel() for p in digit.parameters())
    head = sum(p.numel() for p in digit.heads.parameters())
    assert costs.loc["single_task", "parameters"] == 2 * (count - head) + head * 12 / 10
    assert costs.loc["multi_task", "parameters"] == count - head + head * 12 / 10
    assert (costs[["fit_time", "predict_time"]] > 0).all(axis=None)


def test_parameters_of_all_networks_of_a_meta_estimator():
    digits, target = load_digits(return_X_y=True)
    y = pd.DataFrame({"digit": target, "odd": target % 2})[:80]
    clf = MultiTaskCNNClassifier(max_epochs=1, image_shape=(8, 8))
    grouped = TaskGroupingClassifier(MultiTaskCalibratedClassifier(clf, cv=2), groups=[("digit",), ("odd",)])
    how = {"cv": 2, "n_repeats": 1, "random_state": 0}
    costs = compare_with_single_task(grouped, digits[:80], y, **how).costs
    alone = compare_with_single_task(clf, digits[:80], y, **how).costs
    assert costs["parameters"].tolist() == [alone.loc["single_task", "parameters"]] * 2


def test_a_search_over_ways_to_share():
    digits, target = load_digits(return_X_y=True)
    y = pd.DataFrame({"digit": target, "odd": target % 2})[:60]
    clf = MultiTaskCNNClassifier(max_epochs=1, image_shape=(8, 8))
    how = {"cv": 2, "n_repeats": 1, "random_state": 0}
    grid = {"task_weights": [{"digit": 1, "odd": 3}]}
    searched = compare_with_single_task(GridSearchCV(clf, grid, cv=2), digits[:60], y, **how).scores
    given = compare_with_single_task(clf.set_params(task_weights=[1, 3]), digits[:60], y, **how).scores
    pd.testing.assert_frame_equal(searched, given)


def test_models_that_count_no_parameters():
    result = compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1)
    assert result.costs["parameters"].isna().all()


@pytest.mark.parametrize("kind", [dict, TaskImages])
def test_an_input_per_task(kind):
    rng = np.random.default_rng(0)
    X = kind({"a": rng.random((12, 8, 8)), "b": rng.random((12, 8, 8))})
    clf = MultiTaskCNNClassifier(max_epochs=1)
    result = compare_with_single_task(clf, X, Y, cv=2, n_repeats=1, random_state=0)
    assert result.table.notna().all(axis=None)


def test_report():
    result = compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1)
    text = str(result)
    assert "accuracy, multi-task against single-task, 95 % intervals" in text
    assert "delta_m -25.00 % [-62.05, +12.05], higher is better" in text
    assert repr(result) == "SingleTaskComparison(delta_m=-25, tasks=['a', 'b'])"


def test_every_task_by_its_own_metric():
    y = Y.assign(c=["yes", "no", "no"] * 4)
    scoring = {"a": "accuracy", "c": "f1", "b": make_scorer(zero_one_loss, greater_is_better=False)}
    result = compare_with_single_task(Counting(), X, y, cv=KFold(2), n_repeats=1, scoring=scoring)
    # Alone c is always "yes", right for a third of the rows: precision 1 / 3, recall 1. Among others it is never.
    assert result.scores.iloc[:3].to_dict("list") == {
        "repeat": [0] * 3,
        "split": [0] * 3,
        "task": ["a", "b", "c"],
        "single_task": pytest.approx([1 / 2, -1 / 3, 1 / 2]),
        "multi_task": pytest.approx([1 / 2, -2 / 3, 0]),
    }
    assert result.delta_m == pytest.approx(100 * (0 - 1 - 1) / 3)  # the loss of b doubles, c loses all it has
    assert result.metric == {"a": "accuracy", "b": "zero_one_loss", "c": "f1"}
    text = str(result)
    assert "Each task by its metric, multi-task against" in text
    assert re.search(r"\nc +f1 +0.5000 +0.0000 +-0.5000", text)
    assert list(result.table) == ["single_task", "multi_task", "difference", "lower", "upper", "negative_transfer"]


def test_progress(capsys):
    compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1)
    assert capsys.readouterr().err == ""
    compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1, verbose=1)
    assert "compare" in capsys.readouterr().err


def test_groups_and_given_splits():
    groups = np.arange(12) // 3
    compare_with_single_task(Counting(), X, Y, cv=GroupKFold(2), n_repeats=1, groups=groups)
    assert all(set(groups[np.array(rows) // 2]) in ({0, 2}, {1, 3}) for _, rows, _, _ in SEEN)
    given = [(np.arange(6), np.arange(6, 12)), (np.arange(12) >= 6, np.arange(12) < 6)]
    once = compare_with_single_task(Counting(), X, Y, cv=given, n_repeats=1)
    assert once.scores["split"].max() == 1
    twice = compare_with_single_task(Counting(), X, Y, cv=iter(given), n_repeats=2)  # a generator is read once
    assert twice.scores["repeat"].tolist() == [0] * 4 + [1] * 4


def test_a_held_out_part_without_labels():
    y = Y.astype(object).mask(pd.DataFrame({"a": X[:, 0] < 8, "b": False}))
    with pytest.warns(UnlabelledTaskWarning, match="Task 'a' has no labelled cell"):
        result = compare_with_single_task(Counting(), X, y, cv=KFold(3), n_repeats=1)
    assert result.table.notna().all(axis=None)
    assert result.scores["single_task"].isna().sum() == 1
    assert np.isfinite(result.delta_m)


def test_nothing_is_relative_to_zero():
    y = Y.assign(b=["x"] * 6 + ["y"] * 5 + ["x"])
    with pytest.warns(UndefinedGainWarning, match=r"Single-task models of \['b'\] score 0 in some splits"):
        result = compare_with_single_task(Counting(), X, y, cv=KFold(2), n_repeats=1)
    assert np.isfinite(result.delta_m)
    assert np.isnan(result.delta_m_interval).all()


def test_nothing_is_relative_to_infinity():
    with pytest.warns(
        UndefinedGainWarning, match=r"\['a', 'b'\] score 0 in some splits \(or a score is infinite\)"
    ) as seen:
        result = compare_with_single_task(Counting(), X, Y, cv=KFold(2), n_repeats=1, scoring=lambda y, p: -np.inf)
    assert [w.filename for w in seen] == [__file__]
    assert np.isnan(result.delta_m)
    assert result.table[["difference", "lower", "upper"]].isna().all(axis=None)
    assert not result.table["negative_transfer"].any()


def test_task_names_may_be_tuples():
    y = Y.set_axis(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), axis=1)
    result = compare_with_single_task(Counting(), X, y, cv=KFold(2), n_repeats=1)
    assert result.table.index.tolist() == [("a", 1), ("b", 2)]
    assert result.scores["task"].tolist() == [("a", 1), ("b", 2)] * 2


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"scoring": {"a": "f1"}}, r"scoring must name every task; it lacks \['b'\]"),
        ({"scoring": {"a": "f1", "B": "f1"}}, "scoring names the task 'B', .* Did you mean 'b'"),
        (
            {"scoring": "f1", "y": Y.assign(a=[0, 1, 2] * 4)},
            "Task 'a' cannot .* 'f1', which is one of two .* 'f1_macro'",
        ),
        ({"scoring": "acuracy"}, "metric must be a name .* Did you mean 'accuracy'"),
        ({"cv": PredefinedSplit([0] * 6 + [-1] * 6), "n_repeats": 1}, "give a single split, but an interval needs two"),
        ({"cv": 1}, "requires at least one train/test split"),
        ({"n_repeats": 0}, "The 'n_repeats' parameter of compare_with_single_task must be"),
        ({"confidence_level": 95}, "The 'confidence_level' parameter of compare_with_single_task must be"),
        ({"sample_weight": [1, 2]}, "sample_weight must have shape"),
        ({"estimator": "cnn"}, "The 'estimator' parameter of compare_with_single_task must be"),
        ({"y": Y["a"]}, r"y must have at least two tasks .* Got \['a'\]"),
        ({"sample_weight": np.ones(12), "scoring": lambda y, p: 0.5}, "sample_weight was given, but the metric"),
        ({"X": X[:3]}, "inconsistent numbers of samples"),
        ({"X": {"a": X[:3], "b": X[:3]}}, "inconsistent numbers of samples"),
        ({"X": {"a": X, "c": X}}, "X names the task 'c'"),
    ],
)
def test_bad_input_before_any_training(how, message):
    how = {"estimator": Counting(), "X": X, "y": Y, **how}
    with pytest.raises(ValueError, match=message):
        compare_with_single_task(how.pop("estimator"), how.pop("X"), how.pop("y"), **how)
    assert SEEN == []


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        (
            {"estimator": Unweighted(), "sample_weight": np.ones(12)},
            TypeError,
            "sample_weight .* Unweighted takes none",
        ),
        ({"params": {"counting__sample_weight": np.ones(12)}}, ValueError, "counting__sample_weight would count in tr"),
        ({"scoring": "neg_log_loss"}, AttributeError, "metric 'neg_log_loss' needs predict_proba, which Pipeline does"),
    ],
)
def test_what_the_estimator_cannot_do_is_found_before_any_training(how, error, message):
    estimator = how.pop("estimator", Counting())
    with pytest.raises(error, match=message):
        compare_with_single_task(make_pipeline(estimator), X, Y, **how)
    assert SEEN == []


def test_a_class_is_no_estimator():
    with pytest.raises(TypeError, match=r"estimator must be an instance. Got the class Counting .* pass Counting\(\)"):
        compare_with_single_task(Counting, X, Y)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.InterruptedFitWarning")
def test_ctrl_c_in_a_fit_stops_the_comparison():
    class CtrlC(Callback):
        def on_batch_end(self, net, **kwargs):
            signal.raise_signal(signal.SIGINT)

    rng = np.random.default_rng(0)
    clf = MultiTaskCNNClassifier(max_epochs=2, callbacks=[CtrlC()])
    with pytest.raises(KeyboardInterrupt, match="A fit was interrupted"):
        compare_with_single_task(clf, rng.random((12, 8, 8)), Y, cv=2, random_state=0)
