import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, hamming_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmtl import (
    MultiTaskCalibratedClassifier,
    MultiTaskCNNClassifier,
    MultiTaskTunedThresholdClassifier,
    TaskGroupingClassifier,
)
from skmtl._targets import read_targets
from skmtl.datasets import LazyRows, TaskImages, load_two_digits
from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection import patch_importance
from skmtl.nn import ConvTrunk


class Corners(ClassifierMixin, BaseEstimator):
    """Task "first" is whether the first pixel of an image is bright, "last" whether the last one is."""

    classes_ = [np.array([0, 1]), np.array([0, 1])]
    task_names_ = ["first", "last"]
    seen = None

    def predict(self, X):
        if isinstance(X, TaskImages):
            X = X.images
        if isinstance(X, dict):
            return np.column_stack([self.predict(X["first"])[:, 0], self.predict(X["last"])[:, 1]])
        type(self).seen = type(X), X.shape, X.dtype if hasattr(X, "dtype") else None
        flat = np.asarray(X).reshape(len(X), -1)
        return np.column_stack([flat[:, 0] > 0.5, flat[:, -1] > 0.5]).astype(int)


def bright(shape, n=60, seed=0):
    X = np.random.default_rng(seed).random((n, *shape))
    X.setflags(write=False)  # writing to it fails
    return X, pd.DataFrame(Corners().predict(X), columns=Corners.task_names_)


@pytest.mark.parametrize(
    ("shape", "params", "grid"),
    [
        ((5, 7), {"patch": (2, 3)}, (3, 3)),
        ((5, 7, 2), {"patch": (2, 3), "channel_axis": -1}, (3, 3)),
        ((3, 5, 7), {"patch": 4, "channel_axis": 1}, (2, 2)),
        ((35,), {"patch": 3, "image_shape": (5, 7)}, (2, 3)),
        ((35,), {"patch": 10}, (1, 4)),
        ((35,), {"patch": (10,), "spatial_dims": 1}, (4,)),
        ((4, 6, 5), {"patch": 2, "spatial_dims": 3}, (2, 3, 3)),
        ((5, 7), {"patch": 100}, (1, 1)),
    ],
)
def test_the_patch_that_is_read_is_found_in_any_layout(shape, params, grid):
    X, y = bright(shape)
    found = patch_importance(Corners(), X, y, n_repeats=3, random_state=0, **params)
    first, last = found.importances["first"], found.importances["last"]
    assert first.shape == grid == last.shape == found.importances_std["last"].shape
    # Of random labels about half are wrong; nothing else is read at all.
    assert first.ravel()[0] == pytest.approx(0.5, abs=0.15)
    assert last.ravel()[-1] == pytest.approx(0.5, abs=0.15)
    assert not first.ravel()[1:].any()
    assert not last.ravel()[:-1].any()
    assert found.baseline == {"first": 1.0, "last": 1.0}
    if len(first.ravel()) > 1:
        assert np.isnan(found.overlap.loc["first", "last"]) or found.overlap.loc["first", "last"] == 0
    assert found.pixels("first").shape == found.image_size
    with pytest.raises(ValueError, match=r"the task 'frist'.*Did you mean 'first'"):
        found.pixels("frist")


def test_by_a_straightforward_loop():
    X, y = load_two_digits(200, return_X_y=True, as_frame=True)
    rows = X.reshape(200, -1)
    forest = RandomForestClassifier(10, random_state=0).fit(rows, y)
    found = patch_importance(forest, rows, y, image_shape=(8, 16), patch=(8, 8), n_repeats=4, random_state=3)
    seeds = np.random.RandomState(3).randint(2**31 - 1, size=2)
    for side, seed in enumerate(seeds):
        rng, losses = np.random.RandomState(seed), []
        for _ in range(4):
            mixed, order = X.copy(), rng.permutation(200)
            mixed[:, :, 8 * side : 8 * side + 8] = X[order][:, :, 8 * side : 8 * side + 8]
            predicted = forest.predict(mixed.reshape(200, -1))
            losses.append([found.baseline[t] - accuracy_score(y[t], predicted[:, i]) for i, t in enumerate(y)])
        for i, task in enumerate(y):
            assert found.importances[task][0, side] == pytest.approx(np.mean(losses, axis=0)[i], abs=1e-12)
            assert found.importances_std[task][0, side] == pytest.approx(np.std(losses, axis=0)[i], abs=1e-12)
    positive = [np.maximum(found.importances[t].ravel(), 0) for t in y]
    cosine = positive[0] @ positive[1] / np.linalg.norm(positive[0]) / np.linalg.norm(positive[1])
    assert found.overlap.loc["left", "right"] == pytest.approx(cosine)


