"""An input per task: the same images as one input, different ones, and every way to hand them over."""

import pickle
from operator import attrgetter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict
from torch import nn

from skmtl.datasets import LazyRows, TaskImages
from skmtl.estimators._hold_out import hold_out
from skmtl.exceptions import PixelUnitWarning
from skmtl.nn import PLE, SHARINGS, ConvTrunk

NAMES = ["digit", "parity"]


@pytest.fixture(scope="module")
def pair(digits):
    """Two sets of 40 images with other labels, of other brightness, read-only; few enough for float64."""
    first, second = digits.images[:40].copy(), np.ascontiguousarray(digits.images[40:80][:, ::-1]) * 0.25 + 0.5
    first.flags.writeable = second.flags.writeable = False
    y = pd.DataFrame({"digit": digits.digit[:40], "parity": digits.frame["parity"][40:80].to_numpy()})
    return SimpleNamespace(first=first, second=second, X={"digit": first, "parity": second}, y=y)


def weights_of(clf, but="inputs."):
    return {name: p.detach().numpy() for name, p in clf.net_.module_.state_dict().items() if not name.startswith(but)}


def losses_of(clf):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in clf.history_]


def assert_same_model(a, Xa, b, Xb, tolerance=0.0):
    """Histories, weights and probabilities are the same: to the last bit, or up to rounding."""
    for row, other in zip(losses_of(a), losses_of(b), strict=True):
        assert row == pytest.approx(other, rel=0, abs=tolerance)
    theirs = weights_of(b)
    for name, value in weights_of(a).items():
        np.testing.assert_allclose(value, theirs[name], rtol=0, atol=tolerance, err_msg=name)
    for p, q in zip(a.predict_proba(Xa), b.predict_proba(Xb), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=tolerance)


# The same images as one input.


@pytest.mark.parametrize("sharing", SHARINGS)
def test_one_object_for_all_tasks_is_the_single_input(sharing, make, pair):
    X = {"digit": pair.first, "parity": pair.first}
    clf, single = (make(sharing=sharing).fit(images, pair.y) for images in (X, pair.first))
    assert clf.net_.input_of is None
    assert_same_model(clf, X, single, pair.first)
    np.testing.assert_array_equal(clf.predict(X), single.predict(pair.first))
    for name, value in weights_of(clf, but="-").items():
        np.testing.assert_array_equal(value, weights_of(single, but="-")[name])


@pytest.mark.parametrize("sharing", SHARINGS)
def test_equal_images_give_the_same_losses_and_predictions(sharing, make, pair):
    X = {"digit": pair.first, "parity": pair.first.copy()}
    trunk = ConvTrunk(channels=(3, 4), hidden=(8,))
    clf, single = (make(trunk=trunk, sharing=sharing).fit(images, pair.y) for images in (X, pair.first))
    assert clf.net_.input_of == (0, 1)
    assert clf.net_.module_.heads.dtype == torch.float64
    assert_same_model(clf, X, single, pair.first, tolerance=1e-10)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_equal_images_give_the_same_gradients(sharing, make, pair):
    X = {"digit": pair.first, "parity": pair.first.copy()}
    trunk = ConvTrunk(channels=(3, 4), hidden=(8,))
    clf, single = (make(trunk=trunk, sharing=sharing, max_epochs=1).fit(images, pair.y) for images in (X, pair.first))
    own, shared = clf.net_.module_.train(), single.net_.module_.train()
    own.load_state_dict({k: v for k, v in shared.state_dict().items() if not k.startswith("inputs.")}, strict=False)
    images = torch.tensor(pair.first)[:, None]
    codes = torch.tensor(np.column_stack([np.unique(pair.y[name], return_inverse=True)[1] for name in NAMES]))
    both = torch.stack([images, images], dim=1)
    for module, logits in ((own, own(both, (0, 1))), (shared, shared(images))):
        module.zero_grad()
        single.net_.criterion_(logits, codes, None).mean().backward()
    largest = 0.0
    for (name, p), (other_name, q) in zip(own.named_parameters(), shared.named_parameters(), strict=True):
        assert name == other_name
        torch.testing.assert_close(p.grad, q.grad, rtol=0, atol=1e-10)
        largest = max(largest, float(p.grad.abs().max()))
    assert largest > 1e-3


