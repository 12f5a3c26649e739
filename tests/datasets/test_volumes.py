import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state

from skmtl.datasets import make_volumes
from skmtl.datasets._volumes import _cover, _offsets, _stripes

CENTRE = np.array([[8.0, 7.0, 6.0]])


def cover(body, scale, hollow=False):
    return _cover(np.array([body]), np.array([hollow]), np.array([scale]), _offsets(16, CENTRE))[0]


def test_cube_by_hand():
    cube = cover(0, 2.25)
    # 8 - 2.25 = 5.75: three quarters of voxel 6 on, whose lower face is at 5.5.
    assert cube[:, 7, 6].tolist() == [0, 0, 0, 0, 0, 0, 0.75, 1, 1, 1, 0.75, 0, 0, 0, 0, 0]
    assert cube[10, 9, 6] == 0.75
    assert cube[11, 7, 6] == 0
    hollow = cover(0, 2.25, hollow=True)
    # The cavity reaches 0.6 * 2.25 = 1.35 from the centre.
    assert hollow[8, 7, 6] == 0
    assert hollow[9, 7, 6] == pytest.approx(0.15)
    assert hollow[10, 7, 6] == 0.75


def test_ball_and_octahedron_by_hand():
    ball = cover(1, 2.0)
    radius = 2.0 * (6 / np.pi) ** (1 / 3)  # 2.481
    assert ball[8, 7, 8] == pytest.approx(radius - 2 + 0.5)
    assert ball[9, 8, 7] == 1  # sqrt(3) from the centre
    assert ball[10, 9, 7] == 0  # 3 from the centre
    octahedron = cover(2, 2.0)
    reach = 2.0 * 6 ** (1 / 3)  # 3.634
    assert octahedron[8, 7, 9] == pytest.approx(0.5 + (reach - 3) / np.sqrt(3))
    assert octahedron[9, 8, 7] == octahedron[8, 7, 9]
    assert octahedron[10, 9, 7] == 0  # 5 steps


@pytest.mark.parametrize("body", [0, 1, 2])
@pytest.mark.parametrize(("hollow", "share"), [(False, 1.0), (True, 1 - 0.6**3)])
def test_bodies_of_one_scale_have_about_one_volume(body, hollow, share):
    centres = np.random.default_rng(0).uniform(6.5, 8.5, (200, 3))
    drawn = _cover(np.full(200, body), np.full(200, hollow), np.full(200, 3.0), _offsets(16, centres))
    assert drawn.sum(axis=(1, 2, 3)).mean() == pytest.approx(share * 6**3, rel=0.05)


def test_stripes_go_along_the_axis_of_the_label():
    stripes = _stripes(16, np.array([0, 1, 2]), np.array([0.0, 0.25, 0.5]))
    wave = 0.6 + 0.4 * np.sin(np.pi / 2 * np.arange(16))
    np.testing.assert_allclose(stripes[0], np.broadcast_to(wave[:, None, None], (16, 16, 16)))
    np.testing.assert_allclose(stripes[1, 3, :, 5], 0.6 + 0.4 * np.cos(np.pi / 2 * np.arange(16)))
    np.testing.assert_allclose(stripes[2, 3, 5], 1.2 - wave)


def test_clean_volumes_are_what_the_labels_say():
    data = make_volumes(60, noise=0)
    assert data.images.dtype == np.uint8
    assert data.images.shape == (60, 16, 16, 16)
    assert (data.images[:, 0, 0, 0] == 128).all()
    for volume, (_, hollow, axis), scale, contrast in zip(
        data.images.astype(float), data.target, data.scale, data.contrast, strict=True
    ):
        difference = (volume - 128) * np.sign(contrast)
        assert difference.min() >= 0
        assert difference.max() <= 255 * abs(contrast) + 1
        weight = difference.sum() / (255 * abs(contrast) * (2 * scale) ** 3)
        assert weight == pytest.approx(0.6 * (1 - 0.216 * hollow), abs=0.12)
        # Brightness differs most between neighbours along the axis of the stripes.
        steps = [np.abs(np.diff(volume[3:13, 3:13, 3:13], axis=a)).mean() for a in range(3)]
        assert np.argmax(steps) == axis


def test_bunch_names_and_ranges():
    data = make_volumes(300)
    assert data.task_names == ["body", "hollow", "axis"]
    assert [names.tolist() for names in data.target_names] == [
        ["ball", "cube", "octahedron"],
        [False, True],
        [0, 1, 2],
    ]
    assert [type(label) for label in data.target[0]] == [str, bool, int]
    assert 0.17 * 16 <= data.scale.min() < data.scale.max() <= 0.23 * 16
    assert 0.3 <= np.abs(data.contrast).min() < np.abs(data.contrast).max() <= 0.5
    assert 0.4 < (data.contrast < 0).mean() < 0.6
    assert "octahedron" in data.DESCR


def test_noise_is_added_to_the_same_volumes():
    clean, noisy = make_volumes(20, noise=0), make_volumes(20, noise=0.05)
    np.testing.assert_array_equal(clean.target, noisy.target)
    inside = (clean.images > 60) & (clean.images < 190)  # where nothing is clipped
    noise = noisy.images[inside].astype(float) - clean.images[inside]
    assert noise.std() == pytest.approx(0.05 * 255, rel=0.02)


def test_blocks_do_not_show():
    # More than are drawn at a time, without noise, which is drawn block by block.
    many = make_volumes(300, size=12, noise=0)
    i = 280
    grey = (many.images[i].astype(float) - 128) / 255
    assert np.abs(grey).max() == pytest.approx(abs(many.contrast[i]), abs=0.1)


def test_a_linear_classifier_of_the_voxels_is_at_chance():
    data = make_volumes(900, size=12)
    X = (data.images.reshape(900, -1) - 128.0) / 64
    train, test = slice(500), slice(500, None)
    for task, chance in enumerate([1 / 3, 1 / 2, 1 / 3]):
        y = data.target[:, task].astype(str)
        score = LogisticRegression(C=1e-3, max_iter=200).fit(X[train], y[train]).score(X[test], y[test])
        assert abs(score - chance) < 0.1  # 4 standard errors of 400 volumes


def test_same_seed_same_arrays_and_another_seed_others():
    first, again, other = (make_volumes(10, random_state=s) for s in (7, 7, 8))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.target, again.target)
    assert (first.images != other.images).any()


def test_global_generator_is_neither_read_nor_moved():
    before = check_random_state(None).get_state()
    make_volumes(5, random_state=None)
    make_volumes(5)
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_as_frame_and_return_X_y():
    X, y = make_volumes(10, return_X_y=True, as_frame=True)
    data = make_volumes(10, as_frame=True)
    np.testing.assert_array_equal(X, data.images)
    pd.testing.assert_frame_equal(y, data.target)
    assert list(data.frame) == ["body", "hollow", "axis", "scale", "contrast"]
    assert y["hollow"].dtype == bool
    assert y["axis"].dtype == np.int64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "'n_samples' parameter of make_volumes must be an int in the range"),
        ({"size": 11}, "'size' parameter"),
        ({"noise": -0.1}, "'noise' parameter"),
        ({"noise": True}, "noise must say how much. Got True"),
        ({"as_frame": "yes"}, "'as_frame' parameter"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_volumes(**options)
