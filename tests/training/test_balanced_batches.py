import numpy as np
import pytest
import torch

from skmtl.training._balanced_batches import BalancedBatches, _same_tasks
from skmtl.training._batches import RandomBatches
from skmtl.training._sampling import corrected_weights, expected_draws


def stacked(*sizes):
    """Return the codes of data sets on top of one another, a task each."""
    codes = np.full((sum(sizes), len(sizes)), -1)
    codes[np.arange(len(codes)), np.repeat(np.arange(len(sizes)), sizes)] = 0
    return codes


def balanced(codes, sampling="uniform", batch_size=32, seed=0):
    draws = expected_draws(codes, sampling)
    return BalancedBatches(codes, draws, batch_size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("batch_size", [2, 7, 32, 64, 333, 1000])
def test_half_and_half_in_every_batch(batch_size):
    batches = balanced(stacked(900, 100), batch_size=batch_size)
    for _ in range(5):
        for batch in batches:
            assert abs((batch >= 900).sum() - len(batch) / 2) <= 1


@pytest.mark.parametrize(("sampling", "seed"), [("uniform", 0), (2, 1), (5.0, 2)])
def test_every_batch_has_the_share_of_each_group(sampling, seed):
    codes = stacked(500, 60, 211, 29)
    task, batches = codes.argmax(1), balanced(codes, sampling, seed=seed)
    share = np.bincount(task, expected_draws(codes, sampling)) / len(codes)
    for _ in range(5):
        for batch in batches:
            assert (abs(np.bincount(task[batch], minlength=4) - share * len(batch)) < 2).all()


@pytest.mark.parametrize("sampling", ["uniform", 1.7])
def test_an_epoch_draws_each_row_about_as_often_as_expected(sampling):
    codes = np.where(np.random.default_rng(0).random((300, 3)) < [0.9, 0.5, 0.1], 0, -1)
    draws, batches = expected_draws(codes, sampling), balanced(codes, sampling)
    counts = np.array([np.bincount(np.concatenate(list(batches)), minlength=300) for _ in range(2000)])
    assert (counts.sum(axis=1) == 300).all()
    assert (counts >= np.floor(draws - 1e-9)).all()
    assert (counts <= np.ceil(draws + 1e-9)).all()
    # Five standard errors of a count that is one of two neighbouring integers.
    assert (abs(counts.mean(axis=0) - draws) <= 5 * 0.5 / np.sqrt(2000) + 1e-9).all()


def test_draws_that_are_whole_numbers_are_met_exactly():
    codes = stacked(8, 4)
    draws = np.array([0.5] * 8 + [2.0] * 4)
    batches = BalancedBatches(codes, draws, 4, torch.Generator().manual_seed(0))
    for _ in range(20):
        counts = np.bincount(np.concatenate(list(batches)), minlength=12)
        assert counts[8:].tolist() == [2] * 4
        assert counts[:8].sum() == 4


def test_a_row_drawn_often_is_spread_over_the_batches():
    codes = stacked(99, 1)
    for batch in balanced(codes, batch_size=10):
        assert (batch == 99).sum() == 5


@pytest.mark.parametrize("n", [2, 3, 10, 33, 64, 65, 66, 129, 1000])
@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_as_many_batches_as_random_ones_of_nearly_equal_size(n, batch_size):
    batches = balanced(stacked(n - 1, 1), batch_size=batch_size)
    sizes = [len(batch) for batch in batches]
    assert len(sizes) == len(batches) == len(RandomBatches(n, batch_size, None))
    assert sum(sizes) == n
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= batch_size + 1
    assert batch_size == 1 or min(sizes) > 1


def test_the_generator_decides():
    codes = stacked(90, 10)
    first, twin, other = (balanced(codes, seed=seed) for seed in (3, 3, 4))
    epochs = [[batch.tolist() for batch in batches] for batches in (first, first, twin, twin, other)]
    assert epochs[:2] == epochs[2:4]
    assert epochs[0] != epochs[1]
    assert epochs[0] != epochs[4]


def test_the_order_is_drawn_before_the_first_batch():
    batches = balanced(stacked(90, 10))
    iterator = iter(batches)
    first = next(iterator)
    batches.generator.manual_seed(99)
    rest = list(iterator)
    whole = list(balanced(stacked(90, 10)))
    np.testing.assert_array_equal(np.concatenate([first, *rest]), np.concatenate(whole))


def test_nothing_is_taken_from_the_global_generators():
    before, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    list(balanced(stacked(90, 10)))
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == legacy).all()  # noqa: NPY002


