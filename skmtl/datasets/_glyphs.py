"""Characters in sixteen fonts: which character, which family, bold or not, italic or not."""

from numbers import Integral, Real
from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from .._optional import import_optional
from ._bunch import as_random_state, pack
from ._fonts import FONTS, OVERSAMPLING, check_drawable, draw_masters

__all__ = ["load_glyphs"]

# In shares of the image's side or of the font's size, and in degrees; jitter=1 means these.
EM = 0.7
SIZE_JITTER = 0.05
SHIFT_JITTER = 1 / 28
ROTATION_JITTER = 3.0

DESCR = """\
Glyphs
------
Characters in the 16 text fonts that come with Matplotlib, a full factorial of 4 families, bold
and italic. Pixels: uint8, 0 (ground) to 255 (ink), antialiased. All characters of an image size
share one font size and one baseline, up to the jitter, so that o and O differ.
Tasks: character (str), family (str), bold (bool), italic (bool).
scale: font size as a multiple of the nominal one; rotation: degrees counter-clockwise.
Sources: DejaVu fonts (Bitstream Vera licence), STIX fonts (SIL OFL); see LICENSE_DEJAVU and
LICENSE_STIX in Matplotlib's font folder.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "size": [Interval(Integral, 8, None, closed="left")],
        "jitter": [Interval(Real, 0, 3, closed="both")],
        "characters": [str, "array-like"],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_glyphs(
    n_samples=5952,
    *,
    size=28,
    jitter=1.0,
    characters=digits + ascii_uppercase + ascii_lowercase,
    random_state=0,
    return_X_y=False,
    as_frame=False,
):
    """Render characters in the sixteen text fonts that come with Matplotlib.

    Needs Matplotlib (``pip install "skmtl[plot]"``); nothing is downloaded.

    Rows run through all (character, font) pairs, again and again: every pair occurs
    ``n_samples // n_pairs`` times, and a remainder is spread over pairs chosen at random.

    Parameters
    ----------
    n_samples : int, default=5952
        Number of images. The default shows each of the 62 x 16 pairs six times.
    size : int, default=28
        Height and width of an image in pixels, at least 8. The font size is ``0.7 * size``.
    jitter : float in [0, 3], default=1.0
        Strength of the random changes, each uniform: at 1 the font size by up to 5 %, the
        position by up to ``size / 28`` pixels in both directions, the angle by up to 3 degrees.
        At 0 all images of a pair are the same, and a random split tests nothing.
    characters : str or sequence of str, default="0...9A...Za...z"
        What to render, each once; the 62 digits and letters by default.
    random_state : int, RandomState instance or None, default=0
        Seed of the jitter and of the pairs of the remainder. An int gives the same arrays in
        every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task, each in its own dtype.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        images : ndarray of shape (n_samples, size, size), uint8
            0 (ground) to 255 (ink).
        target : ndarray of shape (n_samples, 4), object, or DataFrame
            Strings, strings, bools, bools.
        task_names : list
            ``["character", "family", "bold", "italic"]``.
        target_names : list of ndarray
            Every task's classes.
        scale : ndarray of shape (n_samples,)
            Font size as a multiple of ``0.7 * size``.
        rotation : ndarray of shape (n_samples,)
            Angle in degrees, counter-clockwise.
        DESCR : str
            Description.
        frame : DataFrame
            Target, ``scale`` and ``rotation``; with `as_frame` only.

    Raises
    ------
    ValueError
        If a parameter is outside its range or a font lacks a character; the message names it.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from skmtl.datasets import load_glyphs
    >>> data = load_glyphs(32, characters="aB")
    >>> data.images.shape
    (32, 28, 28)
    >>> data.target[0]
    array(['a', 'DejaVu Sans', False, False], dtype=object)
    """
    characters = _check_characters(characters)
    rng = as_random_state(random_state)
    jitters = jitter * rng.uniform(-1, 1, size=(n_samples, 4))
    pair = _pairs(n_samples, len(characters) * len(FONTS), rng)
    scale, rotation = 1 + SIZE_JITTER * jitters[:, 0], ROTATION_JITTER * jitters[:, 1]
    masters = draw_masters(characters, size, EM * size)
    images = _render(masters, pair, scale, rotation, SHIFT_JITTER * size * jitters[:, 2:])
    family, bold, italic = (np.array(v)[pair % len(FONTS)] for v in zip(*FONTS, strict=True))
    columns = {
        "character": np.array(characters)[pair // len(FONTS)].astype(object),
        "family": family.astype(object),
        "bold": bold,
        "italic": italic,
    }
    facts = {"scale": scale, "rotation": rotation}
    return pack(images, columns, facts=facts, descr=DESCR, return_X_y=return_X_y, as_frame=as_frame)


def _check_characters(characters):
    characters = list(characters)
    odd = [c for c in characters if not isinstance(c, str) or len(c) != 1]
    if odd or not characters:
        found = f"the entry {odd[0]!r}" if odd else "none"
        raise ValueError(
            f"characters must be a string or a sequence of single characters, at least one. Got {found} instead."
        )
    twice = sorted({c for c in characters if characters.count(c) > 1})
    if twice:
        raise ValueError(f"characters has {', '.join(map(repr, twice))} more than once: give each character once.")
    check_drawable(characters)
    return characters


def _pairs(n_samples, n_pairs, rng):
    """Return every pair number in turn, then some of them at random, in order, to make up `n_samples`."""
    whole, rest = divmod(n_samples, n_pairs)
    return np.concatenate([np.tile(np.arange(n_pairs), whole), np.sort(rng.permutation(n_pairs)[:rest])])


def _render(masters, pair, scale, rotation, shift):
    """Scale, turn and move one master per image, then shrink it to its final size."""
    image = import_optional("PIL.Image", "plot", "load_glyphs")
    side = masters.shape[1]
    size = side // OVERSAMPLING
    sources = [image.fromarray(m) for m in masters]
    images = np.empty((len(pair), size, size), dtype=np.uint8)
    angle = np.deg2rad(rotation)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    for i, (p, c, s, (right, down)) in enumerate(zip(pair, cos, sin, side / 2 + shift * OVERSAMPLING, strict=True)):
        # Pillow wants the map from a pixel of the result to its place in the source.
        matrix = (c, -s, side / 2 - c * right + s * down, s, c, side / 2 - s * right - c * down)
        turned = sources[p].transform((side, side), image.Transform.AFFINE, matrix, image.Resampling.BILINEAR)
        images[i] = np.asarray(turned.reduce(OVERSAMPLING))
    return images
