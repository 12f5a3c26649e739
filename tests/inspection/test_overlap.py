import numpy as np
import pytest

from skmtl.inspection import TaskSaliency
from skmtl.inspection._overlap import overlap_of


def test_mean_cosine_of_absolute_maps_by_hand():
    maps = {
        "one": np.array([[[3.0, -4.0]], [[0.0, 0.0]], [[0.0, 2.0]]]),
        (1, "two"): np.array([[[-4.0, 3.0]], [[1.0, 1.0]], [[1.0, 0.0]]]),
    }
    found = overlap_of(maps)
    # 24 / 25 and 0; the second image has nothing of the first task.
    assert found.loc["one"].tolist() == [1, pytest.approx(0.48)]
    assert found.columns.tolist() == ["one", (1, "two")]


def test_a_map_of_nothing_has_no_overlap():
    found = overlap_of({"a": np.zeros((2, 3)), "b": np.ones((2, 3))})
    np.testing.assert_array_equal(found, [[1, np.nan], [np.nan, 1]])


def test_equal_maps_of_single_precision():
    values = np.random.default_rng(0).normal(size=(5, 8, 8)).astype(np.float32)
    assert overlap_of({"a": values, "b": -values}).loc["a", "b"] == pytest.approx(1)
    assert overlap_of({"a": values, "b": -values}).to_numpy().max() == 1


def test_share_of_a_region():
    maps = {"a": np.array([[[3.0, -1.0]], [[0.0, 0.0]]]), 0: np.zeros((2, 1, 2))}
    saliency = TaskSaliency(maps, "grad_cam", ["a", 0], {}, overlap_of(maps))
    share = saliency.share([[True, False]])
    assert share["a"] == 0.75
    assert np.isnan(share[0])
    assert saliency.share(np.array([[[False, True]], [[True, True]]]))["a"] == 0.25
    for region in (np.ones(2, dtype=bool), np.ones((2, 1), dtype=bool)):
        with pytest.raises(
            ValueError, match=r"region must have the shape \(1, 2\) of an image, or \(2, 1, 2\) for every"
        ):
            saliency.share(region)