def test_patches_of_one_pixel_are_scikit_learns_columns():
    X, y = bright((6,))
    forest = RandomForestClassifier(10, random_state=0).fit(X, y["first"])
    ours = patch_importance(forest, X, y["first"], patch=1, n_repeats=40, random_state=0).importances["first"][0]
    theirs = permutation_importance(forest, X, y["first"], n_repeats=40, random_state=0).importances_mean
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_every_task_needs_its_own_half():
    X, y = load_two_digits(1200, return_X_y=True, as_frame=True)
    y = y.assign(left_odd=y["left"] % 2)
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(8, 16), hidden=(32,)), max_epochs=8, random_state=0).fit(X, y)
    found = patch_importance(clf, X[:300], y[:300], random_state=0)
    share = {t: np.maximum(v, 0)[:, :2].sum() / np.maximum(v, 0).sum() for t, v in found.importances.items()}
    assert min(share["left"], share["left_odd"]) > 0.85
    assert share["right"] < 0.15
    assert found.overlap.loc["left", "left_odd"] > found.overlap.loc["left", "right"] + 0.5


@pytest.mark.parametrize("store", [np.asarray, torch.from_numpy, LazyRows, zarr.array, list, "memmap", "frame"])
def test_whatever_holds_the_images(store, tmp_path):
    X, y = bright((4, 4))
    expected = patch_importance(Corners(), X, y, patch=2, random_state=0, max_samples=20)
    if store == "memmap":
        np.save(tmp_path / "X.npy", X)
        stored = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif store == "frame":
        stored = pd.DataFrame(X.reshape(60, -1), columns=[f"pixel{i}" for i in range(16)])
    else:
        stored = store(X.copy())
    shape = {"image_shape": (4, 4)} if store == "frame" else {}
    found = patch_importance(Corners(), stored, y, patch=2, random_state=0, max_samples=20, **shape)
    np.testing.assert_array_equal(found.importances["last"], expected.importances["last"])
    assert Corners.seen[0] is (pd.DataFrame if store == "frame" else np.ndarray)
    assert Corners.seen[1][0] == 20


def test_pixels_keep_their_dtype():
    X, y = bright((4, 4))
    patch_importance(Corners(), (X * 2).astype(np.uint8), y, patch=2, n_repeats=1)
    assert Corners.seen[2] == np.uint8


def test_every_task_reads_images_of_its_own():
    X, y = bright((4, 4))
    other = bright((4, 4), seed=1)[0]
    y["last"] = Corners().predict(other)[:, 1]
    both = TaskImages({"first": X, "last": other})
    found = patch_importance(Corners(), both, y, patch=2, random_state=0)
    mapped = patch_importance(Corners(), {"first": X, "last": other}, y, patch=2, random_state=0)
    np.testing.assert_array_equal(found.importances["last"], mapped.importances["last"])
    assert found.baseline == {"first": 1.0, "last": 1.0}
    assert found.importances["first"][0, 0] > 0.3 < found.importances["last"][1, 1]
    assert np.count_nonzero(found.importances["first"]) == 1 == np.count_nonzero(found.importances["last"])
    with pytest.raises(ValueError, match=r"X has images of different shapes .*\[\(60, 3, 4\), \(60, 4, 4\)\]"):
        patch_importance(Corners(), {"first": X, "last": X[:, :3]}, y)


