import pytest

from skmtl.training import batch_size_for


@pytest.mark.parametrize(
    ("n", "size"), [(1, 1), (20, 20), (100, 32), (1000, 32), (1797, 32), (3000, 64), (10_000, 128), (10**6, 256)]
)
def test_batch_size_for(n, size):
    assert batch_size_for(n) == size
