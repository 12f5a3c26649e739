import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as skm
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import multi_task_scorer, task_scorer


class Counting(RandomForestClassifier):
    """A forest that counts what it is asked."""

    def predict(self, X):
        self.asked_["predict"] = self.asked_.get("predict", 0) + 1
        # Not through self.predict_proba, which would count there.
        return np.column_stack([k[p.argmax(1)] for k, p in zip(self.classes_, super().predict_proba(X), strict=True)])

    def predict_proba(self, X):
        self.asked_["predict_proba"] = self.asked_.get("predict_proba", 0) + 1
        return super().predict_proba(X)


@pytest.mark.parametrize("kind", ["int", "str", "mixed"])
def test_every_entry_is_the_task_scorers(digits, targets, forests, holes, kind):
    X, y = digits[0][200:], pd.DataFrame(targets[kind])[200:].astype(object).mask(holes)
    metrics = ["accuracy", "balanced_accuracy", "f1_macro", "neg_log_loss", "matthews_corrcoef"]
    found = multi_task_scorer(metrics)(forests[kind], X, y)
    assert len(found) == len(metrics) * 5
    for metric in metrics:
        values = [found[f"{task}_{metric}"] for task in y.columns]
        assert values == [task_scorer(task, metric)(forests[kind], X, y) for task in y.columns]
        assert found[f"mean_{metric}"] == pytest.approx(np.mean(values), rel=1e-14)
        assert found[f"min_{metric}"] == min(values)


def test_estimator_is_asked_once_per_method(digits, targets):
    X, y = digits[0], targets["int"]
    forest = Counting(n_estimators=5, random_state=0).fit(X, y)
    forest.asked_ = {}
    multi_task_scorer(["accuracy", "f1_macro"])(forest, X, y)
    assert forest.asked_ == {"predict": 1}
    forest.asked_ = {}
    multi_task_scorer(["neg_log_loss", "accuracy", "roc_auc_ovr"])(forest, X, y)
    assert forest.asked_ == {"predict": 1, "predict_proba": 1}


def test_default_and_mapping_of_metrics(digits, targets, forests):
    X, y = digits[0][200:], targets["int"][200:]
    assert {k for k in multi_task_scorer()(forests["int"], X, y) if k.startswith("task0")} == {
        "task0_accuracy",
        "task0_f1_macro",
    }
    found = multi_task_scorer({"kappa": skm.cohen_kappa_score, "acc": "accuracy"})(forests["int"], X, y)
    predicted = forests["int"].predict(X)
    assert found["task1_kappa"] == skm.cohen_kappa_score(y[:, 1], predicted[:, 1])
    assert found["task1_acc"] == skm.accuracy_score(y[:, 1], predicted[:, 1])
    assert set(multi_task_scorer("accuracy")(forests["int"], X, y)) == {
        "task0_accuracy", "task1_accuracy", "task2_accuracy", "mean_accuracy", "min_accuracy",
    }  # fmt: skip
    assert "mean_cohen_kappa_score" in multi_task_scorer([skm.cohen_kappa_score])(forests["int"], X, y)


def test_a_mapping_of_tasks_names_the_remedy(digits, targets, forests):
    scorer = multi_task_scorer({"odd": "roc_auc", "size": "accuracy"})
    with pytest.raises(
        ValueError, match=r"the tasks \['odd', 'size'\] .* scoring=\{'odd': task_scorer\('odd', 'roc_auc'\)"
    ):
        scorer(forests["mixed"], digits[0], targets["mixed"])
    with pytest.raises(
        ValueError, match=r"Task 'digit' .* such as 'roc_auc_ovr', .* scoring=\{task: task_scorer\(task, m"
    ):
        multi_task_scorer(["accuracy", "roc_auc"])(forests["mixed"], digits[0], targets["mixed"])


def test_task_without_labels_counts_neither_in_mean_nor_in_min(digits, targets, forests):
    X, y = digits[0][200:], targets["int"][200:].astype(float)
    y[:, 0] = np.nan
    with pytest.warns(UnlabelledTaskWarning, match="Task 'task0'") as caught:
        found = multi_task_scorer()(forests["int"], X, y)
    assert len(caught) == 1
    assert np.isnan(found["task0_accuracy"])
    rest = [found["task1_accuracy"], found["task2_accuracy"]]
    assert found["mean_accuracy"] == np.mean(rest)
    assert found["min_accuracy"] == min(rest)
    with pytest.warns(UnlabelledTaskWarning):
        found = multi_task_scorer()(forests["int"], X, np.full((200, 3), np.nan))
    assert np.isnan(list(found.values())).all()


