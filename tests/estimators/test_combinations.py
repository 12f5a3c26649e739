"""Every way of sharing with every head on signals, images and volumes; every trunk with every way of sharing."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from torch import nn

import skmtl.nn
from skmtl import MultiTaskCNNClassifier
from skmtl.nn import HEADS, PLE, SHARINGS, TRUNKS, ConvTrunk, LeNetTrunk, LinearHead, PretrainedTrunk, ResNetTrunk

ROWS = 16
SHAPES = {1: (3, 14), 2: (9, 10), 3: (6, 5, 6)}
SMALL = ConvTrunk(channels=(3, 4), hidden=(6,))

# What a search varies; a name becomes its spec. Ways of sharing without parameters are searched over the trunk's.
SHARING_GRIDS = {
    "hard": {},
    "none": {},
    "cross-stitch": {"sharing__self_weight": [0.5, 1.0]},
    "mmoe": {"sharing__n_experts": [1, 2]},
    "cgc": {"sharing__n_specific": [1, 2]},
    "ple": {"sharing__n_shared": [1, 2]},
    "mtan": {"sharing__reduction": [1.0, 4.0]},
}
HEAD_GRIDS = {
    "linear": {},
    "mlp": {"head__hidden": [(5,)]},
    "sigmoid": {"head__hidden": [(4,)]},
    "ordinal": {"head__link": ["cumulative"]},
}
TRUNK_CASES = {
    "cnn": (SMALL, {"trunk__channels": [(2, 3), (3,)]}),
    "lenet": (LeNetTrunk(channels=(2, 3), kernel_size=3, hidden=(5,)), {"trunk__dropout": [0.0, 0.5]}),
    "resnet": (ResNetTrunk(width=2), {"trunk__width": [2, 3]}),
    "pretrained": (
        PretrainedTrunk(
            nn.Sequential(
                nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(120, 5)
            ),
            lr_factor=0.1,
        ),
        {"trunk__freeze": [None, 1]},
    ),
}


def data_of(spatial_dims, n_levels=3):
    """Return images whose brightness depends on both labels: strings, and integers with gaps."""
    rng = np.random.default_rng(spatial_dims)
    kind, level = np.arange(ROWS) % 2, np.arange(ROWS) // 2 % n_levels
    X = rng.normal(size=(ROWS, *SHAPES[spatial_dims]))
    X += (kind + 2 * level).reshape(-1, *(1,) * (X.ndim - 1))
    X.flags.writeable = False
    return SimpleNamespace(X=X, y=pd.DataFrame({"kind": np.where(kind, "new", "old"), "level": 3 * level + 2}))


def small(**params):
    return MultiTaskCNNClassifier(**{"trunk": SMALL, "max_epochs": 1, "random_state": 0, "batch_size": 8, **params})


def assert_predicts(clf, X, y):
    """Labels are of the given kinds, and the probabilities theirs."""
    predicted, proba = clf.predict(X), clf.predict_proba(X)
    assert predicted.shape == (ROWS, 2)
    for t, name in enumerate(y):
        assert clf.classes_[t].tolist() == sorted(set(y[name]))
        assert {type(label) for label in predicted[:, t].tolist()} == {type(y[name].tolist()[0])}
        assert set(predicted[:, t]) <= set(y[name])
        assert proba[t].shape == (ROWS, len(clf.classes_[t]))
        assert (proba[t] >= 0).all()
        np.testing.assert_allclose(proba[t].sum(axis=1), 1, rtol=0, atol=1e-6)
    return predicted, proba


def assert_contract(clf, X, y, grid):
    before = repr(clf.get_params())
    twin = clone(clf)
    assert repr(twin.get_params()) == before
    predicted, proba = assert_predicts(clf.fit(X, y), X, y)
    assert repr(clf.get_params()) == before
    copy = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copy.predict(X), predicted)
    for again, once in zip(copy.predict_proba(X), proba, strict=True):
        np.testing.assert_array_equal(again, once)
    # Not cv=2, for which scikit-learn sorts the labels of all tasks together: strings and numbers.
    search = GridSearchCV(twin, grid, cv=KFold(2), error_score="raise").fit(X, y)
    assert all(0 <= score <= 1 for score in search.cv_results_["mean_test_score"])
    for name, value in search.best_params_.items():
        assert search.best_estimator_.get_params()[name] == value
    assert_predicts(search.best_estimator_, X, y)


@pytest.mark.parametrize("spatial_dims", [1, 2, 3])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("sharing", SHARINGS)
def test_sharing_with_head_and_spatial_dims(sharing, head, spatial_dims):
    data = data_of(spatial_dims, n_levels=2 if head == "sigmoid" else 3)
    grid = SHARING_GRIDS[sharing] or {"trunk__channels": [(2, 3), (3,)]}
    clf = small(sharing=sharing, head=head, spatial_dims=spatial_dims)
    assert_contract(clf, data.X, data.y, grid | HEAD_GRIDS[head])


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize("trunk", TRUNK_CASES)
def test_trunk_with_sharing(trunk, sharing):
    data = data_of(2)
    spec, grid = TRUNK_CASES[trunk]
    if (trunk, sharing) == ("pretrained", "ple"):
        sharing = PLE(n_levels=1)  # a module of the user's is one stage, and a level needs one
    assert_contract(small(trunk=spec, sharing=sharing), data.X, data.y, grid)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_a_head_for_every_task(sharing):
    data = data_of(2)
    heads = {"level": "ordinal", "kind": "sigmoid"}
    assert_contract(small(sharing=sharing, head=heads), data.X, data.y, {"head": [heads, {"level": "mlp"}]})


def exported_specs():
    exported = [getattr(skmtl.nn, name) for name in skmtl.nn.__all__]
    return {cls for cls in exported if isinstance(cls, type) and (hasattr(cls, "build") or cls is LinearHead)}


def test_every_public_spec_has_a_case():
    tried = {SHARINGS[name] for name in SHARING_GRIDS} | {HEADS[name] for name in HEAD_GRIDS}
    tried |= {type(spec) for spec, _ in TRUNK_CASES.values()}
    assert exported_specs() - tried == set(), "give the new spec a case in this file"
    assert len(exported_specs()) == len(SHARINGS) + len(HEADS) + len(TRUNKS) + 1
    assert set(SHARING_GRIDS) == set(SHARINGS)
    assert set(HEAD_GRIDS) == set(HEADS)
    assert set(TRUNK_CASES) == {*TRUNKS, "pretrained"}


def test_every_parameter_of_a_spec_can_be_set_by_its_name():
    # The names of a search must not depend on whether a spec or its name was passed.
    for family, known in (("sharing", SHARINGS), ("head", HEADS), ("trunk", TRUNKS)):
        for name, spec in known.items():
            for parameter, value in spec().get_params(deep=False).items():
                clf = small(**{family: name}).set_params(**{f"{family}__{parameter}": value})
                assert type(getattr(clf, family)) is spec
