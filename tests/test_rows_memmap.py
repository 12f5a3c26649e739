import mmap
import subprocess
import sys

import numpy as np
import pytest

from skmtl._rows import LazyRows, read_rows
from skmtl._rows._memmap import backing_map
from skmtl._rows._pages import Pages

SHAPE = (100, 64, 64)
IMAGES = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)


class Recorder:
    """A map that counts how often it is advised."""

    def __init__(self):
        self.calls, self.refuses = 0, False

    def __call__(self, file_map):
        self.file_map = file_map
        return Pages(self)

    def madvise(self, option):
        assert option == mmap.MADV_DONTNEED
        self.calls += 1
        if self.refuses:
            raise OSError("locked")
        self.file_map.madvise(option)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.bin"
    IMAGES.tofile(path)
    return path


@pytest.fixture
def recorder(monkeypatch):
    if not hasattr(mmap, "MADV_DONTNEED"):
        pytest.skip("this system takes no such advice")
    recorder = Recorder()
    monkeypatch.setattr("skmtl._rows._memmap.SMALL_MAP", 0)
    monkeypatch.setattr("skmtl._rows._memmap.Pages", recorder)
    monkeypatch.setattr("skmtl._rows._pages.RESIDENT_BYTES", 0)
    monkeypatch.setattr("skmtl._rows._pages.STATM", "/nowhere")
    return recorder


def views(path, mode):
    whole = np.memmap(path, np.uint8, mode, shape=SHAPE)
    return [whole, whole[10:], np.asarray(whole)[10:], np.asarray(whole[10:]).reshape(90, -1)[:, ::2], whole.view()]


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_pages_of_shared_maps_are_given_back(path, recorder, mode):
    for X in views(path, mode):
        before, expected = recorder.calls, np.array(X)
        np.testing.assert_array_equal(read_rows(X).take(np.arange(len(X))[::-1]), expected[::-1])
        np.testing.assert_array_equal(read_rows(X).read(0, len(X)), expected)
        assert recorder.calls > before


def test_private_changes_are_kept(path, recorder):
    for X in views(path, "c"):
        X[3] = 77
        rows = read_rows(X)
        assert (rows.take(np.array([3, 60, 3]))[[0, 2]] == 77).all()
        assert (rows.read(0, 90)[3] == 77).all()
        assert (X[3] == 77).all()
    assert recorder.calls == 0
    np.testing.assert_array_equal(np.fromfile(path, np.uint8), IMAGES.ravel())


def test_pages_of_a_map_made_by_hand_are_kept(path, recorder):
    with open(path, "rb") as file:
        by_hand = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    X = np.frombuffer(by_hand, np.uint8).reshape(SHAPE)
    X[3] = 77
    assert backing_map(X) == (by_hand, None)
    rows = read_rows(X)
    assert rows.stored
    assert (rows.take(np.array([3])) == 77).all()
    assert recorder.calls == 0
    del X, rows


def test_unsaved_changes_of_a_shared_map_survive(path, recorder):
    X = np.memmap(path, np.uint8, "r+", shape=SHAPE)
    X[5] = 9
    assert (read_rows(X).take(np.array([5])) == 9).all()
    assert recorder.calls
    assert (X[5] == 9).all()
    X.flush()
    assert (np.fromfile(path, np.uint8).reshape(SHAPE)[5] == 9).all()


def test_advice_refused_is_not_repeated(path, recorder):
    recorder.refuses = True
    rows = read_rows(np.memmap(path, np.uint8, "r", shape=SHAPE))
    np.testing.assert_array_equal(rows.take(np.arange(100)), IMAGES)
    assert recorder.calls == 1


def test_the_file_is_untouched(path):
    X = np.memmap(path, np.uint8, "r+", shape=SHAPE)
    rows = read_rows(X)
    rows.take(np.array([1, 0]))[...] = 0
    rows.read(0, 5)[...] = 0
    LazyRows(X)[3][...] = 0
    np.asarray(LazyRows(X))[...] = 0
    X.flush()
    np.testing.assert_array_equal(np.fromfile(path, np.uint8), IMAGES.ravel())


def test_copies_of_a_map_are_in_memory(path):
    X = np.memmap(path, np.uint8, "r", shape=SHAPE)
    assert backing_map(X[[1, 2]]) == (None, None)
    assert not read_rows(X[[1, 2]]).stored
    assert not read_rows(X + 1).stored


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_stays_bounded_over_an_epoch(tmp_path):
    path = tmp_path / "large.bin"
    with open(path, "wb") as file:
        file.truncate(600 * 2**20)
    code = f"""
import resource
import numpy as np
from skmtl._rows import read_rows
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows = read_rows(np.memmap({str(path)!r}, np.uint8, "r", shape=(9600, 65536))[100:])
before = peak()
for batch in np.array_split(np.random.default_rng(0).permutation(len(rows)), 40):
    rows.take(batch)
for part in rows.parts():
    pass
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300
