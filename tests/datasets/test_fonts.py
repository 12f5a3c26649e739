import re

import numpy as np
import pytest

from skmtl.datasets._fonts import FONTS, OVERSAMPLING, _font_files, check_drawable, draw_masters

ft2font = pytest.importorskip("matplotlib.ft2font")


def test_fonts_are_a_full_factorial():
    families = {"DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral"}
    assert set(FONTS) == {(f, b, i) for f in families for b in (False, True) for i in (False, True)}


def test_files_are_what_their_keys_say():
    for (family, bold, italic), file in zip(FONTS, _font_files(), strict=True):
        font = ft2font.FT2Font(str(file))
        assert font.family_name == family
        assert ("Bold" in font.style_name) == bold
        assert ("Italic" in font.style_name or "Oblique" in font.style_name) == italic


def test_masters_share_one_baseline():
    masters = draw_masters("HEx", 28, 20.0)
    assert masters.shape == (48, 28 * OVERSAMPLING, 28 * OVERSAMPLING)
    bottoms = [np.flatnonzero(m.any(axis=1))[-1] for m in masters]
    assert max(bottoms) - min(bottoms) <= 2


def test_masters_keep_relative_size():
    masters = draw_masters("oO", 28, 20.0)
    heights = [np.ptp(np.flatnonzero(m.any(axis=1))) for m in masters]
    assert all(small < 0.85 * large for small, large in zip(heights[:16], heights[16:], strict=True))


def test_bold_has_more_ink_than_regular():
    ink = dict(zip(FONTS, draw_masters("H", 28, 20.0).astype(int).sum(axis=(1, 2)), strict=True))
    assert all(ink[f, True, i] > ink[f, False, i] for f, _, i in FONTS)


@pytest.mark.parametrize("character", ["漢", " ", "\u00a0"])
def test_undrawable_character_is_refused(character):
    with pytest.raises(ValueError, match=re.escape(f"characters has {character!r}, which is blank or absent")):
        check_drawable(["a", character])


def test_drawable_characters_pass():
    check_drawable("aZ9é&")
