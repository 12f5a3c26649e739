import re
import struct
import warnings

import numpy as np
import pytest
from PIL import Image

from skmtl.preprocessing._read_file import UnreadableFileError, read_file

NOISE = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def test_a_file_of_the_wanted_size_comes_as_it_is(save, settings):
    np.testing.assert_array_equal(read_file(save(NOISE), settings((40, 30))), NOISE)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tiff", "a.gif", "a.bmp", "a.webp"])
def test_formats(save, settings, name):
    smooth = np.tile(np.linspace(20, 220, 32).astype(np.uint8), (32, 1))
    pixels = read_file(save(smooth, name), settings((32, 32), mode="L"))
    assert np.abs(pixels.astype(int) - smooth).max() <= 6


def test_of_an_animation_the_first_frame(tmp_path, settings):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_file(str(tmp_path / "a.gif"), settings())[0, 0].tolist() == [255, 0, 0]


def test_files_are_closed_and_untouched(save, settings):
    path = save(NOISE)
    with open(path, "rb") as file:
        before = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        read_file(path, settings())
    with open(path, "rb") as file:
        assert file.read() == before


def unreadable(path, settings):
    with pytest.raises(UnreadableFileError) as caught:
        read_file(str(path), settings)
    return caught.value


def test_a_missing_file(tmp_path, settings):
    error = unreadable(tmp_path / "none.png", settings())
    assert error.missing
    assert error.reason == "there is no such file"
    assert error.remedy == "Check the path, and base_folder."
    assert "from the current folder" in unreadable("none.png", settings()).remedy


def test_a_file_where_a_folder_should_be(save, settings):
    error = unreadable(save(NOISE) + "/none.png", settings())
    assert error.missing
    assert error.reason == "there is no such file"


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_file(save, settings, name, share):
    path = save(NOISE, name)
    with open(path, "r+b") as file:
        file.truncate(int(share * len(file.read())))
    error = unreadable(path, settings())
    assert re.match(r"it is truncated or damaged \(\w+: ", error.reason)
    assert not error.missing


def test_a_damaged_header(tmp_path, settings):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + b"\0" * 4)
    assert "it is truncated or damaged" in unreadable(tmp_path / "a.png", settings()).reason


def test_what_is_no_image(tmp_path, settings):
    (tmp_path / "text.png").write_text("no image")
    assert unreadable(tmp_path / "text.png", settings()).reason == "it is not an image that Pillow knows"
    (tmp_path / "empty.png").touch()
    assert unreadable(tmp_path / "empty.png", settings()).reason == "it is empty"
    assert unreadable(tmp_path, settings()).reason == "it is a folder"
    assert unreadable("a\0b.png", settings()).reason.startswith("it is truncated or damaged (ValueError")


def test_unknown_ranges_say_what_to_do(save, settings):
    error = unreadable(save(np.ones((2, 2), np.float32), "a.tiff"), settings())
    assert error.reason == "its pixels are floats, of which none is known to be white"
    assert error.remedy == "Scale them to 0 to 255, and save the file with 8 bits a channel."


def test_large_files_are_not_decoded(save, settings):
    path = save(NOISE)
    assert read_file(path, settings(max_pixels=1200)).shape == (2, 2, 3)
    error = unreadable(path, settings(max_pixels=1199))
    assert error.reason == "it has 40 x 30 = 1200 pixels, more than max_pixels=1199"
    assert error.remedy.startswith("Raise max_pixels")


def test_pillow_has_the_last_word_on_large_files(save, settings, monkeypatch):
    path = save(NOISE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    error = unreadable(path, settings(max_pixels=5000))
    assert "more pixels than Pillow opens" in error.reason
    assert "raise PIL.Image.MAX_IMAGE_PIXELS" in error.remedy
