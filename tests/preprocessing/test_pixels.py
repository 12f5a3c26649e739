import struct

import numpy as np
import pytest
from PIL import Image

from skmtl.preprocessing._pixels import PixelError, shrink_early, to_mode, to_size

ORIENTATION = 0x0112
RAMP = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
UPRIGHT = {
    1: RAMP,
    2: RAMP[:, ::-1],
    3: RAMP[::-1, ::-1],
    4: RAMP[::-1],
    5: RAMP.T,
    6: RAMP.T[:, ::-1],
    7: RAMP.T[::-1, ::-1],
    8: RAMP.T[::-1],
}


def luma(r, g, b):
    return round(0.299 * r + 0.587 * g + 0.114 * b)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_orientation_is_applied(save, settings, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    with Image.open(save(RAMP, exif=exif)) as image:
        upright = to_mode(image, settings(mode="L"))
    np.testing.assert_array_equal(upright, UPRIGHT[orientation])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_colours_of_every_kind_of_file(settings, mode):
    colour, grey = (200, 100, 50), 90
    sources = {
        "RGB": (Image.new("RGB", (2, 2), colour), colour),
        "P": (Image.new("RGB", (2, 2), colour).quantize(4), colour),
        "CMYK": (Image.new("RGB", (2, 2), colour).convert("CMYK"), colour),
        "YCbCr": (Image.new("RGB", (2, 2), colour).convert("YCbCr"), colour),
        "L": (Image.new("L", (2, 2), grey), (grey,) * 3),
        "LA": (Image.new("LA", (2, 2), (grey, 255)), (grey,) * 3),
        "1": (Image.new("1", (2, 2), 1), (255,) * 3),
        "I;16": (Image.fromarray(np.full((2, 2), 257 * grey, np.uint16)), (grey,) * 3),
    }
    for kind, (image, (r, g, b)) in sources.items():
        assert image.mode == kind
        expected = {"RGB": (r, g, b), "RGBA": (r, g, b, 255), "L": luma(r, g, b)}[mode]
        got = np.asarray(to_mode(image, settings(mode=mode)), dtype=int)
        assert got.shape[:2] == (2, 2)
        assert np.abs(got - expected).max() <= 2, kind


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_lab_is_converted(settings, mode):
    grey = Image.new("RGB", (2, 2), (128, 128, 128)).convert("LAB")
    channels = np.asarray(to_mode(grey, settings(mode=mode)))[0, 0]
    assert np.abs(channels.reshape(-1)[:3].astype(int) - 128).max() <= 2


def test_16_bits_are_scaled_and_not_clipped(settings):
    values = np.array([[0, 128, 129, 255, 256, 32768, 65406, 65407, 65535]], np.uint16)
    expected = [[0, 0, 1, 1, 1, 128, 254, 255, 255]]
    np.testing.assert_array_equal(to_mode(Image.fromarray(values), settings(mode="L")), expected)


RAMP_16 = np.linspace(0, 65535, 16).astype(np.uint16).reshape(4, 4)


def in_12_bits(values):
    """Two pixels in three bytes, as TIFF packs them."""
    pairs = (values.astype(int) >> 4).reshape(-1, 2).tolist()
    return b"".join((a << 12 | b).to_bytes(3, "big") for a, b in pairs)


def write_tiff(path, values, bits=16, sample_format=1, photometric=1):
    """An uncompressed strip of grey pixels, of kinds that Pillow itself does not write."""
    data = in_12_bits(values) if bits == 12 else values.tobytes()
    height, width = values.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height}
    tags |= {279: len(data), 339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    path.write_bytes(head + data + struct.pack("<H", len(tags)) + entries + bytes(4))


KNOWN_RANGES = {
    "16 bits": (RAMP_16, {}),
    "12 bits": (RAMP_16, {"bits": 12}),
    "16 bits, white is 0": (65535 - RAMP_16, {"photometric": 0}),
}


@pytest.mark.parametrize("kind", KNOWN_RANGES)
def test_tiff_files_say_what_is_white(tmp_path, settings, kind):
    pixels, tags = KNOWN_RANGES[kind]
    write_tiff(tmp_path / "a.tif", pixels, **tags)
    with Image.open(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(to_mode(image, settings(mode="L")), np.arange(0, 256, 17).reshape(4, 4))


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jp2", "a.pgm"])
def test_files_of_16_bits_are_scaled_by_their_format(tmp_path, settings, name):
    # Some of them are of 32 bits for Pillow.
    Image.fromarray(RAMP_16.astype(np.int32) if name == "a.pgm" else RAMP_16).save(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        np.testing.assert_array_equal(to_mode(image, settings(mode="L")), np.arange(0, 256, 17).reshape(4, 4))


def test_pgm_files_say_what_is_white(tmp_path, settings):
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 1000\n" + np.array([0, 500, 1000], ">u2").tobytes())
    with Image.open(tmp_path / "a.pgm") as image:
        np.testing.assert_array_equal(to_mode(image, settings(mode="L")), [[0, 128, 255]])


UNKNOWN_RANGES = {
    "floats": (np.linspace(0, 1, 4, dtype=np.float32), {"bits": 32, "sample_format": 3}),
    # Values to 255 came out black, as if they were of 16 bits.
    "32-bit integers": (np.arange(4, dtype=np.uint32), {"bits": 32}),
    "signed integers": (np.arange(4, dtype=np.int32), {"bits": 32, "sample_format": 2}),
    "signed integers of 16 bits": (np.arange(4, dtype=np.int16), {"sample_format": 2}),
    # Pillow takes them for unsigned ones.
    "signed integers of 8 bits": (np.arange(-2, 2, dtype=np.int8), {"bits": 8, "sample_format": 2}),
}


@pytest.mark.parametrize("kind", UNKNOWN_RANGES)
def test_pixels_of_unknown_range_are_refused(tmp_path, settings, kind):
    pixels, tags = UNKNOWN_RANGES[kind]
    write_tiff(tmp_path / "a.tif", pixels[None], **tags)
    match = f"its pixels are {kind.partition(' of')[0]}, of which none is known to be white"
    with Image.open(tmp_path / "a.tif") as image, pytest.raises(PixelError, match=match):
        to_mode(image, settings())


def test_transparent_images_are_laid_onto_the_fill(settings):
    # Alpha 51 is a fifth: 0.2 * 200 + 0.8 * 100.
    image = Image.new("RGBA", (1, 1), (200, 200, 0, 51))
    assert to_mode(image, settings(fill=100)).getpixel((0, 0)) == (120, 120, 80)
    assert to_mode(image, settings(fill=(0, 100, 0))).getpixel((0, 0)) == (40, 120, 0)
    assert to_mode(image, settings(mode="RGBA")).getpixel((0, 0)) == (200, 200, 0, 51)
    grey = Image.new("LA", (1, 1), (200, 51))
    assert to_mode(grey, settings(mode="L", fill=100)).getpixel((0, 0)) == 120


@pytest.mark.parametrize(("mode", "dtype"), [("L", np.uint8), ("P", np.uint8), ("I;16", np.uint16)])
def test_a_transparent_colour_is_transparent(save, settings, mode, dtype):
    pixels = np.array([[0, 257 if dtype is np.uint16 else 1]], dtype)
    path = save(pixels, mode="P" if mode == "P" else None, transparency=0)
    with Image.open(path) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(to_mode(image, settings(mode="L", fill=77)), [[77, 1]])
        assert np.asarray(to_mode(image, settings(mode="RGBA")))[0, :, 3].tolist() == [0, 255]


def test_stretch_brings_each_axis_to_size(settings):
    image = Image.fromarray(np.array([[0, 0, 100, 100], [200, 200, 40, 40]], np.uint8))
    shrunk = to_size(image, settings((2, 2), mode="L", resample="nearest"))
    np.testing.assert_array_equal(shrunk, [[0, 100], [200, 40]])
    assert np.asarray(to_size(image, settings((3, 5), mode="L"))).shape == (3, 5)


def test_crop_keeps_the_centre(settings):
    columns = np.tile(np.arange(0, 60, 10, dtype=np.uint8), (2, 1))
    cropped = to_size(Image.fromarray(columns), settings((2, 2), mode="L", resize="crop"))
    np.testing.assert_array_equal(cropped, [[20, 30], [20, 30]])
    cropped = to_size(Image.fromarray(columns.T.copy()), settings((2, 2), mode="L", resize="crop"))
    np.testing.assert_array_equal(cropped, [[20, 20], [30, 30]])


def test_pad_keeps_everything_in_the_middle(settings):
    image = Image.fromarray(np.array([[10, 20, 30, 40]], np.uint8))
    padded = to_size(image, settings((3, 4), mode="L", resize="pad", fill=9))
    np.testing.assert_array_equal(padded, [[9] * 4, [10, 20, 30, 40], [9] * 4])
    padded = to_size(image.convert("RGB"), settings((4, 6), resize="pad", fill=(1, 2, 3)))
    np.testing.assert_array_equal(padded.getpixel((0, 0)), (1, 2, 3))
    line = Image.fromarray(np.full((500, 1), 50, np.uint8))
    padded = to_size(line, settings((4, 3), mode="L", resize="pad"))
    np.testing.assert_array_equal(padded, [[0, 50, 0]] * 4)


def test_shrinking_is_antialiased_unless_nearest(settings):
    board = Image.fromarray((np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8))
    values = {
        resample: np.asarray(to_size(board, settings(4, mode="L", resample=resample)), int)
        for resample in ("bilinear", "bicubic", "lanczos", "nearest")
    }
    for resample in ("bilinear", "bicubic", "lanczos"):
        assert np.abs(values[resample] - 127.5).max() <= 2, resample
    assert set(values["nearest"].ravel()) <= {0, 255}


def test_large_jpegs_are_decoded_smaller_with_nearly_the_same_result(save, settings):
    y, x = np.mgrid[:256, :512]
    path = save((127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 30)).astype(np.uint8), "large.jpg")
    chosen = settings((16, 20), mode="L")
    with Image.open(path) as image:
        shrink_early(image, chosen)
        # An eighth, 32 x 64, would be less than twice 20 high.
        assert image.size == (128, 64)
        early = np.asarray(to_size(to_mode(image, chosen), chosen), int)
    with Image.open(path) as image:
        late = np.asarray(to_size(to_mode(image, chosen), chosen), int)
        shrink_early(image, settings(4, resample="nearest"))
        assert image.size == (512, 256)
    assert np.abs(early - late).max() <= 2
