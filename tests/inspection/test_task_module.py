import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.inspection import task_module
from skmtl.nn import ConvTrunk, OrdinalHead

X = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 3)).astype(np.uint8)
Y = pd.DataFrame({"a": np.arange(40) % 3, "b": np.arange(40) // 3 % 2})
TRUNK = ConvTrunk(channels=(4,), hidden=(8,), normalization="batch", dropout=0.5)


def channels_first(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@pytest.mark.parametrize("sharing", ["hard", "cross-stitch"])
def test_softmax_of_its_logits_are_the_probabilities(sharing):
    clf = MultiTaskCNNClassifier(TRUNK, {"a": OrdinalHead()}, sharing=sharing, max_epochs=2, random_state=0)
    pipeline = make_pipeline(FunctionTransformer(), clf).fit(X, Y)
    for t, task in enumerate(("a", "b")):
        probabilities = task_module(pipeline, task)(channels_first(X)).softmax(1).detach()
        np.testing.assert_allclose(probabilities, pipeline.predict_proba(X)[t], atol=1e-5)
        np.testing.assert_array_equal(task_module(clf, t)(channels_first(X)).softmax(1).detach(), probabilities)


def test_images_of_its_own():
    other = (X // 2)[::-1].copy()
    clf = MultiTaskCNNClassifier(TRUNK, max_epochs=2, random_state=0).fit({"a": X, "b": other}, Y)
    probabilities = clf.predict_proba({"a": X, "b": other})
    for t, images in enumerate((X, other)):
        own = task_module(clf, t)(channels_first(images)).softmax(1).detach()
        np.testing.assert_allclose(own, probabilities[t], atol=1e-5)


def test_it_is_a_copy_in_evaluation_mode():
    clf = MultiTaskCNNClassifier(TRUNK, max_epochs=1, random_state=0).fit(X, Y)
    before = clf.predict_proba(X)[0]
    module = task_module(clf, "a")
    assert not any(m.training for m in module.modules())
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()
    module.train()
    np.testing.assert_array_equal(clf.predict_proba(X)[0], before)


def test_a_task_that_is_not_there():
    clf = MultiTaskCNNClassifier(TRUNK, max_epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="task names the task 'c', but the tasks are"):
        task_module(clf, "c")
