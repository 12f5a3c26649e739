import matplotlib.pyplot as plt
import numpy as np
import pytest

from skmtl.inspection._draw_images import draw_images


@pytest.fixture
def axes():
    figure, axes = plt.subplots(2)
    yield axes
    plt.close(figure)


def pixels(ax):
    return np.asarray(ax.images[0].get_array())


@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_grey_images_share_one_scale(axes, n_channels):
    images = np.arange(2 * n_channels * 6, dtype=np.int16).reshape(2, n_channels, 2, 3)
    draw_images(axes, images)
    assert pixels(axes[1]).tolist() == images[1, 0].tolist()
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim() == (0, images[1, 0].max())
    assert axes[0].get_xticks().tolist() == []


def test_bytes_of_three_channels_are_colours(axes):
    images = np.arange(36, dtype=np.uint8).reshape(2, 3, 2, 3)
    draw_images(axes, images)
    assert pixels(axes[1]).tolist() == np.moveaxis(images[1], 0, -1).tolist()


def test_values_from_zero_to_one_are_colours(axes):
    images = np.linspace(0.2, 0.4, 48).reshape(2, 4, 2, 3)
    draw_images(axes, images)
    assert pixels(axes[0]).tolist() == np.moveaxis(images[0], 0, -1).tolist()


@pytest.mark.parametrize("dtype", ["float32", "uint16", "int8"])
def test_other_colours_are_stretched(axes, dtype):
    images = np.arange(36).astype(dtype).reshape(2, 3, 2, 3)
    draw_images(axes, images)
    np.testing.assert_allclose(pixels(axes[1])[0, 0], [18 / 35, 24 / 35, 30 / 35], rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 1, 5)])
def test_signals_and_lines_are_curves_on_one_scale(axes, shape):
    signals = np.arange(30.0).reshape(shape)
    draw_images(axes, signals)
    assert [line.get_ydata().tolist() for line in axes[1].lines] == signals[1].reshape(3, 5).tolist()
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_of_volumes_the_middle_slice_is_drawn(axes):
    volumes = np.arange(2 * 5 * 6.0).reshape(2, 1, 5, 2, 3)
    draw_images(axes, volumes)
    assert pixels(axes[0]).tolist() == volumes[0, 0, 2].tolist()


def test_images_of_one_value_are_drawn(axes):
    draw_images(axes, np.ones((2, 1, 2, 2)))
    assert axes[0].images[0].get_clim() == (1, 2)
