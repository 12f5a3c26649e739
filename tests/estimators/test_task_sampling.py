"""Which rows make a batch, where tasks have labels in different rows."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skmtl.datasets import stack_tasks
from skmtl.model_selection import MultiTaskStratifiedKFold
from skmtl.nn import SHARINGS


@pytest.fixture(scope="module")
def stacked(digits):
    """40 digits labelled for one task, on top of 10 others labelled for another."""
    parts = {
        "digit": (digits.images[:40], digits.digit[:40]),
        "parity": (digits.images[40:50], digits.frame["parity"].to_numpy()[40:50]),
    }
    X, y, origin = stack_tasks(parts)
    return SimpleNamespace(X=X, y=y, origin=origin)


class Batches(Callback):
    """Keep the codes, the weights and the first pixels of every batch that is trained on."""

    def on_train_begin(self, net, **kwargs):
        self.seen = []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            images, (codes, *weights) = batch
            weights = weights[0].numpy() if weights else np.ones(codes.shape)
            self.seen.append(SimpleNamespace(codes=codes.numpy(), weights=weights, images=images.numpy()))


def trained(make, stacked, fit="fit", **params):
    """Return (classifier, batches) of a fit."""
    clf = make(callbacks=[Batches()], **params)
    getattr(clf, fit)(stacked.X, stacked.y)
    batches = [cb for _, cb in clf.net_.callbacks_ if isinstance(cb, Batches)]
    return clf, batches[0].seen


def counts(batches):
    """Return how many rows with a label every batch has of every task, (n_batches, n_tasks)."""
    return np.array([(batch.codes >= 0).sum(axis=0) for batch in batches])


def weights_of(clf):
    return {name: p.detach().numpy() for name, p in clf.net_.module_.state_dict().items()}


def assert_same_model(a, b):
    theirs = weights_of(b)
    for name, value in weights_of(a).items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def test_uniform_batches_are_half_and_half(make, stacked):
    _, batches = trained(make, stacked, task_sampling="uniform", batch_size=10, max_epochs=8)
    found = counts(batches)
    assert found.shape == (5 * 8, 2)
    assert (found.sum(axis=1) == 10).all()
    assert np.abs(found - 5).max() <= 1
    per_epoch = found.reshape(8, 5, 2).sum(axis=1)
    assert np.abs(per_epoch - 25).max() <= 1


def test_proportional_batches_are_as_the_rows_are(make, stacked):
    _, batches = trained(make, stacked, batch_size=10, max_epochs=8)
    np.testing.assert_array_equal(counts(batches).reshape(8, 5, 2).sum(axis=1), [[40, 10]] * 8)
    images = np.concatenate([batch.images for batch in batches[:5]])
    assert len(np.unique(images, axis=0)) == len(np.unique(stacked.X, axis=0))


def test_a_temperature_lies_between(make, stacked):
    # sqrt(40) : sqrt(10) = 2 : 1.
    _, batches = trained(make, stacked, task_sampling=2, batch_size=25, max_epochs=30)
    np.testing.assert_allclose(counts(batches).sum(axis=0) / (50 * 30), [2 / 3, 1 / 3], atol=0.01)


def test_weights_by_hand(make, stacked):
    # Rows of the digits count 50 / 40, of the parities 50 / 10; drawn 25 / 40 and 25 / 10 times an epoch, all count 2.
    for task_sampling, expected in (("proportional", [1.25, 5]), ("uniform", [2, 2]), (2, [1.5, 3])):
        _, batches = trained(make, stacked, task_sampling=task_sampling, batch_size=10)
        for batch in batches:
            np.testing.assert_allclose(batch.weights, (batch.codes >= 0) * np.array(expected), rtol=1e-12)


@pytest.mark.parametrize("task_sampling", ["uniform", 3])
def test_the_objective_stays_the_same(task_sampling, make, stacked):
    # Nothing moves at this rate, so that all epochs estimate the loss of one network.
    still = {"lr": 1e-14, "lr_scheduler": "constant", "weight_decay": 0, "batch_size": 10}
    exact = make(**still, max_epochs=1).fit(stacked.X, stacked.y)
    clf = make(**still, max_epochs=200, task_sampling=task_sampling).fit(stacked.X, stacked.y)
    for name in ("train_loss", "digit_train_loss", "parity_train_loss"):
        losses = [row[name] for row in clf.history_]
        spread = np.std(losses) / np.sqrt(len(losses))
        assert abs(np.mean(losses) - exact.history_[0][name]) < 4 * spread + 1e-9
        assert spread < 0.01 * np.mean(losses)


def test_losses_of_the_small_task_are_less_noisy(make, stacked):
    still = {"lr": 1e-14, "lr_scheduler": "constant", "weight_decay": 0, "batch_size": 10, "max_epochs": 40}

    def noise(task_sampling):
        _, batches = trained(make, stacked, task_sampling=task_sampling, **still)
        return np.std([batch.weights[:, 1].sum() for batch in batches])

    assert noise("uniform") < 0.5 * noise("proportional")


@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_sharing_learns_from_stacked_sets(sharing, make, stacked):
    clf = make(sharing=sharing, task_sampling="uniform", max_epochs=25, batch_size=10).fit(stacked.X, stacked.y)
    assert clf.score(stacked.X, stacked.y) > 0.7
    assert isinstance(clf.predict(stacked.X)[0, 0], int | np.integer)


@pytest.mark.parametrize("value", [1, 1.0, "proportional"])
def test_proportional_is_the_default(value, make, stacked):
    assert_same_model(make(task_sampling=value).fit(stacked.X, stacked.y), make().fit(stacked.X, stacked.y))


def test_of_labels_in_all_rows_there_is_nothing_to_balance(make, digits):
    clf, other = (make(**params).fit(digits.images, digits.frame) for params in ({"task_sampling": "uniform"}, {}))
    assert_same_model(clf, other)


def test_tasks_of_weight_0_do_not_count(make, stacked):
    _, batches = trained(make, stacked, task_sampling="uniform", task_weights=[1, 0], batch_size=10, max_epochs=4)
    np.testing.assert_array_equal(counts(batches).reshape(4, 5, 2).sum(axis=1), [[50, 0]] * 4)
    rows = [row for batch in batches for row in batch.images.reshape(len(batch.images), -1).tolist()]
    parity_only = {tuple(row) for row in stacked.X[40:].reshape(10, -1).tolist()}
    parity_only -= {tuple(row) for row in stacked.X[:40].reshape(40, -1).tolist()}
    assert not parity_only & {tuple(row) for row in rows}


def test_fits_are_repeatable(make, stacked):
    def fit(seed):
        clf = make(task_sampling="uniform", random_state=seed, batch_size=10)
        return clf.fit(stacked.X, stacked.y)

    first, again, other = fit(3), fit(3), fit(4)
    assert_same_model(first, again)
    assert [row["train_loss"] for row in first.history_] == [row["train_loss"] for row in again.history_]
    assert [row["train_loss"] for row in first.history_] != [row["train_loss"] for row in other.history_]
    copy = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copy.predict(stacked.X), first.predict(stacked.X))


def test_sample_weights_and_classes_count_as_ever(make, stacked):
    weight = np.where(np.arange(50) < 20, 2.0, 1.0)
    params = {"task_sampling": "uniform", "class_weight": {"parity": {"odd": 3.0, "even": 1.0}}, "batch_size": 10}
    clf = make(callbacks=[Batches()], **params).fit(stacked.X, stacked.y, sample_weight=weight)
    [batches] = [cb.seen for _, cb in clf.net_.callbacks_ if isinstance(cb, Batches)]
    # Two values per task, in the ratios asked for.
    seen = np.unique(np.concatenate([batch.weights for batch in batches])[:, 0])
    assert seen[2] == pytest.approx(2 * seen[1], rel=1e-12)
    of_parity = {int(c): w for batch in batches for c, w in zip(batch.codes[:, 1], batch.weights[:, 1], strict=True)}
    assert of_parity[1] == pytest.approx(3 * of_parity[0], rel=1e-12)


def test_early_stopping_samples_the_training_part_only(make, stacked):
    params = {"early_stopping": True, "validation_fraction": 0.2, "task_sampling": "uniform", "batch_size": 10}
    clf, batches = trained(make, stacked, max_epochs=6, **params)
    assert all("parity_valid_score" in row for row in clf.history_)
    # 40 rows are left to train on.
    per_epoch = counts(batches).reshape(clf.n_iter_, -1, 2).sum(axis=1)
    assert (per_epoch.sum(axis=1) == 40).all()
    assert np.abs(per_epoch - 20).max() <= 1
    drawn = np.concatenate([batch.images for batch in batches])
    assert len(np.unique(drawn, axis=0)) <= 40 < len(np.unique(stacked.X, axis=0))


def test_partial_fit(make, stacked):
    clf, batches = trained(make, stacked, fit="partial_fit", task_sampling="uniform", batch_size=10)
    assert np.abs(counts(batches) - 5).max() <= 1
    first = stacked.origin == "digit"
    # A chunk of one task has nothing to balance, whatever came before.
    clf.partial_fit(stacked.X[first], stacked.y[first])
    [batches] = [cb.seen for _, cb in clf.net_.callbacks_ if isinstance(cb, Batches)]
    np.testing.assert_array_equal(counts(batches).sum(axis=0), [40, 0])
    assert clf.n_iter_ == 2


def test_warm_start_may_change_it(make, stacked):
    clf, batches = trained(make, stacked, warm_start=True, batch_size=10)
    np.testing.assert_array_equal(counts(batches)[:5].sum(axis=0), [40, 10])
    clf.set_params(task_sampling="uniform").fit(stacked.X, stacked.y)
    [batches] = [cb.seen for _, cb in clf.net_.callbacks_ if isinstance(cb, Batches)]
    assert np.abs(counts(batches) - 5).max() <= 1


def test_with_an_input_per_task(make, stacked):
    X = {"digit": stacked.X, "parity": stacked.X[::-1]}
    _, batches = trained(make, SimpleNamespace(X=X, y=stacked.y), task_sampling="uniform", batch_size=10)
    assert np.abs(counts(batches) - 5).max() <= 1
    assert batches[0].images.shape == (10, 2, 1, 8, 8)


def test_pytorchs_own_loader_deals_the_same_batches(make, stacked):
    params = {"task_sampling": "uniform", "batch_size": 10}
    clf, other = (
        make(**params, net_params=own).fit(stacked.X, stacked.y) for own in (None, {"iterator_train__num_workers": 0})
    )
    assert clf.net_.own_loaders is not other.net_.own_loaders
    assert_same_model(clf, other)


def test_search(make, stacked):
    grid = {"task_sampling": ["proportional", 2, "uniform"]}
    cv = MultiTaskStratifiedKFold(2)
    search = GridSearchCV(make(), grid, cv=cv, error_score="raise").fit(stacked.X, stacked.y)
    assert len(search.cv_results_["params"]) == 3
    assert set(pd.unique(search.predict(stacked.X)[:, 1])) <= {"even", "odd"}
