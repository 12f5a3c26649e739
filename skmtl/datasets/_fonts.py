"""Matplotlib's sixteen text fonts, and one sharp, oversized drawing of a character in each."""

from pathlib import Path

import numpy as np

from .._optional import import_optional

__all__ = ["FONTS", "OVERSAMPLING", "check_drawable", "draw_masters"]

# (family, bold, italic) -> file: a full factorial, 4 x 2 x 2.
FONTS = {
    ("DejaVu Sans", False, False): "DejaVuSans.ttf",
    ("DejaVu Sans", False, True): "DejaVuSans-Oblique.ttf",
    ("DejaVu Sans", True, False): "DejaVuSans-Bold.ttf",
    ("DejaVu Sans", True, True): "DejaVuSans-BoldOblique.ttf",
    ("DejaVu Sans Mono", False, False): "DejaVuSansMono.ttf",
    ("DejaVu Sans Mono", False, True): "DejaVuSansMono-Oblique.ttf",
    ("DejaVu Sans Mono", True, False): "DejaVuSansMono-Bold.ttf",
    ("DejaVu Sans Mono", True, True): "DejaVuSansMono-BoldOblique.ttf",
    ("DejaVu Serif", False, False): "DejaVuSerif.ttf",
    ("DejaVu Serif", False, True): "DejaVuSerif-Italic.ttf",
    ("DejaVu Serif", True, False): "DejaVuSerif-Bold.ttf",
    ("DejaVu Serif", True, True): "DejaVuSerif-BoldItalic.ttf",
    ("STIXGeneral", False, False): "STIXGeneral.ttf",
    ("STIXGeneral", False, True): "STIXGeneralItalic.ttf",
    ("STIXGeneral", True, False): "STIXGeneralBol.ttf",
    ("STIXGeneral", True, True): "STIXGeneralBolIta.ttf",
}

# Masters are drawn this many times too large, so that turning and shrinking them stays smooth.
OVERSAMPLING = 4
# Height of the middle between ascenders (0.76 em) and descenders (-0.24 em) above the baseline.
MIDDLE = 0.26


def _font_files():
    matplotlib = import_optional("matplotlib", "plot", "load_glyphs")
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [folder / name for name in FONTS.values()]


def check_drawable(characters):
    """Raise ValueError unless every font has a visible shape for each of `characters`."""
    ft2font = import_optional("matplotlib.ft2font", "plot", "load_glyphs")
    known = [set(ft2font.FT2Font(str(file)).get_charmap()) for file in _font_files()]
    for character in characters:
        if character.isspace() or any(ord(character) not in chars for chars in known):
            raise ValueError(
                f"characters has {character!r}, which is blank or absent in one of the fonts: leave it out, "
                "or choose among Latin letters, digits and punctuation."
            )


def draw_masters(characters, size, em):
    """Draw every character in every font, all at one scale and on one baseline.

    Parameters
    ----------
    characters : sequence of str
        Single characters.
    size : int
        Side of the final image in pixels.
    em : float
        Font size in final pixels.

    Returns
    -------
    ndarray of shape (n_characters * 16, side, side), uint8
        The fonts of a character follow one another; ``side = size * OVERSAMPLING``.
    """
    image = import_optional("PIL.Image", "plot", "load_glyphs")
    image_draw = import_optional("PIL.ImageDraw", "plot", "load_glyphs")
    image_font = import_optional("PIL.ImageFont", "plot", "load_glyphs")
    # The basic layout: the other one depends on a library that not every Pillow is built with.
    layout = image_font.Layout.BASIC
    # Whole pixels: before 10.1 Pillow takes no others.
    points = round(em * OVERSAMPLING)
    fonts = [image_font.truetype(str(f), points, layout_engine=layout) for f in _font_files()]
    side = size * OVERSAMPLING
    anchor = (side / 2, side / 2 + MIDDLE * points)
    masters = []
    for character in characters:
        for font in fonts:
            canvas = image.new("L", (side, side))
            image_draw.Draw(canvas).text(anchor, character, fill=255, font=font, anchor="ms")
            masters.append(np.asarray(canvas))
    return np.stack(masters)