def test_the_layout_of_the_fit_is_known():
    X, y = bright((5, 5, 2))
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), channel_axis=1, max_epochs=1, random_state=0)
    assert patch_importance(clf.fit(X, y), X, y, patch=1, n_repeats=1).image_size == (5, 2)
    assert patch_importance(clf, X, y, patch=1, n_repeats=1, channel_axis=-1).image_size == (5, 5)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_it_is_the_same_in_any_number_of_jobs(n_jobs):
    X, y = bright((6, 6))
    alone = patch_importance(Corners(), X, y, patch=2, random_state=0, max_samples=0.5)
    with parallel_config(backend="threading"):
        together = patch_importance(Corners(), X, y, patch=2, random_state=0, max_samples=0.5, n_jobs=n_jobs)
    other = patch_importance(Corners(), X, y, patch=2, random_state=1, max_samples=0.5)
    np.testing.assert_array_equal(together.importances["first"], alone.importances["first"])
    assert (other.importances["first"] != alone.importances["first"]).any()


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    patch_importance(Corners(), *bright((4, 4)), patch=2, random_state=0)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_missing_labels_do_not_count():
    X, y = bright((4, 4))
    some = y.astype(object)
    some.loc[30:, "first"] = None
    found = patch_importance(Corners(), X, some, patch=2, random_state=0)
    marked = patch_importance(
        Corners(), X, y.assign(first=[*y["first"][:30], *[-1] * 30]), patch=2, random_state=0, missing_label=-1
    )
    np.testing.assert_array_equal(found.importances["first"], marked.importances["first"])
    assert found.baseline["first"] == 1
    some["first"] = None
    with pytest.warns(UnlabelledTaskWarning, match="'first'"):
        found = patch_importance(Corners(), X, some, patch=2, random_state=0)
    assert np.isnan(found.importances["first"]).all()
    assert found.importances["last"][1, 1] > 0.3
    assert np.isnan(found.overlap.loc["first", "last"])
    assert patch_importance(Corners(), X, some, tasks="last", n_repeats=1).task_names == ["last"]


def test_every_task_by_its_own_score():
    X, y = bright((4, 4))
    forest = RandomForestClassifier(20, random_state=0).fit(X.reshape(60, -1), y)
    params = {"image_shape": (4, 4), "patch": 2, "random_state": 0}
    scoring = {"last": "roc_auc", "first": "neg_log_loss"}
    found = patch_importance(forest, X.reshape(60, -1), y, scoring=scoring, **params)
    assert found.metric == scoring
    for task, metric in scoring.items():
        alone = patch_importance(forest, X.reshape(60, -1), y, scoring=metric, **params)
        np.testing.assert_array_equal(found.importances[task], alone.importances[task])
    assert patch_importance(forest, X.reshape(60, -1), y, scoring=scoring, tasks="last", **params).metric == "roc_auc"
    with pytest.raises(ValueError, match=r"scoring names the task 'frist', .* Did you mean 'first'"):
        patch_importance(forest, X.reshape(60, -1), y, scoring={"frist": "f1", "last": "f1"}, **params)


