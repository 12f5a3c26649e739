from types import SimpleNamespace

import pandas as pd

from skmtl._targets import TargetEncoder, read_targets
from skmtl.estimators._publish import publish_tasks


def test_one_column_and_several():
    estimator = SimpleNamespace()
    publish_tasks(estimator, TargetEncoder().fit(read_targets(["b", "a"])))
    assert estimator.classes_.tolist() == ["a", "b"]
    assert (estimator.n_classes_, estimator.n_tasks_, estimator.task_names_) == (2, 1, ["task0"])
    publish_tasks(estimator, TargetEncoder().fit(read_targets(pd.DataFrame({"x": [0, 1, 2], "y": [1, 0, 1]}))))
    assert [k.tolist() for k in estimator.classes_] == [[0, 1, 2], [0, 1]]
    assert (estimator.n_classes_, estimator.n_tasks_, estimator.task_names_) == ([3, 2], 2, ["x", "y"])
