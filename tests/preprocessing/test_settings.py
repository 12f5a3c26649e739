import math
import re

import pytest
from PIL import Image, ImageFile

from skmtl.preprocessing import ImageReader
from skmtl.preprocessing._settings import Settings


def test_a_size_is_height_then_width(settings):
    assert settings((3, 5)).size == (3, 5)
    assert settings([3, 5]).size == (3, 5)
    assert settings(3).size == (3, 3)


@pytest.mark.parametrize(("mode", "shape"), [("L", (3, 5)), ("RGB", (3, 5, 3)), ("RGBA", (3, 5, 4))])
def test_shape_of_one_image(settings, mode, shape):
    assert settings((3, 5), mode=mode).shape == shape


def test_fill_has_one_value_per_channel(settings):
    assert settings(fill=7, mode="L").fill == (7,)
    assert settings(fill=7).fill == (7, 7, 7)
    assert settings(fill=7, mode="RGBA").fill == (7, 7, 7, 0)
    assert settings(fill=(1, 2, 3)).fill == (1, 2, 3)
    with pytest.raises(ValueError, match=re.escape("one such int per channel of mode='L', which has 1. Got (1, 2, 3)")):
        settings(fill=(1, 2, 3), mode="L")
    with pytest.raises(ValueError, match="fill must be an int from 0 to 255"):
        settings(fill=(1, 2, 256))


@pytest.mark.parametrize("size", [(3,), (3, 4, 5), (0, 4), (2.0, 2), ("4", "4"), (True, 3)])
def test_other_sizes_are_refused(settings, size):
    with pytest.raises(ValueError, match=r"size must be a positive int, for squares, or \(height, width\)"):
        settings(size)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("mode", "rgb", "RGB"),
        ("resize", "strech", "stretch"),
        ("resample", "BILINEAR", "bilinear"),
        ("on_error", "warning", "warn"),
    ],
)
def test_near_misses_get_the_name(name, value, meant):
    with pytest.raises(ValueError, match=f"{name} must be one of .* Did you mean '{meant}'"):
        Settings.of(ImageReader(**{name: value}))


def test_pillow_decides_the_largest_file_unless_told(settings, monkeypatch):
    assert settings().max_pixels == Image.MAX_IMAGE_PIXELS
    assert settings(max_pixels=12).max_pixels == 12
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert settings().max_pixels == math.inf


def test_identity_tells_apart_what_gives_other_pixels(settings, monkeypatch):
    reference = settings().identity
    assert settings(n_jobs=2, verbose=1, on_error="warn", cache="x", base_folder="y").identity == reference
    others = [{"size": 3}, {"mode": "L"}, {"resize": "pad"}, {"resample": "lanczos"}, {"fill": 1}, {"max_pixels": 9}]
    identities = {settings(**other).identity for other in others}
    assert len(identities | {reference}) == len(others) + 1
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert settings().identity != reference
