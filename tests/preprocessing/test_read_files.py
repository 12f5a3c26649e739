import threading
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from PIL import Image

from skmtl.preprocessing import _read_files
from skmtl.preprocessing._read_files import chunk_length, read_chunks

ONE_TO_FIVE = [10, 20, 30, 40, 50]


@pytest.fixture
def pairs(monkeypatch):
    """Two images to a chunk."""
    monkeypatch.setattr(_read_files, "chunk_length", lambda settings: 2)


def test_chunks_are_bounded(settings):
    assert chunk_length(settings(64)) == 256
    assert chunk_length(settings(256)) == 2**25 // (3 * 256**2) == 170
    assert chunk_length(settings(4096)) == 32


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_files_are_written_in_place(files, settings, n_jobs, pairs):
    images = np.zeros((5, 2, 2, 3), np.uint8)
    lengths = [len(chunk) for chunk, _ in read_chunks(files, range(5), settings(), images, n_jobs=n_jobs)]
    assert lengths == [2, 2, 1]
    np.testing.assert_array_equal(images, np.full((5, 2, 2, 3), 1) * np.reshape(ONE_TO_FIVE, (5, 1, 1, 1)))


def test_one_buffer_serves_all_chunks(files, settings, pairs):
    seen, chunks = [], []
    for chunk, failed in read_chunks(files, [4, 0, 2], settings(mode="L")):
        seen += chunk[:, 0, 0].tolist()
        chunks.append(chunk)
        assert failed == {}
    assert seen == [50, 10, 30]
    assert np.shares_memory(*chunks)


def test_failures_have_the_rows_of_the_list(files, settings, pairs):
    paths = [*files, "none.png"]
    images = np.full((3, 2, 2), 9, np.uint8)
    failures = {}
    for _, failed in read_chunks(paths, [0, 5, 1], settings(mode="L"), images):
        failures.update(failed)
    assert list(failures) == [5]
    assert failures[5].missing
    assert failures[5].__context__ is None
    assert images[:, 0, 0].tolist() == [10, 0, 20]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_threads_share_the_array_whatever_the_context(files, settings, backend, monkeypatch):
    threads = set()
    read_file = _read_files.read_file
    # Both threads must be at work at once, or the barrier breaks.
    barrier = threading.Barrier(2, timeout=20)

    def slow(path, settings):
        threads.add(threading.get_ident())
        barrier.wait()
        return read_file(path, settings)

    monkeypatch.setattr(_read_files, "read_file", slow)
    images = np.zeros((4, 2, 2), np.uint8)
    with parallel_config(backend=backend, n_jobs=2):
        list(read_chunks(files, range(4), settings(mode="L"), images))
    assert len(threads) == 2
    assert images[:, 0, 0].tolist() == [10, 20, 30, 40]


def test_warnings_of_pillow_do_not_leak_and_filters_stay(files, settings, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # 16 pixels: worth a warning to Pillow, not yet an error
    before = warnings.filters[:]
    ((chunk, failed),) = read_chunks(files, range(5), settings(max_pixels=16), n_jobs=2)
    assert failed == {}
    assert chunk[0, 0, 0, 0] == 10
    assert warnings.filters == before


def test_a_progress_bar_if_asked_for(files, settings, capsys):
    list(read_chunks(files, range(5), settings()))
    assert capsys.readouterr() == ("", "")
    list(read_chunks(files, range(5), settings(), verbose=1))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "read:" in shown.err
    assert "/5 " in shown.err
