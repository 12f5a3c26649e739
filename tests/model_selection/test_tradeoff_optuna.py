"""Optuna is no dependency: the first half needs stand-ins only."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from skmtl.metrics import multi_task_scorer
from skmtl.model_selection import task_weight_tradeoff

WEIGHTS = [{"left": 1, "right": 3}, {"left": 1, "right": 1}, {"left": 3, "right": 1}]
SCORES = [(0.5, 0.9), (0.8, 0.8), (0.7, 0.5)]


def trial(number, values=(0.0,), params=None, attributes=None, state="COMPLETE"):
    return SimpleNamespace(
        number=number,
        values=values,
        params=params or {},
        user_attrs=attributes or {},
        state=SimpleNamespace(name=state),
    )


def study(trials, directions=("MAXIMIZE",), metric_names=None):
    directions = [SimpleNamespace(name=name) for name in directions]
    return SimpleNamespace(trials=trials, directions=directions, metric_names=metric_names)


def check(table, numbers=(0, 1, 2)):
    assert table.index.tolist() == list(numbers)
    assert table["weight"].to_numpy().tolist() == [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]]
    np.testing.assert_allclose(table["score"], SCORES)
    assert list(table["score"]) == ["left", "right"]
    assert table["std"].isna().all(axis=None)
    assert table["pareto"].tolist() == [True, True, False]
    assert table["knee"].tolist() == [False, True, False]


@pytest.mark.parametrize("names", [["left", "right"], ["left_accuracy", "right_accuracy"]])
@pytest.mark.parametrize("kind", ["parameter", "attribute", "numbers", "attribute numbers"])
def test_values_of_a_multi_objective_study(names, kind):
    trials = []
    for i, (weights, scores) in enumerate(zip(WEIGHTS, SCORES, strict=True)):
        given = {f"task_weights_{t}": w for t, w in weights.items()} if "numbers" in kind else {"task_weights": weights}
        trials.append(trial(i, scores, **{"attributes" if "attribute" in kind else "params": given}))
    check(task_weight_tradeoff(study(trials, ("MAXIMIZE",) * 2, names)))


def test_what_is_minimised_is_negated():
    trials = [trial(i, (-a, b), {"task_weights": w}) for i, (w, (a, b)) in enumerate(zip(WEIGHTS, SCORES, strict=True))]
    check(task_weight_tradeoff(study(trials, ("MINIMIZE", "MAXIMIZE"), ["left", "right"])))


def test_user_attributes_and_complete_trials_only():
    trials = [
        trial(
            2 * i, (a + b,), {"lr": 0.1, "task_weights": list(w.values())}, {"left_f1": a, "right_f1": b, "seconds": 3}
        )
        for i, (w, (a, b)) in enumerate(zip(WEIGHTS, SCORES, strict=True))
    ]
    trials.insert(1, trial(1, None, {"lr": 0.1}, state="PRUNED"))
    with pytest.raises(ValueError, match="no score of every task"):
        # Nothing names the tasks: three numbers could be anything.
        task_weight_tradeoff(study(trials))
    check(task_weight_tradeoff(study(trials), metric="f1"), (0, 2, 4))
    check(task_weight_tradeoff(study(trials), metric={"left": "left_f1", "right": "right_f1"}), (0, 2, 4))


def test_a_trial_without_weights():
    trials = [trial(0, (1, 1), {"task_weights": WEIGHTS[0]}), trial(1, (1, 1))]
    with pytest.raises(ValueError, match="Candidate 1 of the search has no 'task_weights'"):
        task_weight_tradeoff(study(trials, ("MAXIMIZE",) * 2, ["left", "right"]))


def test_a_study_without_complete_trials():
    with pytest.raises(ValueError, match="no candidate to compare"):
        task_weight_tradeoff(study([trial(0, None, state="FAIL")]))


def test_a_study_of_optuna():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        share = trial.suggest_float("share", 0.1, 0.9)
        trial.set_user_attr("task_weights", {"left": share, "right": 1 - share})
        return share**0.5, 1 - share

    found = optuna.create_study(directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.set_metric_names(["left_accuracy", "right_loss"])
    found.optimize(objective, n_trials=4)
    table = task_weight_tradeoff(found, metric={"left": "left_accuracy", "right": "right_loss"})
    shares = np.array([trial.params["share"] for trial in found.trials])
    np.testing.assert_allclose(table["weight", "left"], shares)
    np.testing.assert_allclose(table["score"], np.column_stack([shares**0.5, shares - 1]))
    assert table["knee"].sum() == 1


class Shares(ClassifierMixin, BaseEstimator):
    def __init__(self, task_weights=None):
        self.task_weights = task_weights

    def fit(self, X, y):
        self.task_names_ = list(y.columns)
        self.classes_ = [np.array([0, 1])] * 2
        share = self.task_weights["left"] / sum(self.task_weights.values())
        self.right_ = np.array([share, 1 - share])
        return self

    def predict(self, X):
        return (np.asarray(X) < self.right_).astype(int)


def test_optuna_search_cv():
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X = np.repeat((np.arange(20) + 0.5) / 20, 2).reshape(20, 2)
    y = pd.DataFrame(np.ones((20, 2), dtype=int), columns=["left", "right"])

    def scoring(estimator, X, y):
        scores = multi_task_scorer("accuracy")(estimator, X, y)
        return {"score": scores["mean_accuracy"], **scores}

    def search(scoring):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # experimental, and categories that are no strings
            distribution = {"task_weights": optuna.distributions.CategoricalDistribution(WEIGHTS)}
            return integration.OptunaSearchCV(
                Shares(), distribution, cv=2, n_trials=4, scoring=scoring, random_state=0
            ).fit(X, y)

    found = search(scoring)
    table = task_weight_tradeoff(found)
    drawn = [trial.params["task_weights"] for trial in found.study_.trials]
    assert table["weight"].to_numpy().tolist() == [
        [w["left"] / sum(w.values()), w["right"] / sum(w.values())] for w in drawn
    ]
    np.testing.assert_allclose(table["score"], table["weight"], atol=0.051)
    assert table["std"].notna().all(axis=None)
    with pytest.raises(ValueError, match=r"no score of every task, only \['score'\]. Search with scoring=skmtl"):
        task_weight_tradeoff(
            search(lambda estimator, X, y: multi_task_scorer("accuracy")(estimator, X, y)["mean_accuracy"])
        )