@pytest.mark.parametrize("sharing", SHARINGS)
def test_batch_normalisation_sees_the_same_training_batches(sharing, make, pair):
    trunk = ConvTrunk(channels=(3,), hidden=(8,), normalization="batch")
    X = {"digit": pair.first, "parity": pair.first.copy()}
    clf, single = (make(trunk=trunk, sharing=sharing).fit(images, pair.y) for images in (X, pair.first))
    for row, other in zip(losses_of(clf), losses_of(single), strict=True):
        assert row == pytest.approx(other, rel=0, abs=1e-10)
    # Its running variance divides by one less than the number of values, of which there are twice as many.
    for p, q in zip(clf.predict_proba(X), single.predict_proba(pair.first), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=1e-3)


# Different images.


@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_task_reads_its_own_images(sharing, make, pair):
    clf = make(sharing=sharing).fit(pair.X, pair.y)
    expected = clf.predict_proba(pair.X)
    order = np.random.default_rng(0).permutation(40)
    for t, name in enumerate(NAMES):
        other = NAMES[1 - t]
        proba = clf.predict_proba({**pair.X, other: pair.X[other][order]})
        np.testing.assert_allclose(proba[t], expected[t], rtol=0, atol=1e-12)
        np.testing.assert_allclose(proba[1 - t], expected[1 - t][order], rtol=0, atol=1e-12)
        assert np.abs(proba[1 - t] - expected[1 - t]).max() > 1e-3, name
    swapped = clf.predict_proba({"digit": pair.second, "parity": pair.first})
    assert all(np.abs(p - q).max() > 1e-3 for p, q in zip(swapped, expected, strict=True))


def test_every_task_learns_from_its_own_images(make, digits):
    y = pd.DataFrame({"digit": digits.digit, "parity": digits.frame["parity"].to_numpy()[::-1]})
    X = {"digit": digits.images, "parity": digits.images[::-1]}
    clf = make(max_epochs=20).fit(X, y)
    assert clf.score(X, y) > 0.95
    assert clf.score({"digit": X["parity"], "parity": X["digit"]}, y) < 0.7


def test_independent_networks_do_not_see_the_other_tasks_images(make, pair):
    towers = []
    for images in (pair.second, pair.first * 3):
        clf = make(sharing="none").fit({"digit": pair.first, "parity": images}, pair.y)
        towers.append({k: v for k, v in weights_of(clf).items() if k.startswith("trunk.towers.0.")})
    assert len(towers[0]) == 4
    for name, value in towers[0].items():
        np.testing.assert_array_equal(value, towers[1][name], err_msg=name)


@pytest.mark.parametrize("sharing", ["hard", "cross-stitch", "mtan"])
def test_the_order_of_the_keys_does_not_matter(sharing, make, pair):
    turned = {name: pair.X[name] for name in reversed(NAMES)}
    clf, other = (make(sharing=sharing).fit(X, pair.y) for X in (pair.X, turned))
    assert_same_model(clf, pair.X, other, turned)
    np.testing.assert_array_equal(clf.predict(turned), clf.predict(pair.X))
    assert clf.score(turned, pair.y) == other.score(pair.X, pair.y)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_three_tasks_on_two_inputs(sharing, make, pair):
    y = pair.y.assign(even=pair.y["digit"] % 2 == 0)
    X = {"digit": pair.first, "parity": pair.second, "even": pair.first}
    clf = make(sharing=sharing).fit(X, y)
    assert clf.net_.input_of == clf.net_.module_.set_of == (0, 1, 0)
    assert clf.net_.module_.inputs.mean.shape == (2, 1, 1, 1)
    expected = clf.predict_proba(X)
    proba = clf.predict_proba({**X, "parity": pair.first})
    for t, same in ((0, True), (1, False), (2, True)):
        assert bool(np.abs(proba[t] - expected[t]).max() < 1e-12) is same
    # The same three inputs, one of them twice: no other network, only more work.
    apart = make(sharing=sharing).fit({**X, "even": pair.first.copy()}, y)
    assert apart.net_.input_of == (0, 1, 2)
    assert_same_model(clf, X, apart, X, tolerance=1e-10)


