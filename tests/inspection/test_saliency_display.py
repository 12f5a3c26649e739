import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.inspection import TaskSaliency, TaskSaliencyDisplay, task_saliency
from skmtl.inspection._overlap import overlap_of
from skmtl.nn import ConvTrunk

MAPS = {"left": np.array([[[0.5, -2.0]], [[1.0, 0.0]]]), "right": np.array([[[0.0, 0.0]], [[3.0, 1.0]]])}
TARGETS = {"left": np.array([3, 4]), "right": np.array(["a", "b"])}
SALIENCY = TaskSaliency(MAPS, "integrated_gradients", list(MAPS), TARGETS, overlap_of(MAPS))
GREY = np.array([[[0.0, 1.0]], [[1.0, 1.0]]])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_images_in_rows_and_tasks_in_columns():
    display = TaskSaliencyDisplay.from_saliency(SALIENCY, GREY)
    assert [ax.get_title() for ax in display.axes_] == ["left: 3", "right: a", "left: 4", "right: b"]
    assert [ax.get_ylabel() for ax in display.axes_] == ["image 0", "", "image 1", ""]
    assert display.axes_[0].get_subplotspec().rowspan.start == 0
    assert display.axes_[3].get_subplotspec().colspan.start == 1
    assert display.figure_ is display.axes_[0].figure


def test_maps_are_centred_over_the_grey_image():
    display = TaskSaliencyDisplay.from_saliency(SALIENCY, GREY)
    grey, drawn = display.axes_[0].images
    np.testing.assert_array_equal(grey.get_array(), GREY[0])
    np.testing.assert_array_equal(drawn.get_array(), MAPS["left"][0])
    assert drawn is display.maps_[0]
    assert drawn.get_clim() == (-2, 2)
    # Transparent where nothing is read.
    np.testing.assert_array_equal(drawn.get_alpha(), [[0.25, 1]])
    assert display.maps_[1].get_clim() == (-1, 1)
    assert drawn.get_cmap().name == "RdBu"


def test_without_images_or_with_those_of_every_task():
    plain = TaskSaliencyDisplay(SALIENCY).plot(tasks="right", samples=[-1])
    assert [ax.get_title() for ax in plain.axes_] == ["right: b"]
    assert [len(ax.images) for ax in plain.axes_] == [1]
    own = TaskSaliencyDisplay.from_saliency(SALIENCY, {"left": GREY, "right": 1 - GREY})
    np.testing.assert_array_equal(own.axes_[1].images[0].get_array(), 1 - GREY[0])


def test_on_axes_of_the_callers():
    _, axes = plt.subplots(2, 2)
    display = TaskSaliencyDisplay.from_saliency(SALIENCY, axes=axes)
    assert list(display.axes_) == list(axes.ravel())
    with pytest.raises(ValueError, match=r"each of the 4 panels\. Got 1"):
        display.plot(axes=axes[0, 0])


def test_signals_are_lines_and_volumes_slices():
    maps = {"a": np.array([[1.0, -2.0, 0.0]])}
    saliency = TaskSaliency(maps, "grad_cam", ["a"], {"a": np.array([1])}, overlap_of(maps))
    display = TaskSaliencyDisplay.from_saliency(saliency, np.array([[5.0, 6.0, 7.0]]))
    np.testing.assert_array_equal(display.axes_[0].lines[0].get_ydata(), [5, 6, 7])
    assert display.axes_[0].get_ylabel() == "signal 0"
    np.testing.assert_array_equal(display.maps_[0].get_array(), maps["a"])
    volume = np.zeros((1, 3, 2, 2))
    volume[0, 1] = [[1, 0], [0, -1]]
    saliency = TaskSaliency({"a": volume}, "grad_cam", ["a"], {"a": np.array([1])}, overlap_of({"a": volume}))
    display = TaskSaliencyDisplay.from_saliency(saliency, volume + 1)
    assert display.axes_[0].get_title() == "a: 1 (slice 1)"
    assert display.axes_[0].get_ylabel() == "volume 0"
    np.testing.assert_array_equal(display.axes_[0].images[0].get_array(), [[2, 1], [1, 0]])


def test_from_an_estimator():
    X = np.random.default_rng(0).random((20, 6, 5, 3))
    y = np.column_stack([np.arange(20) % 2, np.arange(20) // 2 % 2])
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), max_epochs=1, random_state=0).fit(X, y)
    display = TaskSaliencyDisplay.from_estimator(clf, X[:6], method="grad_cam", target=y[:6])
    assert len(display.axes_) == 8  # the first 4 images
    assert display.axes_[7].get_title() == f"task1: {y[3, 1]}"
    np.testing.assert_allclose(display.axes_[2].images[0].get_array(), X[1].mean(axis=-1))
    expected = task_saliency(clf, X[:6], method="grad_cam", target=y[:6]).maps["task1"][1]
    np.testing.assert_allclose(display.maps_[3].get_array(), expected)
    other = X[::-1].copy()
    clf.fit({"task0": X, "task1": other}, y)
    display = TaskSaliencyDisplay.from_estimator(clf, {"task0": X[:2], "task1": other[:2]}, samples=[1])
    np.testing.assert_allclose(display.axes_[1].images[0].get_array(), other[1].mean(axis=-1))


