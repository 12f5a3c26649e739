import numpy as np
import pytest
import torch

from skmtl.training import batch_size_for
from skmtl.training._batches import ConsecutiveBatches, RandomBatches


@pytest.mark.parametrize(
    ("n", "size"), [(1, 1), (20, 20), (100, 32), (1000, 32), (1797, 32), (3000, 64), (10_000, 128), (10**6, 256)]
)
def test_batch_size_for(n, size):
    assert batch_size_for(n) == size


def shuffled(n_samples, batch_size, seed=0):
    return RandomBatches(n_samples, batch_size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [
        (5, 2, [[0, 1], [2, 3], [4]]),
        (4, 2, [[0, 1], [2, 3]]),
        (3, 8, [[0, 1, 2]]),
        (1, 8, [[0]]),
        (2, 1, [[0], [1]]),
    ],
)
def test_consecutive_batches(n, size, expected):
    batches = ConsecutiveBatches(n, size)
    for _ in range(2):
        assert [batch.tolist() for batch in batches] == expected
    assert len(batches) == len(expected)


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [
        (7, 3, [3, 4]),  # a lone last row joins the batch before it
        (8, 3, [3, 3, 2]),
        (9, 3, [3, 3, 3]),
        (3, 2, [3]),
        (3, 1, [1, 1, 1]),
        (1, 4, [1]),
        (1, 1, [1]),
        (4, 9, [4]),
    ],
)
def test_sizes_of_random_batches(n, size, sizes):
    batches = shuffled(n, size)
    assert [len(batch) for batch in batches] == sizes
    assert len(batches) == len(sizes)


def test_every_row_once_an_epoch_in_the_order_of_the_generator():
    batches, twin = shuffled(25, 4, seed=3), torch.Generator().manual_seed(3)
    epochs = [np.concatenate(list(batches)).tolist() for _ in range(3)]
    assert epochs == [torch.randperm(25, generator=twin).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(25)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_the_order_takes_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    list(shuffled(10, 3))
    assert torch.equal(torch.get_rng_state(), before)
