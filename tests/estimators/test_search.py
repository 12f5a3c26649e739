"""Hyper-parameter search: over task weights, weightings, trunks and epochs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.metrics import multi_task_scorer, task_scorer
from skmtl.model_selection import MultiTaskStratifiedKFold

WEIGHTS = [{"digit": 1, "parity": 1}, {"digit": 3, "parity": 1}]


def with_missing(frame):
    labels = frame.astype(object)
    labels.iloc[::5, 0] = np.nan
    labels.iloc[1::7, 1] = None
    return labels


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing labels"])
def test_grid_over_weights_weightings_and_trunks(make, digits, missing):
    y = with_missing(digits.frame) if missing else digits.frame
    grid = {"task_weights": WEIGHTS, "weighting": ["equal"], "trunk__channels": [(2,), (4,)]}
    search = GridSearchCV(
        make(),
        grid,
        scoring=multi_task_scorer(),
        refit="mean_accuracy",
        cv=MultiTaskStratifiedKFold(2),
        error_score="raise",
    ).fit(digits.images, y)
    results = search.cv_results_
    assert len(results["params"]) == 4
    assert results["mean_test_mean_accuracy"][search.best_index_] == results["mean_test_mean_accuracy"].max()
    mean = (results["mean_test_digit_accuracy"] + results["mean_test_parity_accuracy"]) / 2
    np.testing.assert_allclose(results["mean_test_mean_accuracy"], mean)
    least = np.minimum(results["split0_test_digit_f1_macro"], results["split0_test_parity_f1_macro"])
    np.testing.assert_array_equal(results["split0_test_min_f1_macro"], least)
    best = search.best_estimator_
    assert best.trunk.channels == search.best_params_["trunk__channels"]
    assert best.task_names_ == ["digit", "parity"]
    assert set(search.predict(digits.images)[:, 1]) <= {"even", "odd"}


def test_grid_with_string_labels_only(make, digits):
    words = np.array(["zero", "one", "two", "three"])[digits.digit]
    y = pd.DataFrame({"word": words, "parity": digits.frame["parity"]})
    grid = {"task_weights": [{"word": 1, "parity": w} for w in (0.5, 2)]}
    scoring = task_scorer("word", "f1_weighted")
    search = GridSearchCV(make(), grid, scoring=scoring, cv=KFold(2), error_score="raise").fit(digits.images, y)
    clf = make(task_weights=grid["task_weights"][0]).fit(digits.images[60:], y[60:])
    expected = f1_score(words[:60], clf.predict(digits.images[:60])[:, 0].astype(str), average="weighted")
    assert search.cv_results_["split0_test_score"][0] == expected


def test_grid_is_the_same_in_two_processes(make, digits):
    grid = {"task_weights": WEIGHTS}
    scores = [
        GridSearchCV(
            make(), grid, scoring=task_scorer("digit", "neg_log_loss"), cv=KFold(2), n_jobs=n_jobs, error_score="raise"
        )
        .fit(digits.images, digits.frame)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])


def test_grid_over_a_pipeline(make, digits):
    pipeline = Pipeline([("scale", StandardScaler()), ("cnn", make(image_shape=(8, 8)))])
    grid = {"cnn__trunk__channels": [(2,), (3,)], "scale__with_mean": [True]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(digits.images.reshape(120, 64), digits.codes)
    assert search.best_params_["cnn__trunk__channels"] in [(2,), (3,)]
    assert 0 <= search.best_score_ <= 1


def test_randomized_search(make, digits):
    choices = {"lr": [0.001, 0.01, 0.1], "class_weight": [None, "balanced"]}
    search = RandomizedSearchCV(make(), choices, n_iter=2, cv=2, random_state=0, error_score="raise")
    search.fit(digits.images, digits.codes)
    assert len(search.cv_results_["params"]) == 2
    assert search.best_estimator_.lr == search.best_params_["lr"]


def test_halving_over_epochs(make, digits):
    search = HalvingGridSearchCV(
        make(), {"lr": [1e-5, 1e-2]}, resource="max_epochs", min_resources=2, max_resources=4, factor=2, cv=2,
        random_state=0, error_score="raise",
    ).fit(digits.images, digits.codes)  # fmt: skip
    assert search.n_resources_ == [2, 4]
    assert search.best_estimator_.n_iter_ == 4


def test_misspelt_task_in_the_grid_is_an_error_not_a_bad_score(make, digits):
    search = GridSearchCV(make(), {"task_weights": [{"digt": 1, "parity": 1}]}, cv=KFold(2), error_score="raise")
    with pytest.raises(ValueError, match=r"task_weights names the task 'digt'.* Did you mean 'digit'"):
        search.fit(digits.images, digits.frame)
