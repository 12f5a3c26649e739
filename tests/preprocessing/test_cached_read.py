import os

import numpy as np
import pytest

from skmtl.preprocessing import _cached_read
from skmtl.preprocessing._cache import ImageCache
from skmtl.preprocessing._cached_read import read_through
from skmtl.preprocessing._read_files import read_chunks


@pytest.fixture
def through(tmp_path, settings):
    """Read through a cache; return the grey values, the failures and the rows that were read from files."""
    chosen = settings(mode="L")

    def read(paths):
        rows_read = []

        def chunks(rows):
            rows_read.extend(rows)
            return read_chunks(paths, rows, chosen)

        images, failures = read_through(ImageCache(tmp_path / "cache", chosen), paths, chosen, chunks)
        return images, failures, rows_read

    return read


def values(images):
    assert (images == images[:, :1, :1]).all()
    return images[:, 0, 0].tolist()


def test_a_list_read_before_is_a_map(through, files):
    for expected_rows in ([0, 1, 2, 3, 4], []):
        images, failures, rows = through(files)
        assert isinstance(images, np.memmap)
        assert images.mode == "r"
        assert (values(images), failures, rows) == ([10, 20, 30, 40, 50], {}, expected_rows)


@pytest.mark.parametrize("step", [1, 2, 100])
def test_selections_are_put_together(through, files, step, monkeypatch):
    monkeypatch.setattr(_cached_read, "chunk_length", lambda settings: step)
    through(files[:2])
    through(files[2:4])
    images, _, rows = through([files[i] for i in (3, 0, 0, 2, 1)])
    assert not isinstance(images, np.memmap)
    assert (values(images), rows) == ([40, 10, 10, 30, 20], [])
    images, _, rows = through([files[i] for i in (4, 3, 0)])
    assert (values(images), rows) == ([50, 40, 10], [0])


def test_repeated_files(through, files):
    twice = [files[0], files[0], files[1]]
    for expected_rows in ([0, 1, 2], []):
        images, _, rows = through(twice)
        assert (values(images), rows) == ([10, 10, 20], expected_rows)
        assert isinstance(images, np.memmap)


def test_changed_files_are_read_again(through, files, save):
    through(files)
    save(np.full((5, 5), 99, np.uint8), "2.png")
    images, _, rows = through(files)
    assert (values(images), rows) == ([10, 99, 30, 40, 50], [1])


def test_unreadable_files_are_tried_again(through, files, save, tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    paths = [files[0], str(tmp_path / "bad.png"), str(tmp_path / "none.png"), files[1]]
    for expected_rows in ([0, 1, 2, 3], [1, 2]):
        images, failures, rows = through(paths)
        assert images[[0, 3], 0, 0].tolist() == [10, 20]
        assert sorted(failures) == [1, 2]
        assert rows == expected_rows
    for name in ("bad.png", "none.png"):
        save(np.full((4, 4), 7, np.uint8), name)
    images, failures, rows = through(paths)
    assert (values(images), failures, rows) == ([10, 7, 7, 20], {}, [1, 2])
    assert through(paths)[2] == []


def test_more_parts_than_files_may_be_open(through, save):
    resource = pytest.importorskip("resource")
    files = [save(np.full((2, 2), i, np.uint8), f"{i}.png") for i in range(100)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(name) for name in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 40, hard))
    try:
        for i, file in enumerate(files):
            assert through([file])[2] == [0], i
        images, _, rows = through(files)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (values(images), rows) == (list(range(100)), [])


def test_no_file_is_readable(through):
    assert sorted(through(["none.png", "nor.png"])[1]) == [0, 1]
