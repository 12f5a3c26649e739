"""Small image files, and the settings to read them with."""

import numpy as np
import pytest
from PIL import Image

from skmtl.preprocessing import ImageReader
from skmtl.preprocessing._settings import Settings


@pytest.fixture
def save(tmp_path):
    """Write pixels to a file and return its path as a string."""

    def write(pixels, name="image.png", mode=None, **kwargs):
        image = (
            Image.fromarray(np.asarray(pixels)) if mode is None else Image.fromarray(np.asarray(pixels)).convert(mode)
        )
        image.save(tmp_path / name, **kwargs)
        return str(tmp_path / name)

    return write


@pytest.fixture
def settings():
    def make(size=2, **kwargs):
        return Settings.of(ImageReader(size, **kwargs))

    return make


@pytest.fixture
def files(save):
    """Five files of one colour each: 10, 20 ... 50."""
    return [save(np.full((4, 4), 10 * i, np.uint8), f"{i}.png") for i in range(1, 6)]


@pytest.fixture
def no_decoding(monkeypatch):
    """Let any attempt to open an image file fail."""

    def refuse(path, *args):
        raise AssertionError(f"{path} was opened")

    def switch():
        monkeypatch.setattr(Image, "open", refuse)

    return switch
