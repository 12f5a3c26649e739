from types import SimpleNamespace

import numpy as np
import pytest

from skmtl.metrics._responses import Responses, fitted_attribute


def test_attribute_is_found_inside_searches_and_pipelines():
    model = SimpleNamespace(task_names_=["a"])
    search = SimpleNamespace(best_estimator_=SimpleNamespace(steps=[("scale", None), ("model", model)]))
    assert fitted_attribute(search, "task_names_") == ["a"]
    assert fitted_attribute(search, "missing_label") is None


def test_classes_keep_the_type_of_their_labels():
    classes = [np.array([0, 1], dtype=object), np.array(["a", "b"], dtype=object)]
    found = Responses(SimpleNamespace(classes_=classes), None, ["x", "y"], 3).classes
    assert found[0].dtype == np.int64
    assert found[1].tolist() == ["a", "b"]


def test_multi_label_probabilities_become_two_columns():
    estimator = SimpleNamespace(classes_=np.arange(2), predict_proba=lambda X: np.array([[0.25, 0.5], [1.0, 0.0]]))
    responses = Responses(estimator, None, ["x", "y"], 2)
    assert [k.tolist() for k in responses.classes] == [[0, 1], [0, 1]]
    assert responses.values("predict_proba", 0).tolist() == [[0.75, 0.25], [0.0, 1.0]]


def test_wrong_number_of_tasks_or_rows():
    estimator = SimpleNamespace(classes_=[np.arange(2)] * 2, predict=lambda X: np.zeros((3, 2), dtype=int))
    with pytest.raises(ValueError, match=r"y has 3 columns .* but classes_ of SimpleNamespace has 2 tasks"):
        Responses(estimator, None, ["x", "y", "z"], 3)
    with pytest.raises(ValueError, match="X gives 3 predictions, but y has 4 rows"):
        Responses(estimator, None, ["x", "y"], 4).labels(0)
