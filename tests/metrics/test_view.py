from types import SimpleNamespace

import numpy as np
from sklearn.base import is_classifier

from skmtl.metrics._responses import Responses
from skmtl.metrics._view import TaskView


def test_a_view_is_a_classifier_of_some_rows():
    estimator = SimpleNamespace(
        classes_=[np.array([0, 1]), np.array(["a", "b"])],
        predict=lambda X: np.array([[0, "a"], [1, "b"], [1, "a"]], dtype=object),
        predict_proba=lambda X: [np.eye(2)[[0, 1, 1]], np.eye(2)[[0, 1, 0]]],
    )
    responses = Responses(estimator, None, ["n", "s"], 3)
    view = TaskView(responses, 1, np.array([True, False, True]))
    assert is_classifier(view)
    assert view.classes_.tolist() == ["a", "b"]
    assert view.predict(None).tolist() == ["a", "a"]
    assert view.predict_proba(None).tolist() == [[1, 0], [1, 0]]
    assert not hasattr(view, "decision_function")
