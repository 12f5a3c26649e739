"""From whatever Pillow opened to an upright picture of the wanted mode and size."""

import numpy as np
from PIL import Image, ImageOps

__all__ = ["PixelError", "shrink_early", "to_mode", "to_size"]

SCALE_16 = 257  # 65535 / 255


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
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bit(image)
    elif image.mode == "LAB":
        image = image.convert("RGB")  # the only way that Pillow knows from there
    if settings.mode == "RGBA" or not image.has_transparency_data:
        return image.convert(settings.mode)
    colour = settings.fill if settings.mode == "RGB" else settings.fill * 3
    ground = Image.new("RGBA", image.size, (*colour, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert(settings.mode)


def _to_8_bit(image):
    values = np.asarray(image)
    # Pillow's 32-bit mode also holds 16-bit files, among them PGM.
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise PixelError(f"its pixels ({values.dtype}) have no known range: save it with 8 or 16 bits a channel")
    grey = Image.fromarray(((values.astype(np.uint32) + SCALE_16 // 2) // SCALE_16).astype(np.uint8))
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
