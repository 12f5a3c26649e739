"""Affinities from a training run, whatever the network is wrapped in."""

import signal

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from skmtl import MultiTaskCNNClassifier
from skmtl.model_selection import task_affinity
from skmtl.model_selection._probed import net_prefix
from skmtl.nn import ConvTrunk
from skmtl.training import TaskProbe


@pytest.fixture(scope="module")
def digits():
    X, digit = load_digits(return_X_y=True)
    return X[:80], np.column_stack([digit % 2, digit // 5])[:80]


def small(**params):
    defaults = {"trunk": ConvTrunk(channels=(2,), hidden=(4,)), "image_shape": (8, 8), "max_epochs": 2}
    return MultiTaskCNNClassifier(**(defaults | params))


def wrapped(clf):
    return {
        "": clf,
        "multitaskcnnclassifier__": make_pipeline(FunctionTransformer(), clf),
        "estimator__": GridSearchCV(clf, {"lr": [2e-3]}, cv=2),
        "estimator__multitaskcnnclassifier__": GridSearchCV(make_pipeline(FunctionTransformer(), clf), {}, cv=2),
    }


@pytest.mark.parametrize("prefix", wrapped(small()))
def test_the_network_is_found(digits, prefix):
    estimator = wrapped(small())[prefix]
    assert net_prefix(estimator, "lookahead") == prefix
    found = task_affinity(estimator, *digits, n_repeats=1, every=2, random_state=0)
    (seed,) = np.random.RandomState(0).randint(2**31 - 1, size=1)
    plain = small(random_state=int(seed), callbacks=[("probe", TaskProbe(every=2))]).fit(*digits)
    np.testing.assert_array_equal(found, dict(plain.net_.callbacks_)["probe"].look_ahead_)


def test_own_callbacks_stay_and_are_not_changed(digits):
    class Counts(TaskProbe):
        fits = 0

        def on_train_begin(self, net, **kwargs):
            type(self).fits += 1

        def on_batch_begin(self, net, **kwargs): ...

        def on_train_end(self, net, **kwargs): ...

    own = [("counts", Counts())]
    clf = small(callbacks=own)
    task_affinity(clf, *digits, n_repeats=2, random_state=0)
    assert Counts.fits == 2
    assert clf.callbacks is own
    assert len(own) == 1


@pytest.mark.parametrize("method", ["lookahead", "gradient_cosine"])
@pytest.mark.parametrize(
    "estimator", [RandomForestClassifier(), MultiOutputClassifier(small())], ids=lambda part: type(part).__name__
)
def test_no_network_no_gradients(digits, estimator, method):
    message = rf"method='{method}' reads.*Got {type(estimator).__name__}.*'transfer' or 'label_association'"
    with pytest.raises(TypeError, match=message):
        task_affinity(estimator, *digits, method)


@pytest.mark.parametrize("method", ["lookahead", "gradient_cosine", "transfer"])
def test_weights_reach_the_network_in_a_pipeline(digits, method):
    weights = np.linspace(0.1, 2, 160).reshape(80, 2)
    pipeline = make_pipeline(FunctionTransformer(), small())
    options = {"method": method, "n_repeats": 1, "random_state": 0}
    if method == "transfer":
        options["cv"] = [(np.arange(0, 80, 2), np.arange(1, 80, 2))]
    of_step = task_affinity(pipeline, *digits, sample_weight=weights, **options)
    plain, without = (task_affinity(small(), *digits, sample_weight=w, **options) for w in (weights, None))
    np.testing.assert_array_equal(of_step.affinity, plain.affinity)
    assert (of_step.affinity != without.affinity).any(axis=None)


def test_the_message_names_what_the_user_wrote():
    with pytest.raises(TypeError, match=r"^affinity='lookahead' reads.*: use affinity='transfer' or"):
        net_prefix(RandomForestClassifier(), "lookahead", "affinity")


def test_a_search_over_callbacks_leaves_no_place(digits):
    search = GridSearchCV(small(max_epochs=1), {"callbacks": [None]}, cv=2)
    with pytest.raises(ValueError, match="estimator__callbacks is searched over"):
        task_affinity(search, *digits, n_repeats=1, random_state=0)


class StopAtOnce(Callback):
    """Stops every fit after an epoch, as users write it."""

    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


class CtrlC(Callback):
    """The user loses patience in the first epoch."""

    def on_batch_end(self, net, **kwargs):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.InterruptedFitWarning")
@pytest.mark.parametrize("method", ["lookahead", "transfer"])
def test_a_callback_stops_its_own_fit_and_ctrl_c_everything(digits, method):
    def measured(**params):
        clf = small(lr_scheduler="constant", **params)
        return task_affinity(clf, *digits, method, n_repeats=1, random_state=0).affinity

    np.testing.assert_array_equal(measured(callbacks=[StopAtOnce()]), measured(max_epochs=1))
    with pytest.raises(KeyboardInterrupt, match="A fit was interrupted, and with it the comparison"):
        measured(callbacks=[CtrlC()])
