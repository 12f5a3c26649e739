import gzip
import struct

import numpy as np
import pytest

from skmtl.datasets._idx import read_split

IMAGES = np.arange(3 * 2 * 4, dtype=np.uint8).reshape(3, 2, 4)
LABELS = np.array([7, 0, 9], dtype=np.uint8)


def idx_bytes(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder, images=IMAGES, labels=LABELS, prefix="train", mark="-", end=""):
    pack = gzip.compress if end else bytes
    (folder / f"{prefix}-images{mark}idx3-ubyte{end}").write_bytes(pack(idx_bytes(images)))
    (folder / f"{prefix}-labels{mark}idx1-ubyte{end}").write_bytes(pack(idx_bytes(labels)))


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize(("subset", "prefix"), [("train", "train"), ("test", "t10k")])
def test_every_spelling_is_read(tmp_path, mark, end, subset, prefix):
    write(tmp_path, prefix=prefix, mark=mark, end=end)
    images, labels = read_split(str(tmp_path), subset)
    np.testing.assert_array_equal(images, IMAGES)
    assert images.dtype == np.uint8
    assert labels.tolist() == [7, 0, 9]
    assert labels.dtype == np.int64


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere' does not exist: pass the folder"):
        read_split(tmp_path / "nowhere", "train")


def test_file_instead_of_folder(tmp_path):
    write(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file: pass the folder"):
        read_split(tmp_path / "train-images-idx3-ubyte", "train")


def test_missing_file_lists_the_names_looked_for(tmp_path):
    write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    message = r"has no labels of the train split: .*train-labels-idx1-ubyte, train-labels\.idx1-ubyte, .*\.gz"
    with pytest.raises(FileNotFoundError, match=message):
        read_split(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match="has no images of the test split"):
        read_split(tmp_path, "test")


@pytest.mark.parametrize("n_bytes", [5, 15, 20])
def test_truncated_file(tmp_path, n_bytes):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES)[:n_bytes])
    with pytest.raises(ValueError, match=f"train-images-idx3-ubyte is damaged: .*, found {n_bytes}"):
        read_split(tmp_path, "train")


def test_truncated_file_says_how_much_is_missing(tmp_path):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES)[:-1])
    with pytest.raises(ValueError, match=r"for the shape \(3, 2, 4\) expected 40 bytes, found 39"):
        read_split(tmp_path, "train")


def test_trailing_bytes(tmp_path):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES) + b"x")
    with pytest.raises(ValueError, match="expected 40 bytes, found 41"):
        read_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("content", "found"), [(b"\x89PNG....", "0x89504e47"), (b"", "0x\\."), (b"\0\0\x08\x01", "0x00000801")]
)
def test_wrong_magic(tmp_path, content, found):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=f"expected the magic number 0x00000803, found {found}"):
        read_split(tmp_path, "train")


@pytest.mark.parametrize("cut", [slice(None, -12), slice(0, 0), slice(3, None)])
def test_broken_gzip(tmp_path, cut):
    write(tmp_path, end=".gz")
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[cut])
    with pytest.raises(ValueError, match=r"\.gz is not (a whole gzip|an IDX) file"):
        read_split(tmp_path, "train")


def test_images_and_labels_of_different_length(tmp_path):
    write(tmp_path, labels=LABELS[:2])
    with pytest.raises(ValueError, match=r"has 3 images, but .* has 2 labels"):
        read_split(tmp_path, "train")
