"""Images that are none, wholly masked rows of a masked array: their labels do not count, at fit and in scores."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier
from skmtl.datasets import LazyRows, TaskImages
from skmtl.metrics import multi_task_scorer, task_scorer
from skmtl.preprocessing import ImageReader

NAMES = ["digit", "parity"]


@pytest.fixture(scope="module")
def blank(digits):
    """40 images of which rows 3, 10, 11 and 30 are blank, what is under the mask being far off."""
    rows = np.array([3, 10, 11, 30])
    images = digits.images[:40].copy()
    images[rows] = 7.5
    mask = np.zeros(images.shape, bool)
    mask[rows] = True
    X = np.ma.MaskedArray(images, mask)
    y = digits.frame[:40]
    missing = y.astype({"digit": object})
    missing.iloc[rows] = None
    kept = np.setdiff1d(np.arange(40), rows)
    return SimpleNamespace(X=X, images=images, rows=rows, kept=kept, y=y, missing=missing)


def weights_of(clf):
    return {name: p.detach().numpy() for name, p in clf.net_.module_.state_dict().items()}


def assert_same_model(a, b, X):
    theirs = weights_of(b)
    for name, value in weights_of(a).items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    for p, q in zip(a.predict_proba(X), b.predict_proba(X), strict=True):
        np.testing.assert_array_equal(p, q)
    for row, other in zip(a.history_, b.history_, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}


PARAMS = {
    "plain": {},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 3},
    "balanced classes": {"class_weight": "balanced"},
    "uniform sampling": {"task_sampling": "uniform"},
    "soft sharing": {"sharing": "mmoe"},
}


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_trained_as_without_the_labels_of_the_blank_rows(params, make, blank):
    clf = make(**params).fit(blank.X, blank.y)
    assert_same_model(clf, make(**params).fit(blank.images, blank.missing), blank.images)


def test_trained_as_without_the_blank_rows(make, blank):
    params = {"batch_size": 9, "max_epochs": 3}
    clf = make(**params).fit(blank.X, blank.y)
    assert_same_model(clf, make(**params).fit(blank.images[blank.kept], blank.y.iloc[blank.kept]), blank.images)


def test_what_is_under_the_mask_does_not_matter(make, blank):
    other = blank.X.copy()
    other.data[blank.rows] = -100.0
    assert_same_model(make().fit(blank.X, blank.y), make().fit(other, blank.y), blank.images)


def test_sample_weights_of_blank_rows_do_not_count(make, blank):
    weights = np.linspace(1, 2, 40)
    clf = make().fit(blank.X, blank.y, sample_weight=weights)
    other = make().fit(blank.images, blank.missing, sample_weight=weights)
    assert_same_model(clf, other, blank.images)
    weights[blank.rows] = 1000
    assert_same_model(clf, make().fit(blank.X, blank.y, sample_weight=weights), blank.images)


def test_statistics_are_those_of_the_images_that_are_there(make, blank):
    stage = make().fit(blank.X, blank.y).net_.module_.inputs
    assert float(stage.mean) == pytest.approx(blank.images[blank.kept].mean(), rel=1e-12)
    assert float(stage.std) == pytest.approx(blank.images[blank.kept].std(), rel=1e-12)


def test_bytes_in_colour(make, blank):
    colour = np.stack([blank.images * f for f in (10, 20, 30)], axis=-1).astype(np.uint8)
    X = np.ma.MaskedArray(colour, np.zeros(colour.shape, bool))
    X[blank.rows] = np.ma.masked
    clf = make().fit(X, blank.y)
    expected = colour[blank.kept].mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(clf.net_.module_.inputs.mean.ravel(), expected, rtol=1e-12)


def test_flat_images(make, blank):
    X = blank.X.reshape(40, 64)
    clf = make(image_shape=(8, 8)).fit(X, blank.y)
    np.testing.assert_array_equal(clf.predict(X), make().fit(blank.X, blank.y).predict(blank.X))


def test_predictions_of_blank_images_are_those_of_what_is_under_the_mask(make, blank):
    clf = make().fit(blank.X, blank.y)
    np.testing.assert_array_equal(clf.predict(blank.X), clf.predict(blank.images))
    for p, q in zip(clf.predict_proba(blank.X), clf.predict_proba(blank.images), strict=True):
        np.testing.assert_array_equal(p, q)
    assert clf.predict(blank.X[blank.rows]).shape == (4, 2)


def test_a_mask_of_nothing_is_none(make, blank):
    X = np.ma.MaskedArray(blank.images)
    assert_same_model(make().fit(X, blank.y), make().fit(blank.images, blank.y), blank.images)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
def test_rows_masked_in_part_are_refused(method, make, blank):
    X = blank.X.copy()
    X[0, 0, :3] = np.ma.masked
    clf = make().fit(blank.X, blank.y)
    with pytest.raises(ValueError, match=rf"X has {4 * 64 + 3} masked values, but every pixel needs one"):
        getattr(clf, method)(X, blank.y)
    with pytest.raises(ValueError, match="masked values, but every pixel needs one"):
        clf.predict(X)


def test_nothing_but_blank_images(make, blank):
    X = np.ma.MaskedArray(blank.images, True)
    with pytest.raises(ValueError, match="X has no image: all of its rows are masked"):
        make().fit(X, blank.y)


def test_partial_fit(make, blank):
    chunks = [slice(25), slice(25, 40)]
    clf, other = make(), make()
    classes = {"digit": [0, 1, 2, 3], "parity": ["even", "odd"]}
    for part in chunks:
        clf.partial_fit(blank.X[part], blank.y[part], classes=classes)
        other.partial_fit(blank.images[part], blank.missing[part], classes=classes)
    assert_same_model(clf, other, blank.images)


def test_nothing_is_changed(make, blank):
    X = np.ma.MaskedArray(blank.images.copy(), blank.X.mask.copy())
    make().fit(X, blank.y).score(X, blank.y)
    np.testing.assert_array_equal(X.data, blank.images)
    np.testing.assert_array_equal(X.mask, blank.X.mask)


# Scores.


@pytest.fixture(scope="module")
def fitted(make, blank):
    return make(max_epochs=6).fit(blank.X, blank.y)


def test_score_is_that_of_the_images_that_are_there(fitted, blank):
    right = (fitted.predict(blank.images) == blank.y.to_numpy(object))[blank.kept]
    expected = np.mean([right[:, t].mean() for t in range(2)])
    assert fitted.score(blank.X, blank.y) == pytest.approx(expected, rel=1e-12)
    # What a blank image is said to show cannot be right or wrong.
    swapped = blank.y.copy()
    swapped.iloc[blank.rows] = blank.y.iloc[blank.rows[::-1] - 1].to_numpy()
    assert fitted.score(blank.X, swapped) == fitted.score(blank.X, blank.y)


def test_score_with_sample_weights(fitted, blank):
    right = (fitted.predict(blank.images) == blank.y.to_numpy(object)).astype(float)
    rng = np.random.default_rng(0)
    by_row, by_cell = rng.uniform(0.5, 2, 40), rng.uniform(0.5, 2, (40, 2))
    k = blank.kept
    rows = np.mean([np.average(right[k, t], weights=by_row[k]) for t in range(2)])
    cells = np.mean([np.average(right[k, t], weights=by_cell[k, t]) for t in range(2)])
    frame = pd.DataFrame(by_cell, columns=NAMES)
    masked = np.ma.MaskedArray(by_cell, np.zeros((40, 2), bool))
    masked[5, 1] = np.ma.masked
    without = by_cell.copy()
    without[5, 1] = 0
    for weight, expected in (
        (by_row, rows),
        (by_row.tolist(), rows),
        (pd.Series(by_row), rows),
        (by_cell, cells),
        (frame, cells),
        (frame[NAMES[::-1]], cells),
        (masked, np.mean([np.average(right[k, t], weights=without[k, t]) for t in range(2)])),
    ):
        assert fitted.score(blank.X, blank.y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)
        kept = fitted.score(blank.images, blank.missing, sample_weight=weight)
        assert fitted.score(blank.X, blank.y, sample_weight=weight) == pytest.approx(kept, rel=1e-12)


def test_score_of_columns_in_another_order_and_of_arrays(fitted, make, blank, digits):
    expected = fitted.score(blank.X, blank.y)
    assert fitted.score(blank.X, blank.y[NAMES[::-1]]) == pytest.approx(expected, rel=1e-12)
    weight = np.random.default_rng(1).uniform(0.5, 2, (40, 2))
    turned = fitted.score(blank.X, blank.y[NAMES[::-1]], sample_weight=weight[:, ::-1])
    assert turned == pytest.approx(fitted.score(blank.X, blank.y, sample_weight=weight), rel=1e-12)
    codes = digits.codes[:40]
    clf = make(max_epochs=6).fit(blank.X, codes)
    right = (clf.predict(blank.images) == codes)[blank.kept]
    assert clf.score(blank.X, codes) == pytest.approx(right.mean(axis=0).mean(), rel=1e-12)


def test_score_of_one_task(make, blank):
    series = blank.y["digit"]
    clf = make(max_epochs=6).fit(blank.X, series)
    right = (clf.predict(blank.images) == series)[blank.kept]
    assert clf.score(blank.X, series) == pytest.approx(right.mean(), rel=1e-12)
    weight = np.linspace(1, 3, 40)
    expected = np.average(right, weights=weight[blank.kept])
    assert clf.score(blank.X, series, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


# Images of every task's own.


@pytest.fixture(scope="module")
def two(blank, digits):
    other = digits.images[40:80] * 0.5 + 1
    rows = np.array([0, 10, 25])
    mask = np.zeros(other.shape, bool)
    mask[rows] = True
    missing = blank.y.astype({"digit": object, "parity": object})
    missing.iloc[blank.rows, 0] = None
    missing.iloc[rows, 1] = None
    X = {"digit": blank.X, "parity": np.ma.MaskedArray(other, mask)}
    return SimpleNamespace(X=X, images={"digit": blank.images, "parity": other}, rows=rows, missing=missing, y=blank.y)


@pytest.mark.parametrize("sharing", ["hard", "cross-stitch", "mtan"])
def test_in_a_mapping_only_the_labels_of_that_task_go(sharing, make, two):
    # Without standardisation, whose statistics leave out the blank images but not those without label.
    params = {"sharing": sharing, "standardize": False}
    clf = make(**params).fit(two.X, two.y)
    assert_same_model(clf, make(**params).fit(two.images, two.missing), two.images)


def test_statistics_of_every_set(make, two, blank):
    mean = make().fit(two.X, two.y).net_.module_.inputs.mean.ravel()
    # Row 10 is blank in both sets, the others in one of them.
    parts = [np.delete(two.images["digit"], blank.rows, axis=0), np.delete(two.images["parity"], two.rows, axis=0)]
    np.testing.assert_allclose(mean, [part.mean() for part in parts], rtol=1e-12)


def test_one_set_masked_the_other_not(make, two):
    X = {**two.X, "parity": two.images["parity"]}
    missing = two.missing.assign(parity=two.y["parity"])
    clf = make(standardize=False).fit(X, two.y)
    assert_same_model(clf, make(standardize=False).fit(two.images, missing), two.images)


def test_score_of_a_mapping(make, two, blank):
    clf = make(max_epochs=6).fit(two.X, two.y)
    right = clf.predict(two.images) == two.y.to_numpy(object)
    parts = [np.delete(right[:, 0], blank.rows), np.delete(right[:, 1], two.rows)]
    assert clf.score(two.X, two.y) == pytest.approx(np.mean([part.mean() for part in parts]), rel=1e-12)
    turned = {name: two.X[name] for name in NAMES[::-1]}
    assert clf.score(turned, two.y) == clf.score(two.X, two.y)
    weight = pd.DataFrame(np.random.default_rng(0).uniform(0.5, 2, (40, 2)), columns=NAMES[::-1])
    expected = clf.score(two.images, two.missing, sample_weight=weight)
    assert clf.score(two.X, two.y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


def test_masked_in_part_in_a_mapping(make, two):
    X = {**two.X, "parity": two.X["parity"].copy()}
    X["parity"][1, 0, 0] = np.ma.masked
    with pytest.raises(ValueError, match=r"X\['parity'\]: X has 193 masked values"):
        make().fit(X, two.y)


@pytest.mark.parametrize("kind", [TaskImages, lambda X: {task: LazyRows(images) for task, images in X.items()}])
def test_rows_that_stay_where_they_are_keep_their_masks(kind, make, two):
    X = kind(two.X)
    clf = make().fit(X, two.y)
    assert_same_model(clf, make().fit(two.X, two.y), two.images)
    np.testing.assert_array_equal(clf.predict(X), clf.predict(two.images))
    assert clf.score(X, two.y) == clf.score(two.images, two.missing)
    scores = multi_task_scorer("accuracy")(clf, X, two.y)
    assert scores == multi_task_scorer("accuracy")(clf, two.images, two.missing)
    plain = kind({task: images.data for task, images in two.X.items()})
    for params in ({}, {"method": "isotonic"}):
        calibrated = MultiTaskCalibratedClassifier(make(standardize=False), cv=KFold(2), **params).fit(X, two.y)
        other = MultiTaskCalibratedClassifier(make(standardize=False), cv=KFold(2), **params).fit(plain, two.missing)
        for p, q in zip(calibrated.predict_proba(X), other.predict_proba(X), strict=True):
            np.testing.assert_array_equal(p, q)


def test_masked_rows_of_one_set_of_lazy_images(make, blank):
    assert_same_model(make().fit(LazyRows(blank.X), blank.y), make().fit(blank.X, blank.y), blank.images)


# In scikit-learn's tools.


def test_cross_validation_keeps_the_mask(make, blank, two):
    for X, images, missing in (
        (blank.X, blank.images, blank.missing),
        (SliceDict(**two.X), None, None),
        (TaskImages(two.X), None, None),
    ):
        scores = cross_val_score(make(), X, blank.y, cv=KFold(2), error_score="raise")
        clf = make().fit(X[20:], blank.y[20:])
        assert scores[0] == clf.score(X[:20], blank.y[:20])
        if images is not None:
            expected = cross_val_score(make(), images, missing, cv=KFold(2), error_score="raise")
            np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_search_and_pickle(make, blank):
    search = GridSearchCV(make(), {"sharing": ["hard", "none"]}, cv=KFold(2), error_score="raise")
    search.fit(blank.X, blank.y)
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    assert copy.score(blank.X, blank.y) == search.score(blank.X, blank.y)


def test_not_even_nan_under_the_mask_matters(digits):
    images = digits.images[:60].astype(np.float64)
    mask = np.zeros(images.shape, bool)
    mask[::7] = True
    hidden = np.where(mask, np.nan, images)
    blank = np.ma.MaskedArray(np.where(mask, 0.0, images), mask)
    first, second = (
        MultiTaskCNNClassifier(max_epochs=2, random_state=0).fit(X, digits.frame[:60])
        for X in (blank, np.ma.masked_invalid(hidden))
    )
    np.testing.assert_array_equal(first.predict_proba(blank)[0], second.predict_proba(np.ma.masked_invalid(hidden))[0])


def test_first_chunk_without_images_of_one_set(digits):
    y = digits.frame[:40]
    X = {"digit": np.ma.MaskedArray(digits.images[:40], np.ones((40, 8, 8), bool)), "parity": digits.images[:40].copy()}
    classes = {name: np.unique(digits.frame[name]) for name in NAMES}
    with pytest.raises(ValueError, match=r"X has no image of the tasks \['digit'\] to standardise by"):
        MultiTaskCNNClassifier().partial_fit(X, y, classes=classes)
    clf = MultiTaskCNNClassifier(standardize=False, random_state=0).partial_fit(X, y, classes=classes)
    assert clf.predict(X).shape == (40, 2)


def test_weights_of_named_labels_for_a_model_of_nameless_ones(blank):
    clf = MultiTaskCNNClassifier(max_epochs=1, random_state=0).fit(blank.X, blank.y.to_numpy(object))
    plain = clf.score(blank.X, blank.y)
    assert clf.score(blank.X, blank.y, sample_weight=np.ones((40, 2))) == plain


def test_scorers_leave_their_labels_out(make, blank):
    clf = make().fit(blank.X, blank.y)
    scores = multi_task_scorer("accuracy")(clf, blank.X, blank.y)
    assert scores["mean_accuracy"] == clf.score(blank.X, blank.y)
    assert scores == multi_task_scorer("accuracy")(clf, blank.images, blank.missing)
    images = {"digit": blank.X, "parity": blank.images}
    clf = make().fit(images, blank.y)
    right = clf.predict(images) == blank.y.to_numpy()
    assert task_scorer("digit")(clf, images, blank.y) == right[blank.kept, 0].mean()
    assert task_scorer("parity")(clf, images, blank.y) == right[:, 1].mean()


# Files, some of which cannot be read.


def read(paths):
    """The recipe of the guide for two columns of paths."""
    reader = ImageReader(8, mode="L", on_error="warn")
    return TaskImages({task: reader.transform(paths[task]) for task in paths})


@pytest.fixture
def files(tmp_path, digits):
    """A table of paths of which one is missing and one is of a truncated file, and what there is to read."""
    images = {"digit": np.uint8(digits.images[:40] * 255), "parity": np.uint8(digits.images[40:80] * 255)}
    for task, pixels in images.items():
        for i, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / f"{task}{i}.png")
    (tmp_path / "digit7.png").write_bytes((tmp_path / "digit7.png").read_bytes()[:60])
    (tmp_path / "parity22.png").unlink()
    images["digit"][7] = images["parity"][22] = 0
    paths = pd.DataFrame({task: [str(tmp_path / f"{task}{i}.png") for i in range(40)] for task in images})
    missing = digits.frame[:40].astype(object)
    missing.loc[7, "digit"] = missing.loc[22, "parity"] = None
    return SimpleNamespace(paths=paths, images=images, y=digits.frame[:40], missing=missing)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnreadableImageWarning")
def test_two_columns_of_paths_some_of_files_that_cannot_be_read(files, make):
    clf = make(standardize=False, max_epochs=6)
    expected = make(standardize=False, max_epochs=6).fit(files.images, files.missing)
    pipeline = make_pipeline(FunctionTransformer(read), clf).fit(files.paths, files.y)
    assert_same_model(clf, expected, files.images)
    np.testing.assert_array_equal(pipeline.predict(files.paths), expected.predict(files.images))
    assert pipeline.score(files.paths, files.y) == expected.score(files.images, files.missing)
    scorer = multi_task_scorer("accuracy")
    assert scorer(pipeline, files.paths, files.y) == scorer(expected, files.images, files.missing)
    scores = cross_validate(pipeline, files.paths, files.y, cv=KFold(2), scoring=scorer, error_score="raise")
    others = cross_validate(clf, TaskImages(files.images), files.missing, cv=KFold(2), scoring=scorer)
    for name in ("test_digit_accuracy", "test_parity_accuracy"):
        np.testing.assert_array_equal(scores[name], others[name])
    calibrated = MultiTaskCalibratedClassifier(pipeline, cv=KFold(2), method="isotonic").fit(files.paths, files.y)
    other = MultiTaskCalibratedClassifier(clf, cv=KFold(2), method="isotonic").fit(files.images, files.missing)
    for p, q in zip(calibrated.predict_proba(files.paths), other.predict_proba(files.images), strict=True):
        np.testing.assert_array_equal(p, q)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnreadableImageWarning")
def test_a_later_step_keeps_the_masks(files, make):
    def inverted(images):
        return TaskImages({task: np.invert(np.asanyarray(pixels)) for task, pixels in images.images.items()})

    pipeline = make_pipeline(FunctionTransformer(read), FunctionTransformer(inverted), make(standardize=False))
    score = pipeline.fit(files.paths, files.y).score(files.paths, files.y)
    images = {task: 255 - pixels for task, pixels in files.images.items()}
    assert score == make(standardize=False).fit(images, files.missing).score(images, files.missing)
