import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import multi_task_scorer, task_scorer
from skmtl.model_selection import task_weight_grid, task_weight_tradeoff

N = 120


class Weighted(ClassifierMixin, BaseEstimator):
    """Knows the labels in X, and gets them right for a share of rows that grows with the task's weight."""

    def __init__(self, task_weights=None, power=0.5, n_rounds=1):
        self.task_weights = task_weights
        self.power = power
        self.n_rounds = n_rounds

    def fit(self, X, y):
        self.task_names_ = list(y.columns)
        self.classes_ = [np.array([0, 1]) for _ in self.task_names_]
        weights = self.task_weights
        if weights is None:
            weights = [1] * len(self.task_names_)
        if isinstance(weights, dict):
            weights = [weights[name] for name in self.task_names_]
        self.right_ = (np.asarray(weights) / np.sum(weights)) ** self.power
        return self

    def predict(self, X):
        n = len(self.task_names_)
        labels, draws = np.asarray(X)[:, :n].astype(int), np.asarray(X)[:, n:]
        return np.where(draws < self.right_, labels, 1 - labels)


def data(names):
    labels = np.random.default_rng(0).integers(2, size=(N, len(names)))
    # Evenly spread draws: a fold of every other row is right for its share, to 1 / N.
    draws = np.repeat((np.arange(N // 2) + 0.5) / (N // 2), 2)[:, None]
    return np.hstack([labels, np.repeat(draws, len(names), axis=1)]), pd.DataFrame(labels, columns=names)


EVERY_OTHER = [(np.arange(i, N, 2), np.arange(1 - i, N, 2)) for i in range(2)]


def fitted(search_class, grid, names=("left", "right"), estimator=None, **options):
    options = {"scoring": multi_task_scorer("accuracy"), "refit": "mean_accuracy", "cv": EVERY_OTHER} | options
    return search_class(Weighted() if estimator is None else estimator, grid, **options).fit(*data(list(names)))


def expected(shares, power=0.5):
    return np.floor(np.asarray(shares) ** power * N / 2 + 0.5) / (N / 2)


def with_mean(estimator, X, y):
    """Score as searches want it that go by one score."""
    scores = multi_task_scorer("accuracy")(estimator, X, y)
    return {"score": scores["mean_accuracy"], **scores}


def test_grid_search():
    grid = task_weight_grid(["left", "right"], 4)
    search = fitted(GridSearchCV, {"task_weights": grid})
    table = task_weight_tradeoff(search)
    shares = np.array([[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]])
    assert table.columns.tolist() == [
        *((block, task) for block in ("weight", "score", "std") for task in ("left", "right")),
        ("pareto", ""),
        ("knee", ""),
    ]
    assert table.index.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(table["weight"], shares)
    np.testing.assert_allclose(table["score"], expected(shares))
    assert table["score"].columns.tolist() == ["left", "right"]
    np.testing.assert_array_equal(table["std", "left"], search.cv_results_["std_test_left_accuracy"])
    assert table["pareto"].dtype == table["knee"].dtype == bool
    assert table["pareto"].all()
    # sqrt is concave: the middle is closest to the best of both.
    assert table["knee"].tolist() == [False, True, False]
    assert len(table[table["pareto"]]) == 3


def test_dominated_rows_and_other_parameters():
    grid = {"task_weights": task_weight_grid(["left", "right"], 4), "power": [0.5, 2.0]}
    table = task_weight_tradeoff(fitted(GridSearchCV, grid))
    assert len(table) == 6
    powers = [0.5] * 3 + [2.0] * 3
    assert table["pareto"].tolist() == [p == 0.5 for p in powers]
    assert table["knee"].sum() == 1


@pytest.mark.parametrize("weights", [[None, [1, 3], (3, 1)], [None, np.array([1, 3]), [3, 1]]])
@pytest.mark.parametrize("refit", [False, "mean_accuracy"])
def test_weights_without_names(weights, refit):
    table = task_weight_tradeoff(fitted(GridSearchCV, {"task_weights": weights}, refit=refit))
    assert table["weight"].to_numpy().tolist()[:2] == [[0.5, 0.5], [0.25, 0.75]]
    assert list(table["score"]) == ["left", "right"]
    np.testing.assert_allclose(table["score"], expected(table["weight"].to_numpy()))


def test_sequences_follow_the_columns_whatever_the_order_of_the_scores():
    scoring = {"right": task_scorer("right"), "left": task_scorer("left")}
    table = task_weight_tradeoff(fitted(GridSearchCV, {"task_weights": [[1, 3]]}, scoring=scoring, refit="left"))
    assert table["weight"].iloc[0].to_dict() == {"left": 0.25, "right": 0.75}
    np.testing.assert_allclose(table["score"], expected([[0.25, 0.75]]))


@pytest.mark.parametrize("ending", ["", "_accuracy"])
@pytest.mark.parametrize("refit", [False, True])
def test_dict_of_task_scorers(ending, refit):
    scoring = {f"{task}{ending}": task_scorer(task) for task in ("left", "right")}
    refit = f"left{ending}" if refit else False
    for weights in ([{"left": 1, "right": 3}], [[1, 3]]):
        table = task_weight_tradeoff(fitted(GridSearchCV, {"task_weights": weights}, scoring=scoring, refit=refit))
        np.testing.assert_allclose(table["score"][["left", "right"]], expected([[0.25, 0.75]]))


def test_a_score_of_its_own_for_every_task():
    scoring = {
        "l": task_scorer("left"),
        "r": task_scorer("right", "f1_macro"),
        "other": task_scorer("left", "f1_macro"),
    }
    search = fitted(GridSearchCV, {"task_weights": [[1, 3], [3, 1]]}, scoring=scoring, refit="l")
    table = task_weight_tradeoff(search, metric={"right": "r", "left": "l"})
    np.testing.assert_array_equal(table["score", "right"], search.cv_results_["mean_test_r"])
    np.testing.assert_array_equal(table["score", "left"], search.cv_results_["mean_test_l"])
    with pytest.raises(ValueError, match=r"names the score 'lef', but the search has .*'l'.*'r'"):
        task_weight_tradeoff(search, metric={"left": "lef", "right": "r"})
    mixed = {"left_f1_macro": scoring["other"], "left_accuracy": scoring["l"], "right_f1_macro": scoring["r"]}
    mixed = fitted(GridSearchCV, {"task_weights": [[1, 3], [3, 1]]}, scoring=mixed, refit=False)
    by_metric = task_weight_tradeoff(mixed, {"left": "accuracy", "right": "f1_macro"})
    np.testing.assert_array_equal(by_metric["score"], table["score"])
    with pytest.raises(ValueError, match=r"names the score 'acuracy', .* Did you mean 'left_accuracy'"):
        task_weight_tradeoff(mixed, {"left": "acuracy", "right": "f1_macro"})
    with pytest.raises(ValueError, match=r"metric must map every task to its score. Got the tasks \['left'\]"):
        task_weight_tradeoff(search, metric={"left": "l"})
    with pytest.raises(TypeError, match=r"metric must be a str, a mapping .* Got \['l', 'r'\]"):
        task_weight_tradeoff(search, metric=["l", "r"])


def test_sequences_follow_the_scores_where_nothing_else_names_the_tasks():
    search = fitted(GridSearchCV, {"task_weights": [[1, 3]]}, refit=False)
    table = task_weight_tradeoff(search, metric={"right": "right_accuracy", "left": "left_accuracy"})
    assert table["weight"].iloc[0].to_dict() == {"left": 0.25, "right": 0.75}
    np.testing.assert_allclose(table["score"][["left", "right"]], expected([[0.25, 0.75]]))


def test_several_metrics():
    scoring = multi_task_scorer(("accuracy", "balanced_accuracy"))
    grid = {"task_weights": [[1, 3], [3, 1]]}
    search = fitted(GridSearchCV, grid, scoring=scoring, refit="min_balanced_accuracy")
    chosen = search.cv_results_["mean_test_left_balanced_accuracy"]
    np.testing.assert_array_equal(task_weight_tradeoff(search)["score", "left"], chosen)
    np.testing.assert_allclose(
        task_weight_tradeoff(search, "accuracy")["score"], expected([[0.25, 0.75], [0.75, 0.25]])
    )
    unclear = fitted(GridSearchCV, grid, scoring=scoring, refit=False)
    assert list(task_weight_tradeoff(unclear, "accuracy")["score"]) == ["left", "right"]
    with pytest.raises(ValueError, match=r"several metrics of every task: choose metric= one of \['accuracy', 'bal"):
        task_weight_tradeoff(unclear)
    with pytest.raises(ValueError, match=r"metric must be one of .* Did you mean 'accuracy'"):
        task_weight_tradeoff(search, "acuracy")


def test_task_names_that_are_parts_of_one_another_or_numbers():
    names = ["a", "a_b", "mean"]
    scoring = {f"{task}_accuracy": task_scorer(task) for task in names}
    table = task_weight_tradeoff(
        fitted(GridSearchCV, {"task_weights": [[1, 2, 1]]}, names, scoring=scoring, refit="a_accuracy")
    )
    assert list(table["score"]) == names
    np.testing.assert_allclose(table["score"], expected([[0.25, 0.5, 0.25]]))
    numbers = fitted(GridSearchCV, {"task_weights": [{0: 1, 1: 3}]}, [0, 1])
    for search in (numbers, fitted(GridSearchCV, {"task_weights": [{0: 1, 1: 3}]}, [0, 1], refit=False)):
        assert list(task_weight_tradeoff(search)["score"]) == [0, 1]
        np.testing.assert_allclose(task_weight_tradeoff(search)["score"], expected([[0.25, 0.75]]))


def test_one_task():
    table = task_weight_tradeoff(fitted(GridSearchCV, {"task_weights": [None, {"left": 2}]}, ["left"]))
    assert table["weight", "left"].tolist() == [1.0, 1.0]
    assert table["pareto"].tolist() == [True, True]
    assert table["knee"].tolist() == [True, False]


def test_randomized_search():
    grid = task_weight_grid(["left", "right"], 20)
    search = fitted(RandomizedSearchCV, {"task_weights": grid}, n_iter=4, random_state=0)
    table = task_weight_tradeoff(search)
    assert table["weight"].to_dict("records") == [p["task_weights"] for p in search.cv_results_["params"]]
    np.testing.assert_allclose(table["score"], expected(table["weight"].to_numpy()))


@pytest.mark.parametrize("search_class", [HalvingGridSearchCV, HalvingRandomSearchCV])
def test_halving_compares_its_last_round_only(search_class):
    options = {"resource": "n_rounds", "max_resources": 4, "min_resources": 1, "factor": 2, "scoring": with_mean}
    if search_class is HalvingRandomSearchCV:
        options |= {"n_candidates": 8, "random_state": 0}
    grid = {"task_weights": task_weight_grid(["left", "right"], 9)}
    search = fitted(search_class, grid, refit=lambda results: int(np.argmax(results["iter"])), **options)
    table = task_weight_tradeoff(search)
    last = np.flatnonzero(search.cv_results_["iter"] == 2)
    assert table.index.tolist() == last.tolist()
    assert len(table) == 2
    shares = [list(search.cv_results_["params"][i]["task_weights"].values()) for i in last]
    np.testing.assert_allclose(table["weight"], shares)
    np.testing.assert_allclose(table["score"], expected(shares))


def test_inside_a_pipeline():
    pipeline = make_pipeline(FunctionTransformer(), Weighted())
    grid = {"weighted__task_weights": [[1, 3], [3, 1]]}
    for refit in (False, "mean_accuracy"):
        table = task_weight_tradeoff(fitted(GridSearchCV, grid, estimator=pipeline, refit=refit))
        np.testing.assert_allclose(table["score"], expected([[0.25, 0.75], [0.75, 0.25]]))


def test_candidates_without_the_parameter_have_that_of_the_estimator():
    grid = [{"task_weights": [[1, 3]]}, {"power": [1.0]}]
    table = task_weight_tradeoff(fitted(GridSearchCV, grid, estimator=Weighted([3, 1])))
    assert table["weight"].to_numpy().tolist() == [[0.25, 0.75], [0.75, 0.25]]


def test_which_parameter():
    names = ["task_weights", "a__task_weights", "weights"]

    class Many(Weighted):
        def set_params(self, **params):
            self.task_weights = params.get("a__task_weights") or params.get("weights")
            return self

    search = fitted(GridSearchCV, {"weights": [[1, 3]]}, estimator=Many(), refit=False)
    assert task_weight_tradeoff(search, param="weights")["weight", "left"].tolist() == [0.25]
    with pytest.raises(
        ValueError,
        match=r"did not vary 'task_weights', only \['weights'\]: name the parameter with the weights as param=",
    ):
        task_weight_tradeoff(search)
    search.cv_results_["params"] = [{key: [1, 3] for key in names}]
    with pytest.raises(ValueError, match=r"varied \['task_weights', 'a__task_weights'\]: name one of them as param="):
        task_weight_tradeoff(search)
    assert len(task_weight_tradeoff(search, param="a__task_weights")) == 1


def test_failed_fits_are_never_on_the_front():
    class Fails(Weighted):
        def fit(self, X, y):
            if self.power < 0:
                raise ValueError("no")
            return super().fit(X, y)

    grid = {"power": [-1, 0.5], "task_weights": [[1, 3], [3, 1]]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = fitted(GridSearchCV, grid, estimator=Fails(), refit=False)
    table = task_weight_tradeoff(search)
    assert table["score"].isna().all(axis=1).tolist() == [True, True, False, False]
    assert table["pareto"].tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    "scoring", [None, task_scorer("left"), {"left": task_scorer("left"), "x": task_scorer("right")}]
)
def test_missing_scores_name_the_scorer(scoring):
    search = fitted(GridSearchCV, {"task_weights": [{"left": 1, "right": 3}]}, scoring=scoring, refit=False)
    with pytest.raises(ValueError, match=r"no score of every task.*multi_task_scorer\(\.\.\.\).*refit='mean_accuracy'"):
        task_weight_tradeoff(search)


def test_no_search():
    with pytest.raises(NotFittedError, match="GridSearchCV instance is not fitted"):
        task_weight_tradeoff(GridSearchCV(Weighted(), {}))
    with pytest.raises(TypeError, match=r"search must be a fitted search.*Got LogisticRegression"):
        task_weight_tradeoff(type("LogisticRegression", (), {})())
    with pytest.raises(NotFittedError, match="LogisticRegression instance is not fitted"):
        task_weight_tradeoff(LogisticRegression())


@pytest.mark.parametrize("refit", ["mean_accuracy", False])
def test_the_classifier_of_the_package(refit):
    X, y = load_two_digits(40, return_X_y=True, as_frame=True)
    search = GridSearchCV(
        MultiTaskCNNClassifier(max_epochs=1, random_state=0),
        {"task_weights": [{0: 1, 1: 3}, [3, 1]]},  # indices are names enough
        scoring=multi_task_scorer("accuracy"),
        refit=refit,
        cv=2,
    ).fit(X, y)
    table = task_weight_tradeoff(search)
    assert table["weight"].to_dict("list") == {"left": [0.25, 0.75], "right": [0.75, 0.25]}
    np.testing.assert_array_equal(table["score", "right"], search.cv_results_["mean_test_right_accuracy"])
