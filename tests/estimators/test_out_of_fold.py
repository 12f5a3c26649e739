import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skmtl import MultiTaskCalibratedClassifier, MultiTaskTunedThresholdClassifier
from skmtl.estimators._coded_cells import read_cells
from skmtl.estimators._out_of_fold import of_fitted, out_of_fold


class Reader(TransformerMixin, BaseEstimator):
    """Of a row of NaN it makes one masked as a whole, as `ImageReader` of a file that it cannot read."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        blank = np.isnan(X)
        return np.ma.array(np.where(blank, 9, X), mask=blank)


class Bayes(GaussianNB):
    """Leaves out what is masked, as networks do."""

    def fit(self, X, y, sample_weight=None):
        rows = ~np.ma.getmaskarray(X).all(axis=1)
        return super().fit(X[rows], np.asarray(y)[rows])


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    X = y[:, None] + rng.normal(size=(200, 2)) * 1.5
    return X, y


def lost(X, rows):
    X = X.copy()
    X[rows] = np.nan
    return X


def test_what_a_pipeline_could_not_read_is_not_held_out(data):
    X, y = data
    X = lost(X, slice(0, 200, 4))
    cells = read_cells(X, y, None, None)
    params = {"cv": KFold(4), "n_jobs": None, "fit_params": {}, "split_params": {}}
    held_out = out_of_fold(make_pipeline(Reader(), Bayes()), X, y, cells, **params)
    assert (held_out.codes[::4] == -1).all()
    assert (held_out.codes[:, 0] == np.where(np.arange(200) % 4, y, -1)).all()
    proba, codes, _ = held_out.labelled(0)
    assert proba.shape == (150, 2)
    assert (codes == y[np.arange(200) % 4 > 0]).all()
    fitted = make_pipeline(Reader(), Bayes()).fit(X, y)
    assert (of_fitted(fitted, X, cells).codes == held_out.codes).all()


@pytest.mark.parametrize(
    "meta",
    [MultiTaskCalibratedClassifier, lambda e: MultiTaskTunedThresholdClassifier(e, scoring="f1")],
    ids=["calibrated", "thresholds"],
)
def test_as_if_the_unreadable_images_were_not_there(data, meta):
    X, y = data
    fitted = FrozenEstimator(make_pipeline(Reader(), Bayes()).fit(X, y))
    half = meta(fitted).fit(X[100:], y[100:])
    found = meta(fitted).fit(lost(X, slice(100)), y)
    np.testing.assert_array_equal(found.predict_proba(X), half.predict_proba(X))
    np.testing.assert_array_equal(found.predict(X), half.predict(X))
    assert found.score(lost(X, slice(100)), y) == half.score(X[100:], y[100:])
    whole = meta(fitted).fit(X, y)
    assert (whole.predict_proba(X) != half.predict_proba(X)).any() or (whole.predict(X) != half.predict(X)).any()


def test_frames_of_several_tasks(data):
    X, y = data
    y = pd.DataFrame({"a": y, "b": np.where(np.arange(200) % 3, 1 - y, np.nan)})
    cells = read_cells(X, y, None, None)
    held_out = of_fitted(make_pipeline(Reader(), TwoBayes()).fit(X, y), lost(X, [0, 1]), cells)
    assert (held_out.codes[:2] == -1).all()
    assert (held_out.codes[2:] == cells.codes[2:]).all()


class TwoBayes(BaseEstimator):
    def fit(self, X, y):
        self.models = [Bayes().fit(X[y[c].notna()], y[c].dropna()) for c in y]
        self.classes_ = [m.classes_ for m in self.models]
        return self

    def predict_proba(self, X):
        return [m.predict_proba(X) for m in self.models]
