import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skmtl._rows import read_rows
from skmtl.nn import ConvTrunk
from skmtl.training import _infer, for_each_chunk

TRUNK = ConvTrunk(channels=(2,), hidden=(8,), dropout=0.5, normalization="batch")


class Store:
    """Images outside memory, which note the slices read."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.read = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        assert isinstance(key, slice)
        self.read.append((key.start, key.stop))
        return self.array[key]


@pytest.fixture
def fitted(small, digits):
    return small(trunk=TRUNK).fit(*digits)


def chunks(clf, X, size=None):
    """Every (start, stop, logits) that is written."""
    net, written = clf.net_, []
    if size is not None:
        net.iterator_valid__batch_size = size
    for_each_chunk(net, read_rows(X), clf._layout, lambda *chunk: written.append(chunk))
    return written


def whole(clf, X):
    """The logits of one whole batch."""
    module = copy.deepcopy(clf.net_.module_).eval()
    with torch.no_grad():
        return module(torch.from_numpy(X.copy())[:, None])


STORAGES = [np.asarray, Store, lambda X: torch.from_numpy(X.copy()), lambda X: X.astype(">f8")]


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("n", "size", "stops"), [(60, 25, [25, 50, 60]), (60, 60, [60]), (5, 99, [5]), (4, 2, [2, 4])])
def test_chunks_cover_every_row_once_in_order(fitted, digits, storage, n, size, stops):
    X = digits[0][:n]
    written = chunks(fitted, storage(X), size)
    assert [start for start, _, _ in written] == [0, *stops[:-1]]
    assert [stop for _, stop, _ in written] == stops
    assert all(len(logits) == stop - start for start, stop, logits in written)
    torch.testing.assert_close(torch.cat([c[2] for c in written]), whole(fitted, X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("block_rows", "read"),
    [(1, [(0, 8), (8, 16), (16, 20)]), (15, [(0, 8), (8, 16), (16, 20)]), (16, [(0, 16), (16, 20)]), (99, [(0, 20)])],
)
def test_images_outside_memory_are_read_in_whole_chunks(monkeypatch, fitted, digits, block_rows, read):
    X = digits[0][:20]
    monkeypatch.setattr(_infer, "BLOCK_BYTES", block_rows * X[0].nbytes)
    store = Store(X)
    written = chunks(fitted, store, size=8)
    assert store.read == read
    assert [(start, stop) for start, stop, _ in written] == [(0, 8), (8, 16), (16, 20)]
    torch.testing.assert_close(torch.cat([c[2] for c in written]), whole(fitted, X), rtol=1e-12, atol=1e-12)


def test_evaluation_mode_whatever_was_before(fitted, digits):
    state = {k: v.clone() for k, v in fitted.net_.module_.state_dict().items()}
    fitted.net_.module_.train()
    (_, _, logits), *_ = chunks(fitted, digits[0], size=60)
    assert not any(layer.training for layer in fitted.net_.module_.modules())
    torch.testing.assert_close(logits, whole(fitted, digits[0]), rtol=1e-12, atol=1e-12)
    # Batch normalisation has counted nothing.
    assert all(torch.equal(v, state[k]) for k, v in fitted.net_.module_.state_dict().items())


def test_the_built_in_network_runs_in_inference_mode(fitted, digits):
    (_, _, logits), *_ = chunks(fitted, digits[0][:3])
    assert logits.is_inference()
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


class Keeps(torch.nn.Module):
    """The user's own trunk, which keeps what it computed."""

    def __init__(self, in_channels):
        super().__init__()
        self.layer = torch.nn.Linear(64, 5)

    def forward(self, x):
        self.kept = self.layer(x.flatten(1))
        return self.kept


def test_what_an_own_trunk_keeps_can_be_trained_with(small, digits):
    clf = small(trunk=Keeps).fit(*digits)
    (_, _, logits), *_ = chunks(clf, digits[0], size=60)
    assert not logits.requires_grad
    kept, weight = clf.net_.module_.trunk.kept, torch.ones(5, requires_grad=True)
    assert not kept.requires_grad
    (kept * weight).sum().backward()
    torch.testing.assert_close(weight.grad, kept.sum(0))


def test_images_are_left_as_they_are(fitted, digits):
    X = digits[0].astype(np.float64)
    before = X.copy()
    chunks(fitted, X, size=7)
    np.testing.assert_array_equal(X, before)


def test_the_precision_of_the_net_holds(fitted, digits):
    seen, precision = [], fitted.net_.precision

    class Context:
        def __enter__(self):
            seen.append("in")

        def __exit__(self, *exc):
            seen.append("out")

    fitted.net_.precision = SimpleNamespace(tensor_cores=Context, autocast=precision.autocast)
    chunks(fitted, digits[0], size=30)
    assert seen == ["in", "out"]