def test_every_set_is_standardised_by_itself(make, pair):
    stage = make().fit(pair.X, pair.y).net_.module_.inputs
    sets = (pair.first, pair.second)
    np.testing.assert_allclose(stage.mean.ravel(), [images.mean() for images in sets], rtol=1e-12)
    np.testing.assert_allclose(stage.std.ravel(), [images.std() for images in sets], rtol=1e-12)
    seen = stage.eval()(torch.tensor(np.stack(sets, axis=1))[:, :, None], [0, 1]).numpy()
    np.testing.assert_allclose(seen.mean(axis=(0, 2, 3, 4)), 0, atol=1e-12)
    np.testing.assert_allclose(seen.std(axis=(0, 2, 3, 4)), 1, atol=1e-12)


def test_brightness_and_contrast_of_a_set_do_not_matter(make, pair):
    X = {"digit": pair.first, "parity": 3 * pair.second + 10}
    clf, other = make().fit(pair.X, pair.y), make().fit(X, pair.y)
    assert_same_model(clf, pair.X, other, X, tolerance=1e-8)


def test_bytes_are_scaled_and_standardised(make, pair):
    X = {name: np.round(images * 200).astype(np.uint8) for name, images in pair.X.items()}
    clf = make().fit(X, pair.y)
    expected = [images.mean() / 255 for images in X.values()]
    np.testing.assert_allclose(clf.net_.module_.inputs.mean.ravel(), expected, rtol=1e-12)
    floats = {name: images / 255 for name, images in X.items()}
    assert_same_model(clf, X, make().fit(floats, pair.y), floats, tolerance=1e-8)
    with pytest.warns(PixelUnitWarning, match="X is float64, but the model was fitted on uint8"):
        clf.predict(floats)


def test_colour_channels_first_and_last(make, pair):
    last = {name: np.stack([images, images**2, 1 - images], axis=-1) for name, images in pair.X.items()}
    first = {name: np.ascontiguousarray(np.moveaxis(images, -1, 1)) for name, images in last.items()}
    clf, other = make().fit(last, pair.y), make().fit(first, pair.y)
    assert clf.image_shape_ == (3, 8, 8)
    assert clf.net_.module_.inputs.mean.shape == (2, 3, 1, 1)
    assert_same_model(clf, last, other, first, tolerance=1e-12)


@pytest.mark.parametrize(("spatial_dims", "shape"), [(1, (64,)), (3, (4, 4, 4))])
def test_signals_and_volumes(spatial_dims, shape, make, pair):
    X = {name: images.reshape(40, *shape) for name, images in pair.X.items()}
    clf = make(spatial_dims=spatial_dims).fit(X, pair.y)
    assert clf.image_shape_ == (1, *shape)
    assert clf.predict(X).shape == (40, 2)


# Ways to hand them over.


