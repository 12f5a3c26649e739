"""Same random_state, same predictions, to the last bit; and nobody else's random numbers touched."""

import os
import pickle
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_predict

import skmtl
from skmtl.nn import ConvTrunk, MLPHead


@pytest.fixture
def random_model(make):
    """Every source of random numbers at once: weights, order, dropout, augmentation, the validation split."""
    return make(
        trunk=ConvTrunk(channels=(4,), hidden=(16,), dropout=0.3),
        head=MLPHead(hidden=(8,), dropout=0.2),
        batch_size=32,
        augment=noisy,
        early_stopping=True,
    )


def noisy(batch):
    return batch + 0.1 * torch.randn_like(batch)


def probabilities(clf, digits):
    return np.hstack(clf.fit(digits.images, digits.codes).predict_proba(digits.images))


def test_twice_in_one_process(random_model, digits):
    first = probabilities(random_model, digits)
    np.random.default_rng().random()
    torch.rand(3)
    np.testing.assert_array_equal(probabilities(random_model, digits), first)


def test_another_seed_gives_another_model(random_model, digits):
    first = probabilities(random_model, digits)
    assert not np.array_equal(probabilities(random_model.set_params(random_state=1), digits), first)


def test_without_a_seed_fits_differ(random_model, digits):
    random_model.set_params(random_state=None)
    assert not np.array_equal(probabilities(random_model, digits), probabilities(random_model, digits))


def test_random_state_instance_moves_on_and_is_reproducible(make, digits):
    both = [make(random_state=np.random.RandomState(5)) for _ in range(2)]
    first, second = ([probabilities(clf, digits) for _ in range(2)] for clf in both)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


SCRIPT = """
import sys
import numpy as np
from sklearn.datasets import load_digits
from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk

bunch = load_digits(n_class=4)
images, digit = bunch.images[:120] / 16, bunch.target[:120]
trunk = ConvTrunk(channels=(4,), hidden=(16,), dropout=0.3)
clf = MultiTaskCNNClassifier(trunk=trunk, max_epochs=2, lr=0.01, random_state=0, batch_size=32, early_stopping=True)
clf.fit(images, np.column_stack([digit, digit % 2]))
np.save(sys.argv[1], np.hstack(clf.predict_proba(images)))
"""


def test_in_two_processes(make, digits, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(Path(skmtl.__file__).parents[1]), "PYTHONHASHSEED": "7"}
    # The number of threads changes the order of float32 sums; it is the machine's, not the seed's.
    env["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "p.npy")], check=True, env=env, cwd=tmp_path)
    clf = make(trunk=ConvTrunk(channels=(4,), hidden=(16,), dropout=0.3), batch_size=32, early_stopping=True)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), probabilities(clf, digits))


def test_after_clone(random_model, digits):
    first = probabilities(random_model, digits)
    np.testing.assert_array_equal(probabilities(clone(random_model), digits), first)


def test_after_pickle(random_model, digits):
    first = probabilities(random_model, digits)
    loaded = pickle.loads(pickle.dumps(random_model))
    np.testing.assert_array_equal(np.hstack(loaded.predict_proba(digits.images)), first)
    np.testing.assert_array_equal(probabilities(loaded, digits), first)


def test_warm_start_after_pickle_continues_the_same_stream(random_model, digits):
    random_model.set_params(warm_start=True).fit(digits.images, digits.codes)
    loaded = pickle.loads(pickle.dumps(random_model))
    np.testing.assert_array_equal(probabilities(loaded, digits), probabilities(random_model, digits))


def test_under_two_jobs(make, digits):
    clf = make(trunk=ConvTrunk(channels=(4,), hidden=(16,), dropout=0.3), batch_size=32)
    one, two = (
        cross_val_predict(clf, digits.images, digits.codes, cv=KFold(2), n_jobs=n_jobs, method="predict_proba")
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_in_two_threads(random_model, digits):
    expected = probabilities(random_model, digits)
    found = {}

    def fit(number):
        found[number] = probabilities(clone(random_model), digits)

    threads = [threading.Thread(target=fit, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(found[1], expected)


def test_global_random_states_stay_as_they_were(random_model, digits):
    legacy = np.random.get_state()[1].copy()  # noqa: NPY002 the state whose constancy is the point
    state, own = torch.get_rng_state(), random.getstate()
    random_model.fit(digits.images, digits.codes)
    random_model.set_params(early_stopping=False).partial_fit(digits.images, digits.codes)
    random_model.predict(digits.images)
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == own
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002


def test_predict_does_not_change_what_a_later_fit_draws(random_model, digits):
    random_model.set_params(warm_start=True)
    first = random_model.fit(digits.images, digits.codes)
    other = pickle.loads(pickle.dumps(first))
    other.predict(digits.images)
    np.testing.assert_array_equal(probabilities(other, digits), probabilities(first, digits))