def test_task_weights_weigh_the_mean(digits, targets, forests):
    X, y = digits[0][200:], targets["mixed"][200:]
    found = multi_task_scorer("accuracy", task_weights={"odd": 1, "digit": 3, "size": 0})(forests["mixed"], X, y)
    expected = np.average([found["digit_accuracy"], found["odd_accuracy"]], weights=[3, 1])
    assert found["mean_accuracy"] == expected
    with pytest.raises(ValueError, match=r"task_weights names the task 'sise'.*Did you mean 'size'"):
        multi_task_scorer(task_weights={"sise": 1})(forests["mixed"], X, y)


def test_grid_search_with_holes_and_two_jobs(digits, targets, holes):
    X, y = digits[0], targets["int"]
    search = GridSearchCV(
        RandomForestClassifier(n_estimators=5, random_state=0),
        {"max_depth": [1, 8]},
        scoring=multi_task_scorer(["accuracy", "f1_macro"]),
        refit="mean_accuracy",
        cv=2,
        n_jobs=2,
    ).fit(X[:200], y[:200])
    assert search.best_params_ == {"max_depth": 8}
    assert search.best_score_ == search.cv_results_["mean_test_mean_accuracy"].max()
    assert search.score(X[200:], y[200:]) == pytest.approx(
        np.mean([skm.accuracy_score(y[200:, t], search.predict(X[200:])[:, t]) for t in range(3)]), rel=1e-14
    )
    seen = y[200:].astype(float)
    seen[holes] = np.nan
    assert search.score(X[200:], seen) == multi_task_scorer()(search, X[200:], seen)["mean_accuracy"]


def test_cross_validate(digits, targets, forests):
    X, y = digits[0], targets["mixed"].to_numpy()
    found = cross_validate(forests["mixed"], X, y, scoring=multi_task_scorer(), cv=KFold(3))
    assert found["test_min_accuracy"].shape == (3,)
    assert (found["test_min_accuracy"] <= found["test_mean_accuracy"]).all()
    tasks = np.array([found[f"test_task{t}_accuracy"] for t in range(3)])
    assert (tasks.mean(0) == found["test_mean_accuracy"]).all()


def test_repr_pickle_and_clone(digits, targets, forests):
    scorer = multi_task_scorer(["accuracy", "neg_log_loss"], task_weights=[1, 2, 3])
    found = scorer(forests["int"], digits[0], targets["int"])
    assert repr(scorer) == "multi_task_scorer(metrics=('accuracy', 'neg_log_loss'), task_weights=[1, 2, 3])"
    for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert repr(copy) == repr(scorer)
        assert copy(forests["int"], digits[0], targets["int"]) == found


def test_bad_metrics(digits, targets, forests):
    with pytest.raises(ValueError, match="metrics is empty"):
        multi_task_scorer([])
    with pytest.raises(ValueError, match="must not name a metric twice"):
        multi_task_scorer(["accuracy", "accuracy"])
    with pytest.raises(TypeError, match="which has no name: pass a mapping"):
        multi_task_scorer([lambda y_true, y_pred: 1.0])
    with pytest.raises(ValueError, match="Did you mean 'f1_macro'"):
        multi_task_scorer(["f1macro"])
    y = targets["mixed"].rename(columns={"odd": "mean"})
    with pytest.raises(ValueError, match="Two scores would both be called 'mean_accuracy': rename"):
        multi_task_scorer()(forests["mixed"], digits[0], y)


def test_nothing_given_is_changed(digits, targets, forests, holes):
    X, y = digits[0][200:], targets["mixed"][200:].astype(object).mask(holes)
    before, weights = y.copy(), np.ones((200, 3))
    multi_task_scorer(["accuracy", "neg_log_loss"])(forests["mixed"], X, y, sample_weight=weights)
    pd.testing.assert_frame_equal(y, before)
    assert (weights == 1).all()
