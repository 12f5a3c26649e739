"""From whatever Pillow opened to an upright picture of the wanted mode and size."""

import numpy as np
from PIL import Image, ImageOps

__all__ = ["PixelError", "shrink_early", "to_mode", "to_size"]

# Tags of TIFF files, and values of theirs.
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
WHITE_IS_ZERO, SIGNED = 0, 2


class PixelError(ValueError):
    """The pixels of a file have no reading as 8-bit intensities."""


def shrink_early(image, settings):
    """Let libjpeg decode to 1/2, 1/4 or 1/8 where that leaves twice the wanted size, to save time.

    Other formats, and nearest neighbours, which would get means, are left as they are.
    """
    if settings.resample != "nearest":
        # Square, because the picture may lie on its side until its orientation is applied.
        side = 2 * max(settings.size)
        image.draft(None, (side, side))


def to_mode(image, settings):
    """Return `image` upright in the wanted mode; the transparent on `fill` if that has no alpha."""
    white, inverted = _intensities(image)
    image = ImageOps.exif_transpose(image)
    if white is not None:
        image = _to_8_bit(image, white, inverted)
    elif image.mode == "LAB":
        image = image.convert("RGB")  # the only way that Pillow knows from there
    if settings.mode == "RGBA" or not image.has_transparency_data:
        return image.convert(settings.mode)
    colour = settings.fill if settings.mode == "RGB" else settings.fill * 3
    ground = Image.new("RGBA", image.size, (*colour, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert(settings.mode)


def _intensities(image):
    """Return the value of full intensity, None where Pillow scales to 8 bits itself, and whether that is black."""
    tags = image.tag_v2 if image.format == "TIFF" else {}
    kind = _unscaled(image, signed=SIGNED in tags.get(SAMPLE_FORMAT, ()))
    if kind is not None:
        raise PixelError(f"its pixels are {kind}, of which none is known to be white")
    if not image.mode.startswith("I"):
        return None, False
    return 2 ** tags.get(BITS, (16,))[0] - 1, tags.get(PHOTOMETRIC) == WHITE_IS_ZERO


def _unscaled(image, signed):
    if signed:
        return "signed integers"
    # Pillow has 16-bit files of some formats in its 32-bit mode.
    if image.mode == "I" and image.format not in ("PNG", "PPM"):
        return "32-bit integers"
    return "floats" if image.mode == "F" else None


def _to_8_bit(image, white, inverted):
    values = np.asarray(image).astype(np.uint32)
    grey = (values * 255 + white // 2) // white
    grey = Image.fromarray((255 - grey if inverted else grey).astype(np.uint8))
    if "transparency" in image.info:
        grey.putalpha(Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)))
    return grey


def to_size(image, settings):
    """Return `image` at the wanted size, by the wanted policy."""
    resample = Image.Resampling[settings.resample.upper()]
    height, width = settings.size
    if settings.resize == "stretch":
        return image.resize((width, height), resample)
    if settings.resize == "crop":
        return ImageOps.fit(image, (width, height), resample)
    scale = min(width / image.width, height / image.height)
    # A picture much longer than wide keeps a line of pixels.
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    fill = settings.fill[0] if settings.mode == "L" else settings.fill
    canvas = Image.new(settings.mode, (width, height), fill)
    canvas.paste(image.resize(inner, resample), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas
