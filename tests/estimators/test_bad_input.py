"""Bad input: the documented error, a message with the argument, what was found and the remedy, and no training."""

# One case a line, so that the table reads as one.
# ruff: noqa: E501

import functools
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import PLE, ConvTrunk, CrossStitch, MLPHead, MMoE, OrdinalHead, PretrainedTrunk
from skmtl.weighting import DynamicWeightAverage, EqualWeighting

N = 60


@pytest.fixture
def no_training(monkeypatch):
    """Make the test fail as soon as anything trains."""

    def train(*args, **kwargs):
        pytest.fail("training had begun")

    monkeypatch.setattr("skmtl.estimators._base.train", train)


@pytest.fixture
def data(digits):
    return digits.images[:N].copy(), digits.frame[:N]


def check(call, error, *said):
    with pytest.raises(error, match=re.escape(said[0])) as caught:
        call()
    for words in said:
        assert words in str(caught.value)


def pixel(value):
    def change(X):
        X[3, 4, 5] = value
        return X

    return change


class Returns(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


class InFloat64(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(64, 2).double()

    def forward(self, x):
        return self.linear(x.flatten(1).double())


class FrozenHead:
    def build(self, n_features, n_classes):
        return torch.nn.Linear(n_features, n_classes).requires_grad_(False)


SHAPES = "X must have shape (n, n_features), (n, H, W), (n, H, W, C) or (n, C, H, W)"
BAD_X = {
    "1-D": (lambda X: X[0, 2], ValueError, SHAPES, "Got an array of shape (8,)", "Reshape your data"),
    "5-D": (lambda X: X[:, None, None], ValueError, SHAPES, "(n_samples, 1, 1, 8, 8)"),
    "number": (lambda X: 5, ValueError, SHAPES, "Got int"),
    "None": (lambda X: None, ValueError, SHAPES, "Got NoneType"),
    "file name": (lambda X: "images.npy", ValueError, SHAPES, "Got str"),
    "ragged rows": (lambda X: [[1, 2], [3]], ValueError, "X is ragged: resize all images to one shape"),
    "ragged images": (lambda X: [X[0], X[1][:5]], ValueError, "X is ragged: resize all images to one shape"),
    "no samples": (lambda X: X[:0], ValueError, "Found array with 0 sample(s) (shape=(0, 8, 8))"),
    "no columns": (lambda X: X.reshape(N, -1)[:, :0], ValueError, "Found array with 0 feature(s) (shape=(60, 0))"),
    "no pixels": (lambda X: X[:, :0], ValueError, "X of shape (n_samples, 0, 8) has images without pixels"),
    "NaN": (pixel(np.nan), ValueError, "Input X contains NaN"),
    "infinity": (pixel(np.inf), ValueError, "Input X contains infinity"),
    "None pixels": (lambda X: np.full((N, 4), None), ValueError, "Input X contains NaN"),
    "strings": (lambda X: np.full((N, 4), "a"), ValueError, "X must hold numbers", "Got <U1", "encode text"),
    "objects": (lambda X: np.full((N, 4), "a", object), ValueError, "X must hold numbers", "Got object"),
    "complex": (lambda X: X.astype(complex), ValueError, "Complex data not supported"),
    "sparse": (lambda X: sp.csr_array(X.reshape(N, -1)), TypeError, "Sparse data was passed for X", ".toarray()"),
    "mapping of no task": (lambda X: {"images": X}, ValueError, "X names the task 'images'", "['digit', 'parity']"),
    "mapping without a task": (lambda X: {"digit": X}, ValueError, "X must name every task; it lacks ['parity']"),
    "mapping with a near miss": (lambda X: {"digit": X, "party": X}, ValueError, "X names the task 'party'", "Did you mean 'parity'?"),
    "empty mapping": (lambda X: {}, ValueError, "X is an empty mapping"),
    "mapping of mappings": (lambda X: {"digit": X, "parity": {"a": X}}, TypeError, "X['parity']: X must be an array of images", "Got dict"),
    "mapping, lengths": (lambda X: {"digit": X, "parity": X[:-1]}, ValueError, "X['parity']", str(N - 1), str(N)),
    "mapping, sizes": (lambda X: {"digit": X, "parity": X[:, :7]}, ValueError, "X['parity']", "(7, 8)", "(8, 8)"),
    "mapping, dtypes": (lambda X: {"digit": X, "parity": X.astype(np.uint8)}, ValueError, "X['parity']", "uint8"),
    "mapping, NaN": (lambda X: {"digit": X, "parity": np.where(np.isclose(X, X.max()), np.nan, X)}, ValueError, "X['parity']: Input X contains NaN"),
    "fewer rows": (lambda X: X[:50], ValueError, "X and y have inconsistent numbers", "50 images, 60 rows", "one row of y"),
    "both axes fit": (lambda X: np.stack([X[:, :3]] * 3, -1), ValueError, "ambiguous", "both readings", "Set channel_axis"),
    "no axis fits": (lambda X: np.stack([X] * 8, -1), ValueError, "ambiguous", "neither reading", "Set channel_axis"),
}  # fmt: skip


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_X)
def test_bad_images(case, make, data):
    change, error, *said = BAD_X[case]
    X = change(data[0])
    check(lambda: make().fit(X, data[1]), error, *said)


def labels(frame):
    return np.column_stack([frame["digit"], frame["digit"] % 2])


def second(value):
    return lambda y: np.column_stack([y["digit"], np.full(N, value)])


BAD_Y = {
    "None": (lambda y: None, ValueError, "requires y to be passed", "y is None", "pass an array of shape"),
    "3-D": (lambda y: labels(y)[..., None], ValueError, "y should be a 1d array", "shape (60, 2, 1)", "squeeze(-1)"),
    "one-hot": (lambda y: np.eye(4)[labels(y)], ValueError, "y should be a 1d array", "shape (60, 2, 4)", "argmax(-1) if the last axis holds a one-hot label"),
    "tensor without values": (lambda y: torch.tensor(labels(y), device="meta"), TypeError, "y is a Tensor that NumPy cannot read", "convert it to a NumPy array"),
    "ragged": (lambda y: [[1, 2]] * 59 + [[1]], ValueError, "y is ragged", "mark missing ones with None"),
    "sparse": (lambda y: sp.csr_array(labels(y)), TypeError, "y is a sparse matrix", "pass y.toarray()"),
    "dict": (lambda y: {"digit": y["digit"]}, TypeError, "y is a dict", "pass pandas.DataFrame(y)"),
    "continuous": (lambda y: labels(y) + np.linspace(0, 1, N)[:, None], ValueError, "Unknown label type: continuous"),
    "continuous 1-D": (lambda y: np.linspace(0, 1, N), ValueError, "Unknown label type: continuous"),
    "infinity": (lambda y: np.where(labels(y) == 0, np.inf, labels(y)), ValueError, "Input y contains infinity"),
    "no columns": (lambda y: labels(y)[:, :0], ValueError, "y has no columns", "n_tasks >= 1"),
    "task without labels": (second(np.nan), ValueError, "Task 'task1' has no label at all", "drop this column of y"),
    "single class": (second(7.0), ValueError, "Task 'task1' has only the class 7.0", "drop this column of y"),
    "same name twice": (lambda y: y.set_axis(["a", "a"], axis=1), ValueError, "several columns named a", "its own name"),
    "mixed types": (lambda y: [[i if i % 2 else "a", i % 3] for i in range(N)], ValueError, "task 'task0' mix int and str"),
    "one sample": (lambda y: y[:1], ValueError, "X and y have inconsistent", "1 rows of labels"),
}  # fmt: skip


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_Y)
def test_bad_labels(case, make, data):
    change, error, *said = BAD_Y[case]
    y = change(data[1])
    check(lambda: make().fit(data[0], y), error, *said)


LISTED = "the tasks are ['digit', 'parity']"
PER_TASK = "but y has 2 tasks ['digit', 'parity']: give one entry per task"
BAD_PARAMETERS = {
    "task_weights: typo": ({"task_weights": {"digt": 1, "parity": 1}}, ValueError, "task_weights names the task 'digt'", LISTED, "Did you mean 'digit'?"),
    "task_weights: task left out": ({"task_weights": {"digit": 1}}, ValueError, "task_weights must name every task", "lacks ['parity']"),
    "task_weights: a task twice": ({"task_weights": {"digit": 1, 0: 1, 1: 1}}, ValueError, "task_weights names the task 'digit' twice", "keep one"),
    "task_weights: negative": ({"task_weights": [1, -1]}, ValueError, "task_weights must be finite numbers >= 0", "Got -1 for task 'parity'"),
    "task_weights: NaN": ({"task_weights": [np.nan, 1]}, ValueError, "task_weights must be finite numbers >= 0", "Got nan for task 'digit'"),
    "task_weights: all zero": ({"task_weights": [0, 0]}, ValueError, "task_weights are all zero", "give at least one task a weight"),
    "task_weights: too few": ({"task_weights": [1]}, ValueError, "task_weights has 1 entries", PER_TASK),
    "task_weights: text": ({"task_weights": "equal"}, ValueError, "'task_weights' parameter", "Got 'equal'"),
    "task_weights: words": ({"task_weights": ["a", 1]}, ValueError, "task_weights must be finite numbers", "Got 'a'"),
    "trunk: unknown": ({"trunk": "cn"}, ValueError, "trunk must be one of 'cnn'", "Got 'cn'", "Did you mean 'cnn'?"),
    "trunk: number": ({"trunk": 3}, TypeError, "trunk must be 'cnn'", "Got 3"),
    "trunk: class of a spec": ({"trunk": ConvTrunk}, TypeError, "trunk is the class ConvTrunk", "pass an instance, ConvTrunk()"),
    "trunk: factory with arguments": ({"trunk": torch.nn.Linear}, ValueError, "trunk: Linear needs in_features, out_features", "functools.partial"),
    "trunk: factory of something else": ({"trunk": lambda: 3}, TypeError, "trunk: <lambda> must return a torch.nn.Module", "Got int"),
    "trunk: wrong input": ({"trunk": torch.nn.Linear(3, 2)}, ValueError, "trunk: Linear cannot process a batch of shape (2, 1, 8, 8)", "set channel_axis, image_shape or spatial_dims"),
    "trunk: scalar output": ({"trunk": Returns(lambda x: x.sum())}, ValueError, "trunk: Returns must return one tensor of shape (batch, ...)", "Got shape ()"),
    "trunk: no features": ({"trunk": Returns(lambda x: x.mean((1, 2, 3)))}, ValueError, "trunk: Returns must return one tensor", "Got shape (2,)"),
    "trunk: tuple output": ({"trunk": Returns(lambda x: (x, x))}, ValueError, "trunk: Returns must return one tensor", "Got tuple", "PretrainedTrunk(..., output="),
    "trunk: frozen whole, at a rate": ({"trunk": PretrainedTrunk(torch.nn.Flatten(), freeze="all", lr_factor=0.1)}, ValueError, "lr_factor=0.1 of PretrainedTrunk has nothing to act on"),
    "trunk: more frozen than there is": ({"trunk": PretrainedTrunk(torch.nn.Sequential(torch.nn.Flatten()), freeze=2)}, ValueError, "freeze=2", "which has 1: 0", "freeze='all'"),
    "trunk: image too small": ({"trunk": "lenet"}, ValueError, "2 x 2 pixels is smaller than the kernel of LeNetTrunk", "use larger images"),
    "sharing: more stages than there are": ({"sharing": MMoE(shared_stages=3)}, ValueError, "MMoE with shared_stages=3 needs a trunk of at least 4 stages", "The trunk has 2"),
    "sharing: of one stage": ({"sharing": PLE(), "trunk": torch.nn.Flatten()}, ValueError, "PLE", "A module other than nn.Sequential is one stage"),
    "sharing: value": ({"sharing": CrossStitch(self_weight=2)}, ValueError, "'self_weight' parameter of CrossStitch", "Got 2"),
    "head: more than two classes": ({"head": "sigmoid"}, ValueError, "SigmoidHead"),
    "head: order": ({"head": {"parity": OrdinalHead(order=("evn", "odd"))}}, ValueError, "'order' parameter of OrdinalHead", "It lacks ['even'], but names ['evn']"),
    "head: frozen, as the trunk": ({"head": FrozenHead(), "trunk": torch.nn.Flatten()}, ValueError, "trunk and head have no parameter to train"),
    "trunk: dropout": ({"trunk": ConvTrunk(dropout=2)}, ValueError, "'dropout' parameter of ConvTrunk", "Got 2"),
    "trunk: no channels": ({"trunk": ConvTrunk(channels=())}, ValueError, "'channels' parameter of ConvTrunk", "non-empty tuple of positive ints"),
    "trunk: kernel larger than the image": ({"trunk": ConvTrunk(padding="valid", kernel_size=9)}, ValueError, "8 x 8 pixels is smaller than the kernel", "kernel_size=9", "padding='same'"),
    "trunk: kernel larger than a map": ({"trunk": ConvTrunk(padding="valid", channels=(2, 2), kernel_size=4)}, ValueError, "2 x 2 pixels is smaller than the kernel", "fewer channels"),
    "head: unknown": ({"head": "lineer"}, ValueError, "head must be one of 'linear'", "Got 'lineer'", "Did you mean 'linear'?"),
    "head: class": ({"head": MLPHead}, TypeError, "head must be one of 'linear'", "Got <class", "Pass an instance, MLPHead()"),
    "head: typo in a task": ({"head": {"parrity": "linear"}}, ValueError, "head names the task 'parrity'", LISTED, "Did you mean 'parity'?"),
    "head: width 0": ({"head": MLPHead(hidden=(0,))}, ValueError, "'hidden' parameter of MLPHead", "Got (0,)"),
    "weighting: unknown": ({"weighting": "eqal"}, ValueError, "weighting must be one of", "Got 'eqal'", "Did you mean 'equal'?"),
    "weighting: class": ({"weighting": EqualWeighting}, TypeError, "weighting must be one of", "Got <class"),
    "weighting: its parameter": ({"weighting": DynamicWeightAverage(temperature=0)}, ValueError, "'temperature' parameter of DynamicWeightAverage", "Got 0"),
    "gradient_level: unknown": ({"gradient_level": "parameter"}, ValueError, "'gradient_level' parameter", "Got 'parameter'"),
    "weighting: number": ({"weighting": 3}, TypeError, "weighting must be one of", "Got 3"),
    "optimizer: unknown": ({"optimizer": "adm"}, ValueError, "optimizer must be one of 'adam'", "Got 'adm'", "Did you mean 'adam'?"),
    "optimizer: class": ({"optimizer": dict}, TypeError, "optimizer must be one of", "torch.optim.Optimizer class", "Got <class 'dict'>"),
    "optimizer: without weight decay": ({"optimizer": torch.optim.LBFGS}, ValueError, "optimizer: LBFGS has no weight_decay", "set weight_decay=0"),
    "lr_scheduler: unknown": ({"lr_scheduler": "cosin"}, ValueError, "lr_scheduler must be one of", "Got 'cosin'", "Did you mean 'cosine'?"),
    "lr_scheduler: class": ({"lr_scheduler": dict}, TypeError, "lr_scheduler must be one of", "Got <class 'dict'>"),
    "lr_scheduler: argument missing": ({"lr_scheduler": torch.optim.lr_scheduler.StepLR}, ValueError, "lr_scheduler: StepLR needs step_size", "lr_scheduler__step_size"),
    "class_weight: unknown": ({"class_weight": "balancd"}, ValueError, "'class_weight' parameter", "Got 'balancd'", "'balanced'"),
    "class_weight: unknown in a list": ({"class_weight": ["balancd", None]}, ValueError, "class_weight must be None, 'balanced'", "Got 'balancd'", "Did you mean 'balanced'?"),
    "class_weight: unknown label": ({"class_weight": {"digit": {9: 2.0}}}, ValueError, "class_weight names the label 9", "[0, 1, 2, 3]"),
    "class_weight: typo in a label": ({"class_weight": {"ood": 2.0}}, ValueError, "class_weight names the label 'ood'", "Did you mean 'odd'?"),
    "class_weight: negative": ({"class_weight": {"odd": -2.0}}, ValueError, "class_weight must be finite numbers >= 0", "Got -2.0 for label 'odd'"),
    "class_weight: too few": ({"class_weight": ["balanced"]}, ValueError, "class_weight has 1 entries", PER_TASK),
    "precision: typo": ({"precision": "bfloat"}, ValueError, "'precision' parameter of MultiTaskCNNClassifier", "Got 'bfloat'"),
    "device: unknown": ({"device": "gpuu"}, ValueError, "device must be 'auto' or a device PyTorch has here", "Got 'gpuu'"),
    "channel_axis: unknown": ({"channel_axis": "last"}, ValueError, "'channel_axis' parameter", "Got 'last'", "'auto'"),
    "channel_axis: grey images": ({"channel_axis": 1}, ValueError, "channel_axis=1", "(n_samples, 8, 8) has no axis to spare", "channel_axis=None"),
    "sharing: near miss": ({"sharing": "cross-stich"}, ValueError, "sharing must be one of", "'mtan'", "Did you mean 'cross-stitch'?"),
    "sharing: class": ({"sharing": CrossStitch}, TypeError, "sharing must be one of", "a spec such as CrossStitch()"),
    "spatial_dims: 4": ({"spatial_dims": 4}, ValueError, "'spatial_dims' parameter", "Got 4"),
    "spatial_dims: True": ({"spatial_dims": True}, ValueError, "spatial_dims must be 1 (signals), 2 (images) or 3 (volumes)", "Got True"),
    "trunk: its own type": ({"trunk": InFloat64()}, ValueError, "trunk: its parameters are float64", "same dtype", "cast images to that of your parameters"),
    "spatial_dims: of signals": ({"spatial_dims": 3}, ValueError, "X must have shape (n, D, H, W)", "for spatial_dims=3", "Set spatial_dims=1 or 2"),
    "task_sampling: name": ({"task_sampling": "unifrom"}, ValueError, "task_sampling must be", "Did you mean 'uniform'?"),
    "task_sampling: LBFGS": ({"task_sampling": "uniform", "optimizer": torch.optim.LBFGS, "weight_decay": 0}, ValueError, "task_sampling='uniform'", "LBFGS needs the same loss"),
    "task_sampling: below 1": ({"task_sampling": 0.5}, ValueError, "a number >= 1", "Got 0.5"),
    "image_shape: one axis": ({"image_shape": (64,)}, ValueError, "image_shape must be None or a tuple of 2 or 3 positive ints", "Got (64,)"),
    "image_shape: fraction": ({"image_shape": (8.5, 8)}, ValueError, "image_shape must be None or a tuple", "Got (8.5, 8)"),
    "image_shape: negative": ({"image_shape": (-8, -8)}, ValueError, "image_shape must be None or a tuple", "Got (-8, -8)"),
    "image_shape: text": ({"image_shape": "8x8"}, ValueError, "'image_shape' parameter", "Got '8x8'"),
    "image_shape: another": ({"image_shape": (8, 8, 1)}, ValueError, "image_shape=(8, 8, 1), but X already has images of shape (8, 8)", "drop image_shape"),
    "net_params: typo": ({"net_params": {"optimizer__beta": 1}}, ValueError, "net_params: 'optimizer__beta'", "Did you mean 'optimizer__betas'?"),
    "net_params: own parameter": ({"net_params": {"lr": 1}}, ValueError, "net_params: 'lr'", "has a parameter of its own"),
    "net_params: no scheduler class": ({"net_params": {"lr_scheduler__gamma": 1}}, ValueError, "net_params: 'lr_scheduler__gamma'"),
    "callbacks: number": ({"callbacks": [3]}, TypeError, "callbacks must be skorch callbacks", "Got 3"),
    "callbacks: dict": ({"callbacks": {"a": 1}}, ValueError, "'callbacks' parameter", "Got {'a': 1}"),
    "augment: other shape": ({"augment": lambda batch: batch[:, :, ::2]}, ValueError, "augment must return a tensor of the shape it is given, here (2, 1, 8, 8)", "Got shape (2, 1, 4, 8)"),
    "augment: None": ({"augment": lambda batch: None}, ValueError, "augment must return a tensor", "Got NoneType"),
    "augment: number": ({"augment": 3}, ValueError, "'augment' parameter", "must be a callable", "Got 3"),
    "validation_fraction: above 1": ({"early_stopping": True, "validation_fraction": 1.5}, ValueError, "'validation_fraction' parameter", "range (0.0, 1.0)", "Got 1.5"),
    "validation_fraction: all": ({"early_stopping": True, "validation_fraction": 0.999}, ValueError, "cannot hold out validation_fraction=0.999 of 60", "early_stopping=False"),
    "monitor: typo": ({"early_stopping": True, "monitor": "partiy"}, ValueError, "monitor names the task 'partiy'", LISTED, "Did you mean 'parity'?"),
    "lr: negative": ({"lr": -1}, ValueError, "'lr' parameter", "Got -1"),
    "weight_decay: negative": ({"weight_decay": -1}, ValueError, "'weight_decay' parameter", "Got -1"),
    "max_epochs: 0": ({"max_epochs": 0}, ValueError, "'max_epochs' parameter", "Got 0"),
    "batch_size: 0": ({"batch_size": 0}, ValueError, "'batch_size' parameter", "Got 0"),
    "random_state: text": ({"random_state": "a"}, ValueError, "'random_state' parameter", "Got 'a'"),
}  # fmt: skip


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_PARAMETERS)
def test_bad_parameters(case, make, data):
    params, error, *said = BAD_PARAMETERS[case]
    check(lambda: make(**params).fit(*data), error, *said)


def test_every_parameter_but_switches_has_a_bad_value():
    switches = {
        "standardize",
        "compile",
        "early_stopping",
        "record_conflicts",
        "warm_start",
        "verbose",
        "missing_label",
        "n_iter_no_change",
        "tol",
    }
    tested = {case.partition(":")[0] for case in BAD_PARAMETERS}
    assert tested | switches == set(MultiTaskCNNClassifier().get_params(deep=False))


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    "name",
    [
        "standardize",
        "compile",
        "early_stopping",
        "record_conflicts",
        "warm_start",
        "verbose",
        "n_iter_no_change",
        "tol",
    ],
)
def test_bad_switches(name, make, data):
    check(lambda: make(**{name: "often"}).fit(*data), ValueError, f"'{name}' parameter", "Got 'often'")


def cells(value, where=(0, 0)):
    weights = np.ones((N, 2))
    weights[where] = value
    return weights


BAD_SAMPLE_WEIGHTS = {
    "too few": (np.ones(59), "sample_weight must have shape (60,) or (60, 2)", "Got (59,)"),
    "too many tasks": (np.ones((N, 3)), "sample_weight must have shape (60,) or (60, 2)", "Got (60, 3)"),
    "3-D": (np.ones((N, 2, 1)), "sample_weight must have shape (60,) or (60, 2)", "Got (60, 2, 1)"),
    "number": (2.0, "sample_weight must have shape (60,) or (60, 2)", "Got ()"),
    "negative": (cells(-1), "sample_weight must be >= 0", "Got -1.0"),
    "NaN": (cells(np.nan), "Input sample_weight contains NaN"),
    "all zero": (np.zeros(N), "sample_weight is zero for every sample", "at least one must be positive"),
    "a task without weight": (cells(0, (slice(None), 1)), "labelled cell of task 'parity' has weight zero", "drop the task"),
    "text": ("balanced", "sample_weight must hold numbers", "class_weight"),
}  # fmt: skip


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_SAMPLE_WEIGHTS)
def test_bad_sample_weights(case, make, data):
    weight, *said = BAD_SAMPLE_WEIGHTS[case]
    check(lambda: make().fit(*data, sample_weight=weight), ValueError, *said)


@pytest.mark.usefixtures("no_training")
def test_sample_weight_that_leaves_one_class(make, data):
    weight = (data[1]["digit"] == 1).astype(float)
    check(
        lambda: make().fit(*data, sample_weight=weight),
        ValueError,
        "Task 'digit' has a single class among the samples of positive weight",
        "drop the task or raise a weight",
    )


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("params", "shape", "said"),
    [
        ({"channel_axis": 7}, (N, 8, 8, 1), "channel_axis=7 is not an axis of the images in X of shape"),
        ({"channel_axis": 0}, (N, 8, 8, 1), "channel_axis=0 is not an axis of the images"),
        ({"channel_axis": None}, (N, 8, 8, 1), "channel_axis=None means grey images (n, H, W)"),
        ({"image_shape": (7, 8)}, (N, 64), "image_shape=(7, 8) needs rows of 56 values, but X has 64 columns"),
    ],
)
def test_parameters_against_the_shape_of_X(params, shape, said, make, data):
    check(lambda: make(**params).fit(data[0].reshape(shape), data[1]), ValueError, said)


@pytest.mark.usefixtures("no_training")
def test_early_stopping_with_too_few_samples(make, data):
    X, y = data
    few = make(early_stopping=True)
    check(
        lambda: few.fit(X[:2], y[:2]), ValueError, "early_stopping: 2 samples are too few", "set early_stopping=False"
    )


@pytest.mark.usefixtures("no_training")
def test_early_stopping_on_a_task_without_labels_to_watch(make, data):
    X, y = data
    y = y.astype(object)
    y.iloc[2:, 1] = None
    stopping = make(early_stopping=True, monitor="parity")
    check(lambda: stopping.fit(X, y), ValueError, "validation samples have no label to monitor", "monitor another task")


@pytest.fixture(scope="module")
def fitted(make, digits):
    return make().fit(digits.images[:N], digits.frame[:N])


UNFITTED = ["predict", "predict_proba", "predict_log_proba"]


@pytest.mark.parametrize("method", UNFITTED)
def test_unfitted_use(method, make, data):
    check(lambda: getattr(make(), method)(data[0]), NotFittedError, "not fitted yet", "Call 'fit'")


def test_score_unfitted(make, data):
    check(lambda: make().score(*data), NotFittedError, "not fitted yet", "Call 'fit'")


@pytest.mark.parametrize("method", UNFITTED)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X: X[:, :7], ("X has rows of shape (7, 8)", "fitted on rows of shape (8, 8)", "resize the images")),
        (lambda X: X[..., None], ("X has rows of shape (8, 8, 1)", "fitted on rows of shape (8, 8)")),
        (lambda X: X[0, 0], ("Got an array of shape (8,)", "Reshape your data")),
        (pixel(np.nan), ("Input X contains NaN",)),
        (lambda X: X[:0], ("Found array with 0 sample(s)",)),
        (lambda X: [X[0], X[1][:5]], ("X is ragged",)),
    ],
    ids=["another size", "another layout", "one row of pixels", "NaN", "empty", "ragged"],
)
def test_bad_images_at_predict(method, change, said, fitted, data):
    check(lambda: getattr(fitted, method)(change(data[0])), ValueError, *said)


def test_flat_images_at_predict(fitted, data):
    check(
        lambda: fitted.predict(data[0].reshape(N, 64)),
        ValueError,
        "X has 64 features, but MultiTaskCNNClassifier is expecting 8 features as input",
    )


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ([[0, 1, 2, 3]], ("classes has 1 entries", PER_TASK)),
        (np.arange(4), ("classes must be a list with one array of labels per task", "Got ndarray")),
        ({"digit": [0, 1, 2, 3]}, ("classes must name every task", "lacks ['parity']")),
        ({"digit": [0, 1, 2, 3], "party": ["even", "odd"]}, ("classes names the task 'party'", "Did you mean 'parity'?")),
        ([[0, 1, 2, 3], ["even"]], ("classes for task 'parity' must be a 1d array of at least two labels",)),
        ([[0, 1, 2, 3], ["evn", "odd"]], ("Task 'parity' has the label 'even'", "Did you mean 'evn'?")),
        ([[0, 1], ["even", "odd"]], ("Task 'digit' has the label 2", "its classes [0, 1]", "name every class")),
    ],
)  # fmt: skip
def test_bad_classes(classes, said, make, data):
    check(lambda: make().partial_fit(*data, classes=classes), ValueError, *said)


@pytest.mark.usefixtures("no_training")
def test_balanced_weights_of_a_stream(make, data):
    check(
        lambda: make(class_weight="balanced").partial_fit(*data),
        ValueError,
        "class_weight='balanced' needs all labels at once",
        "pass a mapping",
    )


def second_chunks(X, y):
    strange = y.assign(parity="prime")
    return {
        "label": ((X, strange), "Task 'parity' has the label 'prime'", "its classes ['even', 'odd']"),
        "tasks": ((X, y[["digit"]]), "y has 1 columns ['digit'], but there are 2 tasks", "pass one column per task"),
        "names": ((X, y.rename(columns={"parity": "parrity"})), "y has no column 'parity'", "Did you mean 'parrity'?"),
        "count": ((X, labels(y)[:, :1]), "y has 1 column"),
        "size": ((X[:, 1:], y), "X has rows of shape (7, 8)", "fitted on rows of shape (8, 8)"),
    }


@pytest.mark.parametrize("case", ["label", "tasks", "names", "count", "size"])
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_bad_second_chunk(case, method, make, data, request):
    clf = make(warm_start=True)
    getattr(clf, method)(*data)
    before = clf.net_.module_.state_dict()["heads.linear.weight"].clone()
    request.getfixturevalue("no_training")
    arguments, *said = second_chunks(*data)[case]
    check(functools.partial(getattr(clf, method), *arguments), ValueError, *said)
    assert torch.equal(clf.net_.module_.state_dict()["heads.linear.weight"], before)
    assert clf.predict(data[0]).shape == (N, 2)


def test_at_least_forty_cases():
    assert len(BAD_X) + len(BAD_Y) + len(BAD_PARAMETERS) + len(BAD_SAMPLE_WEIGHTS) >= 100


def test_a_failed_fit_leaves_the_fitted_model_alone(make, data):
    clf = make().fit(*data)
    before = clf.predict_proba(data[0])
    check(lambda: clf.set_params(lr=-1).fit(*data), ValueError, "'lr' parameter")
    check(lambda: clf.set_params(lr=0.1).fit(*data, sample_weight=np.zeros(N)), ValueError, "sample_weight is zero")
    np.testing.assert_array_equal(clf.predict_proba(data[0])[0], before[0])


def test_score_with_labels_of_another_task_count(fitted, data):
    with pytest.raises(ValueError, match="y_true"):
        fitted.score(data[0], pd.DataFrame({"a": data[1]["digit"]}))