def storages(pair, tmp_path):
    maps = {}
    for name, images in pair.X.items():
        np.save(tmp_path / f"{name}.npy", images)
        maps[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    every = np.arange(40)
    return {
        "lists": {name: images.tolist() for name, images in pair.X.items()},
        "maps": maps,
        "lazy rows": {name: LazyRows(images) for name, images in pair.X.items()},
        "lazy rows of maps": {name: LazyRows(images, every) for name, images in maps.items()},
        "mixed": {"digit": maps["digit"], "parity": LazyRows(pair.second)},
        "tensors": {name: torch.tensor(images) for name, images in pair.X.items()},
        "task images": TaskImages(pair.X),
        "task images of maps": TaskImages(maps),
        "slice dict": SliceDict(**pair.X),
    }


def test_every_storage_trains_the_same_model(make, pair, tmp_path):
    clf = make().fit(pair.X, pair.y)
    for kind, X in storages(pair, tmp_path).items():
        other = make().fit(X, pair.y)
        assert_same_model(clf, pair.X, other, X)
        assert other.score(X, pair.y) == clf.score(pair.X, pair.y), kind


def test_frames_whose_columns_have_names_of_their_own(make, pair):
    flat = {name: images.reshape(40, 64) for name, images in pair.X.items()}
    frames = {name: pd.DataFrame(rows).add_prefix(f"{name} ") for name, rows in flat.items()}
    clf = make(image_shape=(8, 8)).fit(flat, pair.y)
    # Names of one set must not be asked of another, nor of arrays; any warning is an error here.
    for X in (frames, {**frames, "digit": flat["digit"]}, {**frames, "parity": flat["parity"]}):
        assert_same_model(clf, flat, make(image_shape=(8, 8)).fit(X, pair.y), X)
        np.testing.assert_array_equal(clf.predict(X), clf.predict(flat))


class ViewTrunk(nn.Module):
    """Takes views that only rows side by side in memory allow."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 8)

    def forward(self, images):
        return torch.relu(self.layer(images.view(-1).view(len(images), 64)))


@pytest.mark.parametrize("sharing", SHARINGS)
def test_trunks_that_take_views(sharing, make, pair):
    spec = PLE(n_levels=1) if sharing == "ple" else sharing  # a module of the user's is one stage
    clf = make(trunk=ViewTrunk, sharing=spec).fit(pair.X, pair.y)
    assert clf.predict(pair.X).shape == (40, 2)
    assert bool(clf.sharing_weights(pair.X)) is (sharing not in {"hard", "none"})


def test_picked_rows_are_those_rows(make, pair):
    rows = np.random.default_rng(0).permutation(40)[:30]
    arrays = {name: images[rows] for name, images in pair.X.items()}
    clf = make().fit(arrays, pair.y.iloc[rows])
    for X in (TaskImages(pair.X)[rows], {name: LazyRows(images, rows) for name, images in pair.X.items()}):
        assert_same_model(clf, arrays, make().fit(X, pair.y.iloc[rows]), X)


@pytest.mark.parametrize("wrap", [TaskImages, lambda X: SliceDict(**X)], ids=["TaskImages", "SliceDict"])
def test_cross_validation(wrap, make, pair):
    X = wrap(pair.X)
    scores = cross_val_score(make(), X, pair.y, cv=KFold(2), error_score="raise")
    predicted = cross_val_predict(make(), X, pair.y, cv=KFold(2))
    halves = [{name: images[part] for name, images in pair.X.items()} for part in (slice(20), slice(20, None))]
    for i, (test, train) in enumerate([(0, 1), (1, 0)]):
        clf = make().fit(halves[train], pair.y[20 * train : 20 * train + 20])
        assert scores[i] == clf.score(halves[test], pair.y[20 * test : 20 * test + 20])
        np.testing.assert_array_equal(predicted[20 * test : 20 * test + 20], clf.predict(halves[test]))


def test_a_plain_mapping_is_not_split(make, pair):
    # scikit-learn counts its keys: this is all it says, which is why TaskImages exists.
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 40\]"):
        cross_val_score(make(), pair.X, pair.y, cv=KFold(2))


def test_train_test_split(make, pair):
    train, test, y_train, y_test = train_test_split(TaskImages(pair.X), pair.y, random_state=0)
    assert (len(train), len(test)) == (30, 10)
    assert 0 <= make().fit(train, y_train).score(test, y_test) <= 1


def test_tasks_that_share_images_do_so_in_every_split(make, pair):
    X = TaskImages({"digit": pair.first, "parity": pair.first})
    clf = make().fit(X[:30], pair.y[:30])
    assert clf.net_.input_of is None
    assert_same_model(clf, X[30:], make().fit(pair.first[:30], pair.y[:30]), pair.first[30:])


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [(TaskImages, attrgetter("images")), (lambda X: SliceDict(**X), dict)],
    ids=["TaskImages", "SliceDict"],
)
def test_search_in_two_processes_and_in_a_pipeline(wrap, unwrap, make, pair):
    X, pipeline = wrap(pair.X), make_pipeline(FunctionTransformer(unwrap), "passthrough", make())
    grid = {"multitaskcnnclassifier__sharing": ["hard", "none"]}
    search, alone = (
        GridSearchCV(pipeline, grid, cv=KFold(2), n_jobs=n_jobs, error_score="raise").fit(X, pair.y)
        for n_jobs in (2, None)
    )
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(copy.predict(X), alone.predict(X))
    assert search.score(X, pair.y) == make(sharing=copy[-1].sharing).fit(pair.X, pair.y).score(pair.X, pair.y)


def test_integers_as_names_of_tasks(make, pair):
    y = pair.y.set_axis([7, 0], axis=1)
    clf = make().fit({7: pair.first, 0: pair.second}, y)
    named = make().fit(pair.X, pair.y)
    for p, q in zip(clf.predict_proba({0: pair.second, 7: pair.first}), named.predict_proba(pair.X), strict=True):
        np.testing.assert_array_equal(p, q)
    # Names first: 0 is the task 0, although that is the second.
    with pytest.raises(ValueError, match=r"X names the task 0 twice, as 0 and 1"):
        clf.predict({0: pair.second, 1: pair.second})


def test_tasks_without_names_go_by_position(make, pair, digits):
    codes = digits.codes[:40]
    clf = make().fit({0: pair.first, 1: pair.second}, codes)
    named = make().fit({"task1": pair.second, "task0": pair.first}, codes)
    X = {0: pair.first, -1: pair.second}
    assert_same_model(clf, X, named, X)


def test_a_single_task(make, pair):
    series = pair.y["digit"]
    clf, plain = make().fit({"digit": pair.first}, series), make().fit(pair.first, series)
    np.testing.assert_array_equal(clf.predict({"digit": pair.first}), plain.predict(pair.first))
    assert clf.predict_proba({"digit": pair.first}).shape == (40, 4)


# Which images are whose, at fit and later.


def test_tasks_of_one_set_may_read_different_images_later(make, pair):
    X = {"digit": pair.first, "parity": pair.first}
    clf = make().fit(X, pair.y)
    other = np.ascontiguousarray(pair.first[::-1])
    mixed = clf.predict_proba({"digit": pair.first, "parity": other})
    expected = [clf.predict_proba(dict.fromkeys(NAMES, images)) for images in (pair.first, other)]
    np.testing.assert_allclose(mixed[0], expected[0][0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(mixed[1], expected[1][1], rtol=0, atol=1e-12)


def test_tasks_of_two_sets_may_read_the_same_images_later(make, pair):
    clf = make().fit(pair.X, pair.y)
    same = clf.predict_proba({"digit": pair.second, "parity": pair.second})
    copies = clf.predict_proba({"digit": pair.second, "parity": pair.second.copy()})
    for p, q in zip(same, copies, strict=True):
        np.testing.assert_array_equal(p, q)
    # Each still in the units of its own set.
    np.testing.assert_array_equal(same[1], clf.predict_proba(pair.X)[1])


WRONG = {
    "array": (lambda X: X["digit"], "X is one set of images, but the model was fitted on a mapping task -> images"),
    "task missing": (lambda X: {"digit": X["digit"]}, r"X must name every task; it lacks \['parity'\]"),
    "task unknown": (lambda X: {**X, "colour": X["digit"]}, r"X names the task 'colour', but the tasks are"),
    "near miss": (lambda X: {"digit": X["digit"], "party": X["parity"]}, "Did you mean 'parity'"),
    "twice": (lambda X: {**X, 0: X["digit"]}, "X names the task 'digit' twice"),
    "lengths": (lambda X: {**X, "parity": X["parity"][:9]}, r"X\['digit'\] has 40 images, X\['parity'\] 9"),
    "size": (lambda X: {**X, "parity": X["parity"][:, :7]}, r"X\['parity'\]: X has rows of shape \(7, 8\)"),
    "NaN": (lambda X: {**X, "parity": X["parity"] * np.nan}, r"X\['parity'\]: Input X contains NaN"),
    "empty": (lambda X: {}, "X is an empty mapping"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_images_at_predict(wrong, make, pair):
    clf, (change, said) = make().fit(pair.X, pair.y), WRONG[wrong]
    for method in ("predict", "predict_proba", "sharing_weights"):
        with pytest.raises(ValueError, match=said):
            getattr(clf, method)(change(pair.X))
    with pytest.raises(ValueError, match=said):
        clf.score(change(pair.X), pair.y)


def test_a_mapping_for_a_model_of_one_input(make, pair):
    clf = make().fit(pair.first, pair.y)
    with pytest.raises(
        ValueError, match="X is a mapping task -> images, but the model was fitted on one set of images"
    ):
        clf.predict(pair.X)


# Fits that continue, stop early or change the images.


def test_partial_fit(make, pair):
    chunks = [slice(25), slice(25, 40)]
    one = {"digit": pair.first, "parity": pair.first}
    same, single = make(), make()
    for part in chunks:
        images = pair.first[part]
        same.partial_fit({"digit": images, "parity": images}, pair.y[part])
        single.partial_fit(images, pair.y[part])
    assert_same_model(same, one, single, pair.first)
    clf = make()
    for part in chunks:
        clf.partial_fit({name: images[part] for name, images in pair.X.items()}, pair.y[part])
    assert clf.n_iter_ == 2
    mean = [images[:25].mean() for images in pair.X.values()]
    np.testing.assert_allclose(clf.net_.module_.inputs.mean.ravel(), mean, rtol=1e-12)
    with pytest.raises(ValueError, match="X is one set of images"):
        clf.partial_fit(pair.first, pair.y)


def test_warm_start(make, pair):
    X = {"digit": pair.first, "parity": pair.first.copy()}
    clf, single = (make(warm_start=True).fit(images, pair.y) for images in (X, pair.first))
    for images, other in ((X, clf), (pair.first, single)):
        other.fit(images, pair.y)
    assert clf.n_iter_ == 4
    assert_same_model(clf, X, single, pair.first, tolerance=1e-10)
    # From here on both tasks read one array; each is still standardised as its own set.
    clf.fit({"digit": pair.first, "parity": pair.first}, pair.y)
    single.fit(pair.first, pair.y)
    assert_same_model(clf, X, single, pair.first, tolerance=1e-9)


def test_early_stopping(make, pair):
    X = {"digit": pair.first, "parity": pair.first.copy()}
    params = {"early_stopping": True, "max_epochs": 4, "validation_fraction": 0.3}
    clf, single = (make(**params).fit(images, pair.y) for images in (X, pair.first))
    assert all("parity_valid_loss" in row for row in clf.history_)
    assert clf.best_score_ == single.best_score_
    assert_same_model(clf, X, single, pair.first, tolerance=1e-10)
    different = make(**params).fit(pair.X, pair.y)
    train_rows, _ = rows_of_the_split(different, pair)
    np.testing.assert_allclose(
        different.net_.module_.inputs.mean.ravel(),
        [images[train_rows].mean() for images in pair.X.values()],
        rtol=1e-12,
    )


def rows_of_the_split(clf, pair):
    codes = np.column_stack([np.unique(pair.y[name], return_inverse=True)[1] for name in NAMES])
    return hold_out(codes, clf.validation_fraction, int(clf._split_seed), NAMES, np.ones(2, bool))


class Record:
    """Keep the shapes and the mean of every batch."""

    def __init__(self):
        self.shapes, self.largest = [], 0.0

    def __call__(self, batch):
        self.shapes.append(tuple(batch.shape))
        self.largest = max(self.largest, float(batch.max()))
        return 1 - batch


def test_augmentation_is_applied_to_every_input(make, digits):
    X = {"digit": digits.images, "parity": digits.images[::-1]}
    y = pd.DataFrame({"digit": digits.digit, "parity": digits.frame["parity"].to_numpy()[::-1]})
    augment = Record()
    clf = make(augment=augment, max_epochs=20, batch_size=60).fit(X, y)
    # Every image is one of the batch, whichever task's it is.
    assert augment.shapes[1:] == [(2 * 60, 1, 8, 8)] * 40
    assert augment.largest == 1
    inverted = {name: 1 - images for name, images in X.items()}
    per_task = (clf.predict(inverted) == y.to_numpy()).mean(axis=0)
    assert (per_task > 0.9).all()
    # It has only ever seen negatives.
    assert ((clf.predict(X) == y.to_numpy()).mean(axis=0) < 0.8).all()


def test_nothing_is_changed(make, pair):
    X = {name: images.copy() for name, images in pair.X.items()}
    arrays = dict(X)
    clf = make(early_stopping=True, validation_fraction=0.3, augment=lambda batch: batch.mul_(0.5)).fit(X, pair.y)
    clf.predict(X), clf.predict_proba(X), clf.score(X, pair.y), clf.sharing_weights(X)
    assert list(X) == NAMES
    for name, images in X.items():
        assert images is arrays[name]
        np.testing.assert_array_equal(images, pair.X[name])


def test_pickle(make, pair):
    clf = make(sharing="mmoe").fit(pair.X, pair.y)
    copy = pickle.loads(pickle.dumps(clf))
    for p, q in zip(copy.predict_proba(pair.X), clf.predict_proba(pair.X), strict=True):
        np.testing.assert_array_equal(p, q)
