import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skmtl._inputs import ImageLayout
from skmtl.training import BatchDataset, _loader
from skmtl.training._batches import ConsecutiveBatches, RandomBatches
from skmtl.training._loader import BatchLoader, _blocks, _pinned, ahead

CPU = torch.device("cpu")
GPU = SimpleNamespace(type="cuda")
ROW_BYTES = 12


class Store:
    """Images outside memory, which count the requests."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.keys = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        self.keys.append(key)
        return self.array[key]


def pixels(n=20):
    return np.random.default_rng(0).integers(0, 255, (n, 3, 4)).astype(np.uint8)


def data(images, weighted=True):
    codes = np.arange(images.shape[0] * 2).reshape(-1, 2) % 5
    return BatchDataset(images, ImageLayout.infer((3, 4)), codes, codes * 0.5 if weighted else None)


def orders(n=20, size=6, seed=1):
    return RandomBatches(n, size, torch.Generator().manual_seed(seed))


def same(got, expected):
    for (images, target), (images_, target_) in zip(got, expected, strict=True):
        torch.testing.assert_close((images, *target), (images_, *target_), rtol=0, atol=0)
    return True


@pytest.fixture
def fetched(monkeypatch):
    """What data sets were asked for: sizes, and whether by this thread."""
    asked, fetch = SimpleNamespace(sizes=[], here=set()), BatchDataset.__getitems__

    def spy(self, indices):
        asked.sizes.append(len(indices))
        asked.here.add(threading.current_thread() is threading.main_thread())
        return fetch(self, indices)

    monkeypatch.setattr(BatchDataset, "__getitems__", spy)
    return asked


@pytest.mark.parametrize("storage", [np.asarray, torch.from_numpy, Store])
def test_batches_are_the_rows_asked_for(storage):
    X = pixels()
    dataset = data(storage(X))
    loader = BatchLoader(dataset, orders(), CPU)
    assert len(loader) == 4
    expected = [np.asarray(batch) for batch in orders()]
    got = list(loader)
    for (images, (codes, weights)), batch in zip(got, expected, strict=True):
        np.testing.assert_array_equal(images[:, 0].numpy(), X[batch])
        np.testing.assert_array_equal(codes.numpy(), dataset.codes[batch])
        np.testing.assert_array_equal(weights.numpy(), dataset.weights[batch])
    # Another epoch, another order.
    assert not torch.equal(next(iter(loader))[0], got[0][0])


@pytest.mark.parametrize("storage", [np.asarray, Store])
def test_no_weights_stay_no_weights(storage):
    assert [len(target) for _, target in BatchLoader(data(storage(pixels()), weighted=False), orders(), CPU)] == [1] * 4


def test_in_memory_a_batch_is_one_request_made_when_it_is_asked_for(fetched):
    batches = iter(BatchLoader(data(pixels()), ConsecutiveBatches(20, 6), CPU))
    assert fetched.sizes == []
    next(batches)
    assert fetched.sizes == [6]
    list(batches)
    assert fetched.sizes == [6, 6, 6, 2]
    assert fetched.here == {True}


@pytest.mark.parametrize(
    ("n_rows", "sizes"), [(1, [6, 6, 6, 2]), (12, [12, 8]), (17, [12, 8]), (19, [18, 2]), (20, [20])]
)
def test_outside_memory_several_batches_are_one_request(monkeypatch, fetched, n_rows, sizes):
    monkeypatch.setattr(_loader, "BLOCK_BYTES", n_rows * ROW_BYTES + 3)
    store = Store(pixels())
    got = list(BatchLoader(data(store), ConsecutiveBatches(20, 6), CPU))
    assert fetched.sizes == sizes
    assert fetched.here == {False}
    assert len(store.keys) == len(sizes)
    assert same(got, BatchLoader(data(pixels()), ConsecutiveBatches(20, 6), CPU))


def test_outside_memory_batches_do_not_depend_on_the_size_of_a_request(monkeypatch):
    expected = list(BatchLoader(data(pixels()), orders(), CPU))
    for n_rows in (1, 13, 100):
        monkeypatch.setattr(_loader, "BLOCK_BYTES", n_rows * ROW_BYTES)
        assert same(BatchLoader(data(Store(pixels())), orders(), CPU), expected)


@pytest.mark.parametrize(
    ("most", "sizes"), [(0, [[3], [1], [2], [5]]), (4, [[3, 1], [2], [5]]), (6, [[3, 1, 2], [5]]), (11, [[3, 1, 2, 5]])]
)
def test_blocks_hold_whole_batches_in_order(most, sizes):
    batches = [np.arange(n) for n in (3, 1, 2, 5)]
    blocks = list(_blocks(batches, most))
    assert [[len(batch) for batch in block] for block in blocks] == sizes
    assert all(a is b for a, b in zip((b for block in blocks for b in block), batches, strict=True))


def test_batches_for_a_gpu_are_pinned_once_and_ahead(monkeypatch, fetched):
    pinned = []

    def pin(self):
        pinned.append(self)
        return self + 0

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    for weighted, parts in ((True, 3), (False, 2)):
        pinned.clear()
        got = list(BatchLoader(data(pixels(), weighted), ConsecutiveBatches(20, 6), GPU))
        assert fetched.here == {False}
        assert len(pinned) == 4 * parts
        assert all(images is not before for (images, _), before in zip(got, pinned[::parts], strict=True))
        assert same(got, BatchLoader(data(pixels(), weighted), ConsecutiveBatches(20, 6), CPU))
        fetched.here.clear()


def test_what_lies_on_the_device_is_not_pinned(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pytest.fail("pinned"))
    dataset = data(pixels())
    dataset.on_device = True
    assert len(list(BatchLoader(dataset, orders(), GPU))) == 4
    assert len(list(BatchLoader(data(pixels()), orders(), CPU))) == 4
    elsewhere = torch.empty(3, device="meta")
    assert _pinned(elsewhere) is elsewhere


@pytest.mark.parametrize("n", [1, 2, 7])
def test_ahead_keeps_order_and_number(n):
    assert list(ahead(range(5), n)) == [0, 1, 2, 3, 4]
    assert list(ahead([], n)) == []
    assert list(ahead([None, False, None], n)) == [None, False, None]


def test_ahead_makes_so_many_and_no_more():
    made, ready = [], threading.Semaphore(0)

    def source():
        for i in range(9):
            made.append(i)
            ready.release()
            yield i

    items = ahead(source(), 2)
    assert made == []
    for taken in range(1, 4):
        assert next(items) == taken - 1
        while len(made) < taken + 2:
            assert ready.acquire(timeout=20)
    # Everything that was asked for is made, so the thread has nothing left to do.
    assert made == [0, 1, 2, 3, 4]
    items.close()
    assert made == [0, 1, 2, 3, 4]


def test_ahead_works_in_one_other_thread_which_ends():
    threads = set()

    def source():
        for i in range(5):
            threads.add(threading.current_thread())
            yield i

    assert list(ahead(source(), 2)) == [0, 1, 2, 3, 4]
    assert len(threads) == 1
    assert threading.current_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)


def test_an_error_made_ahead_arrives_in_its_turn():
    def source():
        yield 0
        yield 1
        raise OSError("disk gone")

    items = ahead(source(), 2)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_pytorchs_loader_and_ours_train_the_same_model(small, digits):
    ours = small().fit(*digits)
    theirs = small(net_params={"iterator_train__num_workers": 0}).fit(*digits)
    train = data(pixels())
    assert type(ours.net_.get_iterator(train, training=True)) is BatchLoader
    assert type(theirs.net_.get_iterator(train, training=True)) is torch.utils.data.DataLoader
    np.testing.assert_array_equal(ours.predict_proba(digits[0])[0], theirs.predict_proba(digits[0])[0])
