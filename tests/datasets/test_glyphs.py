import sys
from collections import Counter
from time import perf_counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state

from skmtl._targets import TargetEncoder, read_targets
from skmtl.datasets import load_glyphs
from skmtl.datasets._fonts import FONTS

pytest.importorskip("matplotlib")


def test_default_is_balanced_over_all_pairs_and_fast():
    start = perf_counter()
    data = load_glyphs()
    assert perf_counter() - start < 10
    assert data.images.shape == (5952, 28, 28)
    assert data.images.dtype == np.uint8
    counts = Counter(map(tuple, data.target))
    assert len(counts) == 62 * 16
    assert set(counts.values()) == {6}
    assert data.images.reshape(5952, -1).max(axis=1).min() > 128


def test_target_keeps_strings_and_bools():
    data = load_glyphs(32, characters="aB")
    assert data.target.dtype == object
    assert data.target[0].tolist() == ["a", "DejaVu Sans", False, False]
    assert data.target[31].tolist() == ["B", "STIXGeneral", True, True]
    assert [type(v) for v in data.target[0]] == [str, str, bool, bool]
    assert data.task_names == ["character", "family", "bold", "italic"]
    assert [len(names) for names in data.target_names] == [2, 4, 2, 2]


def test_target_encodes_in_its_own_dtypes():
    y = load_glyphs(64, characters="aB", return_X_y=True)[1]
    encoder = TargetEncoder().fit(read_targets(y))
    assert [c.tolist() for c in encoder.classes_][2:] == [[False, True]] * 2
    np.testing.assert_array_equal(encoder.decode(encoder.encode(read_targets(y))), y)


def test_remainder_is_spread_over_different_pairs():
    counts = Counter(map(tuple, load_glyphs(100, characters="abc").target))
    assert len(counts) == 48
    assert Counter(counts.values()) == {2: 44, 3: 4}
    few = load_glyphs(20, characters="abcdef").target
    assert len(set(map(tuple, few))) == 20
    assert len(set(few[:, 0])) > 2


def test_same_seed_same_arrays_and_another_seed_others():
    first, again, other = (load_glyphs(20, characters="ab", random_state=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.target, again.target)
    assert (first.images != other.images).any()


def test_global_generator_is_neither_read_nor_moved():
    before = check_random_state(None).get_state()
    load_glyphs(16, characters="a", random_state=None)
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_without_jitter_repeats_are_equal_and_with_it_not():
    still = load_glyphs(32, characters="R", jitter=0)
    np.testing.assert_array_equal(still.images[:16], still.images[16:])
    assert set(still.scale) == {1.0}
    assert set(still.rotation) == {0.0}
    moved = load_glyphs(32, characters="R")
    assert all((a != b).any() for a, b in zip(moved.images[:16], moved.images[16:], strict=True))


def test_jitter_is_bounded():
    data = load_glyphs(480, characters="R", jitter=2)
    assert 0.9 <= data.scale.min() < 0.92
    assert 1.08 < data.scale.max() <= 1.1
    assert -6 <= data.rotation.min() < -5
    assert 5 < data.rotation.max() <= 6


def test_rotation_is_counter_clockwise_and_scale_enlarges():
    data = load_glyphs(1600, characters="I", jitter=3)
    plain = (data.target[:, 1] == "STIXGeneral") & ~data.target[:, 2].astype(bool) & ~data.target[:, 3].astype(bool)
    images = data.images[plain].astype(float)
    rows, columns = np.mgrid[:28, :28]
    mass = images.sum(axis=(1, 2))
    dy = rows - ((images * rows).sum(axis=(1, 2)) / mass)[:, None, None]
    dx = columns - ((images * columns).sum(axis=(1, 2)) / mass)[:, None, None]
    # Turned counter-clockwise, an upright stroke leans left: up (dy < 0) goes with dx < 0.
    lean = (images * dx * dy).sum(axis=(1, 2)) / mass
    assert np.corrcoef(lean, data.rotation[plain])[0, 1] > 0.95
    assert np.corrcoef(mass, data.scale[plain] ** 2)[0, 1] > 0.9


@pytest.mark.parametrize("size", [8, 28, 41])
def test_size_scales_the_whole_image(size):
    images = load_glyphs(16, characters="M", jitter=0, size=size).images
    assert images.shape == (16, size, size)
    assert 0.04 < (images / 255.0).mean() < 0.3


def test_nothing_is_cut_off_at_default_jitter():
    images = load_glyphs().images
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    assert border.max() < 128
    assert (border.max(axis=1) > 0).mean() < 0.005


def test_a_linear_model_reads_bold():
    X, y = load_glyphs(960, characters="EFHIT", return_X_y=True)
    X = X.reshape(len(X), -1) / 255.0
    bold = y[:, 2].astype(bool)
    model = LogisticRegression(max_iter=300).fit(X[:640], bold[:640])
    assert model.score(X[640:], bold[640:]) > 0.95


def test_as_frame_has_one_dtype_a_column():
    data = load_glyphs(32, characters="aB", as_frame=True)
    assert list(data.target) == ["character", "family", "bold", "italic"]
    assert data.target.dtypes.iloc[2:].tolist() == [bool, bool]
    assert list(data.frame) == [*data.task_names, "scale", "rotation"]
    assert data.target.iloc[31].tolist() == ["B", "STIXGeneral", True, True]


def test_return_X_y():
    X, y = load_glyphs(16, characters="a", return_X_y=True, as_frame=True)
    data = load_glyphs(16, characters=["a"])
    np.testing.assert_array_equal(X, data.images)
    np.testing.assert_array_equal(y.to_numpy(), data.target)
    assert list(map(tuple, data.target[:, 1:])) == list(FONTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "'n_samples' parameter of load_glyphs"),
        ({"size": 7}, "'size' parameter .* range \\[8"),
        ({"jitter": -1}, "'jitter' parameter"),
        ({"characters": ""}, "characters must be .* at least one. Got none"),
        ({"characters": ["ab"]}, "single characters.* Got the entry 'ab'"),
        ({"characters": [1]}, "single characters.* Got the entry 1"),
        ({"characters": "aba"}, "characters has 'a' more than once"),
        ({"characters": "a漢"}, "characters has '漢', which is blank or absent"),
        ({"characters": 5}, "'characters' parameter"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        load_glyphs(**options)


def test_without_matplotlib_the_pip_line_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.ft2font", None)
    with pytest.raises(ImportError, match=r'load_glyphs needs matplotlib.*pip install "skmtl\[plot\]"'):
        load_glyphs(16)
