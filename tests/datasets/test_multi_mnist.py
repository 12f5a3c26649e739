import struct
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
from sklearn.utils import check_random_state

from skmtl.datasets import _multi_mnist, fetch_multi_mnist, load_multi_mnist

N = 12
IMAGES = np.random.RandomState(0).randint(0, 256, size=(N, 28, 28)).astype(np.uint8)
LABELS = (np.arange(N) % 10).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    for prefix, step in (("train", 1), ("t10k", -1)):
        _write(tmp_path / f"{prefix}-images-idx3-ubyte", IMAGES[::step])
        _write(tmp_path / f"{prefix}-labels-idx1-ubyte", LABELS[::step])
    return tmp_path


def _write(path, array):
    path.write_bytes(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def _by_hand(left, right):
    """Sener and Koltun's construction, one pixel of the result at a time, without a canvas."""
    image = np.zeros((28, 28), dtype=np.uint8)
    for row in range(28):
        for column in range(28):
            r, c = int((row + 0.5) * 36 / 28), int((column + 0.5) * 36 / 28)
            values = [0]
            if r < 28 and c < 28:
                values.append(left[r, c])
            if 6 <= r < 34 and 6 <= c < 34:
                values.append(right[r - 6, c - 6])
            image[row, column] = max(values)
    return image


def test_every_image_is_built_as_the_paper_says(folder):
    data = load_multi_mnist(folder)
    assert data.images.shape == (N, 28, 28)
    assert data.images.dtype == np.uint8
    for image, (i, j) in zip(data.images, data.source, strict=True):
        np.testing.assert_array_equal(image, _by_hand(IMAGES[i], IMAGES[j]))


def test_single_pixels_land_where_worked_out_by_hand():
    left, right = np.zeros((2, 1, 28, 28), dtype=np.uint8)
    # Row 7 of the result shows row int(7.5 * 36 / 28) = int(9.64) = 9 of the canvas;
    # column 20 shows int(20.5 * 36 / 28) = int(26.36) = 26.
    left[0, 9, 26] = 100
    right[0, 9 - 6, 26 - 6] = 40
    # Result (26, 26) shows canvas int(26.5 * 36 / 28) = int(34.07) = 34: beyond both digits.
    # Result (25, 25) shows canvas int(32.79) = 32: the right digit's 26.
    right[0, 26, 26] = 9
    image = _multi_mnist._overlay(left, right)[0]
    assert image[7, 20] == 100
    assert image[25, 25] == 9
    assert np.count_nonzero(image) == 2
    assert not _multi_mnist._overlay(left + 255, right + 255)[0, 26:].any()


def test_left_runs_through_the_split_and_partners_are_drawn(folder):
    data = load_multi_mnist(folder)
    assert data.source[:, 0].tolist() == list(range(N))
    assert data.source[:, 1].tolist() == np.random.RandomState(0).randint(N, size=N).tolist()
    np.testing.assert_array_equal(data.target, LABELS[data.source])
    assert data.target.dtype == np.int64
    assert data.task_names == ["left", "right"]


def test_subset_picks_the_files(folder):
    data = load_multi_mnist(folder, subset="test")
    assert data.target[:, 0].tolist() == LABELS[::-1].tolist()
    np.testing.assert_array_equal(data.images[0], _by_hand(IMAGES[::-1][0], IMAGES[::-1][data.source[0, 1]]))


def test_seeds(folder):
    first, again, other = (load_multi_mnist(folder, random_state=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.images, again.images)
    assert (first.source != other.source).any()
    before = check_random_state(None).get_state()
    load_multi_mnist(folder, random_state=None)
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_as_frame_and_return_X_y(folder):
    X, y = load_multi_mnist(folder, return_X_y=True, as_frame=True)
    data = load_multi_mnist(folder, as_frame=True)
    np.testing.assert_array_equal(X, data.images)
    assert list(y) == ["left", "right"]
    assert list(data.frame) == ["left", "right", "source_left", "source_right"]


def test_other_image_sizes_are_refused(folder):
    _write(folder / "train-images-idx3-ubyte", IMAGES[:, :20])
    with pytest.raises(ValueError, match=r"shape \(12, 20, 28\), but MNIST has \(n_samples, 28, 28\)"):
        load_multi_mnist(folder)


def test_bad_parameters_are_named(folder):
    with pytest.raises(ValueError, match=r"subset must be one of .* Got 'trian' .* Did you mean 'train'"):
        load_multi_mnist(folder, subset="trian")
    with pytest.raises(ValueError, match="'folder' parameter of load_multi_mnist"):
        load_multi_mnist(None)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_multi_mnist(folder / "nowhere")
    with pytest.raises(ValueError, match="'n_retries' parameter of fetch_multi_mnist"):
        fetch_multi_mnist(n_retries=0)
    with pytest.raises(ValueError, match="subset must be one of"):
        fetch_multi_mnist(subset="all")


@pytest.fixture
def openml(monkeypatch):
    """OpenML's MNIST in miniature: 20 training and 12 test digits; records how it was asked for."""
    monkeypatch.setattr(_multi_mnist, "N_TRAIN", 20)
    monkeypatch.setattr(_multi_mnist, "N_TEST", N)
    asked = {}

    def fetch_openml(name, **options):
        asked.update(options, name=name)
        images = np.concatenate([IMAGES[:10], IMAGES[:10], IMAGES]).reshape(-1, 784)
        labels = np.concatenate([LABELS[:10], LABELS[:10], LABELS])
        return SimpleNamespace(data=images.astype(float), target=labels.astype(str).astype(object))

    monkeypatch.setattr(_multi_mnist, "fetch_openml", fetch_openml)
    return asked


def test_fetch_equals_load(openml, folder):
    fetched = fetch_multi_mnist(subset="test")
    _write(folder / "t10k-images-idx3-ubyte", IMAGES)
    _write(folder / "t10k-labels-idx1-ubyte", LABELS)
    loaded = load_multi_mnist(folder, subset="test")
    np.testing.assert_array_equal(fetched.images, loaded.images)
    np.testing.assert_array_equal(fetched.target, loaded.target)
    assert fetched.images.dtype == np.uint8
    assert len(fetch_multi_mnist(subset="train").images) == 20


def test_fetch_asks_openml_for_mnist_and_uses_its_cache(openml, tmp_path):
    _, y = fetch_multi_mnist(tmp_path, n_retries=7, delay=0, return_X_y=True, as_frame=True)
    assert openml == {
        "name": "mnist_784",
        "version": 1,
        "data_home": tmp_path,
        "as_frame": False,
        "n_retries": 7,
        "delay": 0,
    }
    assert y["left"].tolist() == [*range(10), *range(10)]


def test_fetch_without_a_network_says_what_to_do(monkeypatch):
    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(_multi_mnist, "fetch_openml", offline)
    with pytest.raises(OSError, match=r"could not get MNIST .*no route to host.*load_multi_mnist\(folder\)"):
        fetch_multi_mnist()


def test_fetch_checks_what_it_got(openml, monkeypatch):
    monkeypatch.setattr(_multi_mnist, "N_TRAIN", 21)
    with pytest.raises(ValueError, match=r"mnist_784 has shape \(32, 784\), but \(33, 784\) was expected"):
        fetch_multi_mnist()
