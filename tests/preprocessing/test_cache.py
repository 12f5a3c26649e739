import os
import shutil
import stat
import time

import numpy as np
import pytest

from skmtl.preprocessing._cache import ImageCache, file_keys

KEYS = np.array([b"a" * 16, b"b" * 16, b"c" * 16])
IMAGES = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)


@pytest.fixture
def cache(tmp_path, settings):
    return ImageCache(tmp_path / "new" / "cache", settings(mode="L"))


def names(cache):
    return sorted(os.listdir(cache._folder))


def test_keys_follow_the_file_and_not_its_name(files, tmp_path, monkeypatch):
    first = file_keys(files)
    assert len(set(first)) == 5
    assert (file_keys(files) == first).all()
    (tmp_path / "link.png").symlink_to(files[0])
    monkeypatch.chdir(tmp_path)
    assert (file_keys(["link.png", "./1.png", "none/../1.png"]) == first[0]).all()


def test_keys_change_with_size_and_time(files):
    first = file_keys(files)
    facts = os.stat(files[0])
    os.utime(files[0], ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    with open(files[1], "ab") as file:
        file.write(b"x")
    facts = os.stat(files[2])
    with open(files[2], "ab") as file:
        file.write(b"x")
    os.utime(files[2], ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (file_keys(files) == first).tolist() == [False, False, False, True, True]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of the entry")
def test_keys_change_with_the_file_in_a_place(save, tmp_path):
    # As unpacked from an archive with fixed times: all of one size and one time.
    one, other = (save(np.full((4, 4), grey, np.uint8), f"{grey}.bmp") for grey in (1, 2))
    for path in (one, other):
        os.utime(path, (1e9, 1e9))
    first = file_keys([one, other])
    time.sleep(0.02)  # the clock of a file system ticks every few milliseconds
    os.rename(one, tmp_path / "x")
    os.rename(other, one)
    os.rename(tmp_path / "x", other)
    swapped = file_keys([one, other])
    assert not (swapped == first).any()
    time.sleep(0.02)
    shutil.copy2(one, other)
    assert (file_keys([one, other]) == swapped).tolist() == [True, False]


def test_what_cannot_be_found_has_no_key(tmp_path):
    assert file_keys([str(tmp_path / "none.png"), "a\0b"]).tolist() == [b"", b""]


def test_a_part_comes_back(cache):
    images, keys = cache.add(KEYS, [(IMAGES[:2], []), (IMAGES[2:], [])])
    assert isinstance(images, np.memmap)
    assert images.mode == "r"
    np.testing.assert_array_equal(images, IMAGES)
    assert keys.tolist() == KEYS.tolist()
    np.testing.assert_array_equal(cache.whole(KEYS), IMAGES)
    ((again, found),) = cache.parts()
    np.testing.assert_array_equal(again, IMAGES)
    assert found.tolist() == KEYS.tolist()
    # NumPy reads the file too.
    np.testing.assert_array_equal(np.load(images.filename), IMAGES)


def test_other_lists_are_not_the_whole(cache):
    cache.add(KEYS, [(IMAGES, [])])
    assert cache.whole(KEYS[:2]) is None
    assert cache.whole(KEYS[::-1]) is None


def test_unreadable_images_are_not_found_again(cache):
    _, keys = cache.add(KEYS, [(IMAGES[:2], [1]), (IMAGES[2:], [])])
    assert keys.tolist() == [KEYS[0], b"", KEYS[2]]
    assert cache.whole(KEYS) is None
    assert cache.whole(keys) is None
    assert cache.add(KEYS, [(IMAGES, [0, 1, 2])]) is None
    assert len(names(cache)) == 1


def test_the_same_part_twice_takes_its_place(cache):
    first, _ = cache.add(KEYS, [(IMAGES, [])])
    cache.add(KEYS, [(IMAGES, [])])
    assert len(names(cache)) == 1
    np.testing.assert_array_equal(first, IMAGES)


def test_other_settings_have_another_place(tmp_path, settings):
    one, other = (ImageCache(tmp_path, settings(mode="L", fill=fill)) for fill in (0, 1))
    one.add(KEYS, [(IMAGES, [])])
    assert other.whole(KEYS) is None
    assert list(other.parts()) == []


def test_a_failing_writer_leaves_nothing(cache):
    def chunks():
        yield IMAGES[:2], []
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.add(KEYS, chunks())
    assert names(cache) == []


def test_what_a_killed_writer_leaves_is_not_found(cache):
    seen = []

    def chunks():
        yield IMAGES[:2], []
        # All that there is on disk if the process ends here.
        seen.extend([names(cache), cache.whole(KEYS), list(cache.parts())])
        yield IMAGES[2:], []

    cache.add(KEYS, chunks())
    (unfinished,), whole, parts = seen
    assert unfinished.endswith(".tmp")
    assert (whole, parts) == (None, [])


@pytest.mark.parametrize("damage", ["truncated", "longer", "empty", "text", "another shape"])
def test_damaged_parts_are_ignored_and_replaced(cache, damage):
    part = cache.add(KEYS, [(IMAGES, [])])[0].filename
    with open(part, "rb") as file:
        content = file.read()
    if damage == "another shape":
        np.save(part, np.zeros((3, 5, 5), np.uint8))
    else:
        damaged = {"truncated": content[:-20], "longer": content + b"x", "empty": b"", "text": b"no array"}
        with open(part, "wb") as file:
            file.write(damaged[damage])
    assert cache.whole(KEYS) is None
    assert list(cache.parts()) == []
    cache.add(KEYS, [(IMAGES, [])])
    np.testing.assert_array_equal(cache.whole(KEYS), IMAGES)


def test_parts_are_readable_by_whom_the_umask_lets(cache):
    part = cache.add(KEYS, [(IMAGES, [])])[0].filename
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(os.stat(part).st_mode) == 0o666 & ~umask


def test_a_folder_that_cannot_be_made(tmp_path, settings):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"The cache folder '.*file.*' cannot be written \(.*leave out cache"):
        ImageCache(tmp_path / "file", settings())


def test_a_full_disk_is_named(cache, monkeypatch):
    class Full:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self._file.close()

        def write(self, content):
            if isinstance(content, memoryview):
                raise OSError(28, "No space left on device")
            return self._file.write(content)

    create = ImageCache._create
    monkeypatch.setattr(ImageCache, "_create", lambda self, file: Full(create(self, file)))
    with pytest.raises(
        OSError,
        match=r"cannot be written \(\[Errno 28\] No space left on device\): name a folder",
    ):
        cache.add(KEYS, [(IMAGES, [])])
    assert names(cache) == []