def test_batches_change_where_every_row_is_a_group_of_its_own():
    # Rows of all patterns of 6 tasks, once each: who meets whom must not depend on the pattern.
    codes = np.where((np.arange(1, 64)[:, None] >> np.arange(6)) & 1, 0, -1)
    batches, together = balanced(codes, batch_size=16), np.zeros((63, 63))
    for _ in range(300):
        for batch in batches:
            together[np.ix_(batch, batch)] = 1
    assert together.mean() > 0.99


def test_what_is_never_drawn():
    codes = stacked(6, 2, 8)
    draws = expected_draws(codes, "uniform", np.array([True, True, False]))
    batches = BalancedBatches(codes, draws, 4, torch.Generator().manual_seed(0))
    assert max(np.concatenate(list(batches)).max() for _ in range(50)) == 7


def task_losses(batch, values, weights):
    """Return the losses as `MultiTaskLoss` has them: sums over the batch divided by its size."""
    return (values[batch] * weights[batch]).sum(axis=0) / len(batch)


@pytest.mark.parametrize("n", [67, 70])
def test_corrected_losses_are_unbiased(n):
    """The mean over batches and epochs is the loss of the data set, with overlapping tasks too."""
    rng = np.random.default_rng(0)
    codes = np.where(rng.random((n, 3)) < [0.95, 0.5, 0.15], 0, -1)
    values, weights = rng.exponential(size=(n, 3)), (codes == 0) * rng.uniform(0.5, 2, (n, 3))
    draws = expected_draws(codes, "uniform")
    corrected = corrected_weights(weights, codes, draws)
    batches = BalancedBatches(codes, draws, 4, torch.Generator().manual_seed(1))
    epochs = np.array(
        [np.mean([task_losses(batch, values, corrected) for batch in batches], axis=0) for _ in range(3000)]
    )
    whole, error = task_losses(np.arange(n), values, weights), epochs.std(axis=0) / np.sqrt(len(epochs))
    assert (abs(epochs.mean(axis=0) - whole) < 4 * error).all()
    assert (4 * error < 0.02 * whole).all()


def test_the_loss_of_a_small_task_is_less_noisy():
    codes = stacked(900, 100)
    values = np.random.default_rng(0).exponential(size=(1000, 2))
    weights = (codes == 0) * [1000 / 900, 10.0]
    draws = expected_draws(codes, "uniform")
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    random = [task_losses(b, values, weights)[1] for b in RandomBatches(1000, 32, generators[0])]
    corrected = corrected_weights(weights, codes, draws)
    even = [task_losses(b, values, corrected)[1] for b in BalancedBatches(codes, draws, 32, generators[1])]
    # 3.2 rows a batch, more or fewer, against 16.
    assert np.std(even) < np.std(random) / 2


@pytest.mark.parametrize("n_tasks", [1, 3, 62, 63, 130])
def test_groups_are_rows_with_labels_of_the_same_tasks(n_tasks):
    rng = np.random.default_rng(0)
    labelled = (rng.random((12, n_tasks)) < 0.5)[rng.integers(0, 12, 100)]
    groups = _same_tasks(labelled)
    alike = (labelled[:, None] == labelled[None]).all(axis=2)
    np.testing.assert_array_equal(groups[:, None] == groups[None], alike)


def test_smaller_batches_favour_nobody():
    # Batches of 2 and of 1: the mean over batches counts a row of the latter twice as much.
    codes, draws = stacked(1, 1, 1, 1, 1), np.array([1.0, 2, 1, 0.5, 0.5])
    batches, counted = BalancedBatches(codes, draws, 2, torch.Generator().manual_seed(0)), np.zeros((4000, 5))
    for counts in counted:
        for batch in batches:
            np.add.at(counts, batch, 1 / (len(batch) * len(batches)))
    error = counted.std(axis=0) / np.sqrt(len(counted))
    assert (abs(counted.mean(axis=0) - draws / 5) < 4 * error).all()