def test_other_scores():
    X, y = bright((4, 4))
    forest = RandomForestClassifier(20, random_state=0).fit(X.reshape(60, -1), y)
    params = {"image_shape": (4, 4), "patch": 2, "random_state": 0}
    found = patch_importance(forest, X.reshape(60, -1), y, scoring="neg_log_loss", **params)
    assert found.metric == "neg_log_loss"
    assert found.importances["first"].argmax() == 0
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        patch_importance(forest, X.reshape(60, -1), y, scoring="acuracy", **params)
    with pytest.raises(ValueError, match="'hamming_loss' is a loss"):
        patch_importance(forest, X.reshape(60, -1), y, scoring=hamming_loss, **params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patch": 0}, "The 'patch' parameter of patch_importance"),
        ({"patch": (2, 0)}, r"of the 2 spatial axes of images of 4 x 4. Got \(2, 0\) instead"),
        ({"patch": (2,)}, r"Got \(2,\) instead"),
        ({"patch": 2.0}, "The 'patch' parameter of patch_importance"),
        ({"tasks": "frist"}, r"tasks names the task 'frist'.*Did you mean 'first'\?"),
        ({"n_repeats": 0}, "The 'n_repeats' parameter"),
        ({"max_samples": 1.5}, "The 'max_samples' parameter"),
        ({"image_shape": (2, 8)}, "drop image_shape"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        patch_importance(Corners(), *bright((4, 4)), **params)


def test_bad_images():
    X, y = bright((4, 4))
    with pytest.raises(ValueError, match="X has 59 images, but y has 60 rows"):
        patch_importance(Corners(), X[:59], y)
    with pytest.raises(ValueError, match="a single image"):
        patch_importance(Corners(), X[:1], y[:1])
    with pytest.raises(ValueError, match=r"X must hold the pixels of images.*Got list instead: read image files"):
        patch_importance(Corners(), ["a.png"] * 60, y)
    with pytest.raises(ValueError, match="X has 86 masked values, not all in rows"):
        patch_importance(Corners(), np.ma.masked_less(X, 0.1), y)
    with pytest.raises(ValueError, match=r"X must hold the pixels.*Got list instead"):
        patch_importance(Corners(), [[[1.0]], [[1.0], [2.0]]] * 30, y)
    with pytest.raises(ValueError, match=r"X\['last'\] must hold the pixels"):
        patch_importance(Corners(), {"first": X, "last": X.astype(str)}, y)


def test_large_images_in_one_patch_by_several_workers():
    # joblib hands arrays of more than a megabyte to its workers as read-only maps.
    X = np.random.default_rng(0).random((300, 22, 22))
    y = (X[:, 3, 4] > 0.5).astype(int)
    tree = DecisionTreeClassifier(max_depth=1).fit(X.reshape(300, -1), y)
    params = {"patch": 22, "image_shape": (22, 22), "n_repeats": 1, "random_state": 0}
    one, two = (patch_importance(tree, X.reshape(300, -1), y, n_jobs=n, **params) for n in (1, 2))
    assert one.importances["task0"] == two.importances["task0"] > 0.3


def test_labels_are_read_once(monkeypatch):
    reads = []

    def read(y, *args):
        reads.append(y)
        return read_targets(y, *args)

    monkeypatch.setattr("skmtl.metrics._scorer_base.read_targets", read)
    X, y = bright((4, 4))
    patch_importance(Corners(), X, y, patch=2, n_repeats=3)
    assert len(reads) == 1


def masked(images, rows):
    mask = np.zeros(images.shape, bool)
    mask[rows] = True
    return np.ma.MaskedArray(images, mask)


def test_rows_that_are_no_images_are_left_out():
    X, y = bright((4, 4))
    rows = np.arange(0, 60, 7)
    hidden = X.copy()
    hidden[rows] = 99.0  # would be noticed
    for images in (masked(hidden, rows), LazyRows(masked(hidden, rows))):
        found = patch_importance(Corners(), images, y, patch=2, random_state=0)
        assert found.baseline == {"first": 1.0, "last": 1.0}
        assert np.count_nonzero(found.importances["first"]) == 1
    # By a straightforward loop, in which a row takes its pixels from the next image of the order.
    kept = np.delete(np.arange(60), rows)
    seeds, losses = np.random.RandomState(0).randint(2**31 - 1, size=4), []
    rng = np.random.RandomState(seeds[0])
    for _ in range(5):
        order = [row for row in rng.permutation(60) if row in kept]
        losses.append(np.mean((X[order, 0, 0] > 0.5) != y["first"][kept]))
    assert found.importances["first"][0, 0] == pytest.approx(np.mean(losses), abs=1e-12)


@pytest.mark.parametrize("kind", [dict, TaskImages])
def test_rows_that_are_no_image_of_one_task(kind):
    X, y = bright((4, 4))
    other = bright((4, 4), seed=1)[0].copy()
    y["last"] = Corners().predict(other)[:, 1]
    rows = [0, 5, 59]
    plain = patch_importance(Corners(), kind({"first": X, "last": other}), y, patch=2, random_state=0)
    other[rows] = 0.0
    images = kind({"first": X, "last": masked(other, rows)})
    found = patch_importance(Corners(), images, y, patch=2, random_state=0)
    np.testing.assert_array_equal(found.importances["first"], plain.importances["first"])
    assert found.baseline == {"first": 1.0, "last": 1.0}
    assert found.importances["last"][1, 1] > 0.3
    assert np.count_nonzero(found.importances["last"]) == 1
    assert (other[rows] == 0).all()


def test_masked_as_a_whole():
    X, y = bright((4, 4))
    with pytest.warns(UnlabelledTaskWarning):
        found = patch_importance(Corners(), np.ma.MaskedArray(X, True), y, patch=2)
    assert np.isnan(found.importances["first"]).all()


class Names(TransformerMixin, BaseEstimator):
    """Of names of images it makes images, of an unknown one a masked row, as `ImageReader` does of paths."""

    read = 0

    def __init__(self, images):
        self.images = images

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        type(self).read += len(X)
        blank = [name == "lost" for name in X]
        images = self.images[[0 if name == "lost" else int(name) for name in X]]
        return masked(images, blank) if any(blank) else images


def named(model, n_lost=0):
    """Return a fitted pipeline that begins with names, these, the labels, and the images."""
    X, y = bright((4, 4))
    names = ["lost"] * n_lost + [str(i) for i in range(n_lost, 60)]
    return make_pipeline(Names(X), model).fit(names, y), names, y, X


def tree():
    return make_pipeline(
        FunctionTransformer(lambda X: np.reshape(X, (len(X), -1))), DecisionTreeClassifier(random_state=0)
    )


def test_a_pipeline_makes_the_images_once():
    pipeline, names, y, X = named(tree())
    expected = patch_importance(pipeline[1], X, y, patch=2, random_state=0, max_samples=20)
    Names.read = 0
    found = patch_importance(pipeline, names, y, patch=2, random_state=0, max_samples=20)
    assert Names.read == 20
    for task in y:
        np.testing.assert_array_equal(found.importances[task], expected.importances[task])
    assert found.importances["first"].argmax() == 0
    search = GridSearchCV(pipeline, {"pipeline__decisiontreeclassifier__max_depth": [None]}, cv=2).fit(names, y)
    for around in (search, FrozenEstimator(pipeline), make_pipeline("passthrough", FrozenEstimator(search))):
        again = patch_importance(around, names, y, patch=2, random_state=0, max_samples=20)
        np.testing.assert_array_equal(again.importances["last"], expected.importances["last"])


def test_images_go_through_a_pipeline_as_they_are():
    X, y = bright((4, 4))
    components = make_pipeline(PCA(8, random_state=0), DecisionTreeClassifier(random_state=0)).fit(X.reshape(60, -1), y)
    found = patch_importance(components, X.reshape(60, -1), y, patch=2, image_shape=(4, 4), random_state=0)
    assert found.image_size == (4, 4)


@pytest.mark.parametrize("method", ["temperature", "isotonic", "thresholds"])
def test_calibrated_and_tuned_models_around_a_pipeline(method):
    trunk = ConvTrunk(channels=(2,), hidden=())
    clf = MultiTaskCNNClassifier(trunk, max_epochs=6, lr=0.02, random_state=0)
    pipeline, names, y, X = named(clf, n_lost=3)
    frozen, params = (
        FrozenEstimator(pipeline),
        {"scoring": "neg_log_loss", "patch": 2, "n_repeats": 2, "random_state": 0},
    )
    if method == "thresholds":
        around, params["scoring"] = MultiTaskTunedThresholdClassifier(frozen), "accuracy"
        inside = MultiTaskTunedThresholdClassifier(FrozenEstimator(clf))
    else:
        around = MultiTaskCalibratedClassifier(frozen, method=method)
        inside = MultiTaskCalibratedClassifier(FrozenEstimator(clf), method=method)
    images = Names(X).transform(names)
    around.fit(names, y)
    before = around.estimator_
    found = patch_importance(around, names, y, **params)
    expected = patch_importance(inside.fit(images, y), images, y, **params)
    for task in y:
        np.testing.assert_array_equal(found.importances[task], expected.importances[task])
    assert np.abs(found.importances["last"]).max() > 0
    assert around.estimator_ is before
    assert around.estimator is frozen


def test_a_pipeline_that_may_not_be_taken_apart():
    pipeline, names, y, _ = named(tree())
    groups = TaskGroupingClassifier(pipeline, groups=[("first",), ("last",)]).fit(names, y)
    with pytest.raises(
        ValueError, match=r"inside TaskGroupingClassifier: put it outside.*make_pipeline\(reader, TaskG"
    ):
        patch_importance(groups, names, y)
    outside = make_pipeline(Names(named(tree())[3]), TaskGroupingClassifier(tree(), groups=[("first",), ("last",)]))
    assert patch_importance(outside.fit(names, y), names, y, patch=2, n_repeats=1).importances["last"].argmax() == 3
    with pytest.raises(ValueError, match=r"X must hold the pixels of images.*begun by ImageReader"):
        patch_importance(make_pipeline("passthrough", Corners()), names, y)


def test_the_layout_of_what_a_model_is_around():
    X, y = bright((5, 5, 2))
    trunk = ConvTrunk(channels=(2,), hidden=())
    clf = MultiTaskCNNClassifier(trunk, channel_axis=1, max_epochs=1, random_state=0).fit(X, y)
    calibrated = MultiTaskCalibratedClassifier(FrozenEstimator(clf)).fit(X, y)
    assert patch_importance(calibrated, X, y, patch=5, n_repeats=1).image_size == (5, 2)
