from functools import partial

import numpy as np
import pytest
from sklearn import metrics as skm

from skmtl.metrics._metric import accepts
from skmtl.metrics._resolve import resolve_metric


def test_a_metric_that_gives_no_number_is_named():
    metric = resolve_metric(skm.confusion_matrix, {})
    with pytest.raises(TypeError, match="Task 'left' cannot be scored with the metric 'confusion_matrix'"):
        metric.on_labels("left", [0, 1], [0, 1], None)


def test_sign_and_keywords_of_the_scorer_apply():
    made = skm.make_scorer(skm.zero_one_loss, greater_is_better=False, normalize=False)
    value = resolve_metric(made, {}).on_labels("left", [0, 1, 1], [0, 0, 0], None)
    assert (value, type(value)) == (-2.0, float)


def test_weights_only_for_functions_that_take_them():
    def share(y_true, y_pred):
        return np.mean(y_true == y_pred)

    assert not accepts(share, "sample_weight")
    assert accepts(skm.accuracy_score, "sample_weight")
    resolve_metric(share, {}).check_weights(None)
    with pytest.raises(ValueError, match="the metric 'share' takes none"):
        resolve_metric(share, {}).check_weights([1, 2])


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_an_average_given_beforehand_needs_no_positive_class(average):
    y_true, y_pred = np.array(["no", "yes", "yes"]), np.array(["no", "yes", "no"])
    metric = resolve_metric(partial(skm.f1_score, average=average), {})
    # scikit-learn warns of a positive class where it needs none.
    assert metric.on_labels("defect", y_true, y_pred, None) == skm.f1_score(y_true, y_pred, average=average)