@pytest.mark.parametrize("axis", [1, -1])
def test_channels_of_signals_are_lines_and_of_images_their_mean(axis):
    maps = {"a": np.array([[1.0, -2.0, 0.0]])}
    saliency = TaskSaliency(maps, "grad_cam", ["a"], {"a": np.array([1])}, overlap_of(maps))
    signals = np.array([[[5.0, 6.0, 7.0], [1.0, 0.0, 1.0]]])
    display = TaskSaliencyDisplay.from_saliency(saliency, np.moveaxis(signals, 1, axis))
    ax = display.axes_[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == signals[0].tolist()
    assert len({line.get_color() for line in ax.lines}) == 2
    low, high = ax.get_ylim()
    assert low < 0 < 7 < high
    assert display.maps_[0].get_extent() == [-0.5, 2.5, low, high]
    colour = np.moveaxis(np.stack([GREY, 2 * GREY, 6 * GREY]), 0, axis)
    display = TaskSaliencyDisplay.from_saliency(SALIENCY, colour)
    np.testing.assert_allclose(display.axes_[0].images[0].get_array(), 3 * GREY[0])


def test_from_an_estimator_of_signals():
    X = np.random.default_rng(0).random((20, 2, 12))
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), spatial_dims=1, max_epochs=1, random_state=0).fit(
        X, np.arange(20) % 2
    )
    display = TaskSaliencyDisplay.from_estimator(clf, X[:2])
    np.testing.assert_array_equal([line.get_ydata() for line in display.axes_[1].lines], X[1])
    assert [ax.get_ylabel() for ax in display.axes_] == ["signal 0", "signal 1"]


def test_bad_samples_and_images():
    with pytest.raises(ValueError, match=r"samples must be indices of the 2 images. Got \[2\] instead"):
        TaskSaliencyDisplay.from_saliency(SALIENCY, samples=[2])
    with pytest.raises(ValueError, match=r"images must have the shape \(2, 1, 2\) of the maps"):
        TaskSaliencyDisplay.from_saliency(SALIENCY, GREY[0])


def test_matplotlib_is_missed_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'TaskSaliencyDisplay needs matplotlib.*"skmtl\[plot\]"'):
        TaskSaliencyDisplay.from_saliency(SALIENCY)


def test_many_tasks_are_in_rows():
    maps = {f"t{i}": np.full((3, 1, 2), float(i)) for i in range(9)}
    saliency = TaskSaliency(maps, "grad_cam", list(maps), {t: np.arange(3) for t in maps}, overlap_of(maps))
    display = TaskSaliencyDisplay.from_saliency(saliency)
    places = [(ax.get_subplotspec().rowspan.start, ax.get_subplotspec().colspan.start) for ax in display.axes_]
    assert places == [(task, image) for image in range(3) for task in range(9)]
    assert [ax.get_title() for ax in display.axes_[8:10]] == ["t8: 0", "t0: 1"]
    assert display.maps_[8].get_array().tolist() == [[8, 8]]
    _, axes = plt.subplots(3, 9)
    assert display.plot(axes=axes).axes_.tolist() == axes.ravel().tolist()


def test_the_steps_of_a_pipeline_read_x_once():
    read = []

    def count(X):
        read.append(len(X))
        return X

    X = np.random.default_rng(0).random((20, 6, 5))
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), max_epochs=1, random_state=0)
    pipeline = make_pipeline(FunctionTransformer(count), clf).fit(X, np.arange(20) % 2)
    read.clear()
    display = TaskSaliencyDisplay.from_estimator(pipeline, X[:2], method="grad_cam")
    assert read == [2]
    np.testing.assert_array_equal(
        display.saliency.maps["task0"], task_saliency(clf, X[:2], method="grad_cam").maps["task0"]
    )


def test_long_titles_have_two_lines():
    maps = {f"attribute_number_{i}_of_the_left_digit": np.ones((1, 2, 2)) for i in range(2)}
    targets = {name: np.array(["a_class_with_a_long_name"]) for name in maps}
    saliency = TaskSaliency(maps, "grad_cam", list(maps), targets, overlap_of(maps))
    titles = [ax.get_title() for ax in TaskSaliencyDisplay.from_saliency(saliency).axes_]
    assert titles == ["…0_of_the_left_digit:\na_class…g_name", "…1_of_the_left_digit:\na_class…g_name"]
