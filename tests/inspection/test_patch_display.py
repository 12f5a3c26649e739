from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import LazyRows, load_two_digits
from skmtl.inspection import PatchImportance, PatchImportanceDisplay
from skmtl.inspection._overlap import overlap_of
from skmtl.nn import ConvTrunk

DROPS = {"left": np.array([[0.4, 0.0]]), "right": np.array([[-0.1, 0.2]]), "none": np.array([[np.nan, np.nan]])}
POSITIVE = {name: np.maximum(np.nan_to_num(values), 0)[None] for name, values in DROPS.items()}
FOUND = PatchImportance(DROPS, DROPS, {"left": 0.9}, overlap_of(POSITIVE), (2, 3), (2, 5), "f1_macro")
GREY = np.arange(10.0).reshape(2, 5)


class Told(ClassifierMixin, BaseEstimator):
    """Says 0, whatever it sees."""

    classes_ = np.array([0, 1])

    def predict(self, X):
        return np.zeros(len(X), int)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_a_panel_per_task_with_the_heat_map_over_the_image():
    display = PatchImportanceDisplay.from_importance(FOUND, GREY)
    assert [ax.get_title() for ax in display.axes_] == ["left", "right", "none"]
    grey, drawn = display.axes_[0].images
    np.testing.assert_array_equal(grey.get_array(), GREY)
    # Patches of three pixels, the last one of two.
    np.testing.assert_array_equal(drawn.get_array(), [[0.4, 0.4, 0.4, 0, 0]] * 2)
    np.testing.assert_allclose(display.maps_[1].get_alpha()[0], [0.25, 0.25, 0.25, 0.5, 0.5])
    # One scale for all tasks.
    assert [m.get_clim() for m in display.maps_] == [(-0.4, 0.4)] * 3
    assert "loss of f1_macro" in [ax.get_ylabel() for ax in display.figure_.axes]
    assert display.overlap_ax_ is None


def test_every_task_by_its_own_score():
    found = replace(FOUND, metric={"left": "f1", "right": "roc_auc", "none": "f1"})
    display = PatchImportanceDisplay.from_importance(found)
    assert [ax.get_title() for ax in display.axes_] == ["left (f1)", "right (roc_auc)", "none (f1)"]
    assert [drawn.colorbar.ax.get_ylabel() for drawn in display.maps_] == ["loss of score"] * 3
    # A scale for every score.
    right = np.abs(FOUND.importances["right"]).max()
    assert [drawn.get_clim() for drawn in display.maps_] == [(-0.4, 0.4), (-right, right), (-0.4, 0.4)]


def test_the_overlap_is_drawn_on_demand():
    display = PatchImportanceDisplay(FOUND).plot(overlap=True)
    assert len(display.axes_) == 3
    assert [t.get_text() for t in display.overlap_ax_.get_xticklabels()] == ["left", "right", "none"]
    values = [t.get_text() for t in display.overlap_ax_.texts]
    assert values == ["1.00", "0.00", "0.00", "1.00", "1.00"]  # with "none" there is none
    some = display.plot(tasks=["right"], overlap=True)
    assert [len(some.axes_), len(some.overlap_ax_.texts)] == [1, 1]


def test_on_axes_of_the_callers():
    _, axes = plt.subplots(1, 4)
    display = PatchImportanceDisplay.from_importance(FOUND, axes=axes, overlap=True)
    assert [*display.axes_, display.overlap_ax_] == list(axes)
    with pytest.raises(ValueError, match=r"each of the 3 panels\. Got 4"):
        display.plot(axes=axes)


def test_from_an_estimator_over_the_mean_image():
    X, y = load_two_digits(100, return_X_y=True, as_frame=True)
    rows = X.reshape(100, -1)
    forest = RandomForestClassifier(5, random_state=0).fit(rows, y)
    params = {"image_shape": (8, 16), "patch": 8, "n_repeats": 1, "random_state": 0}
    display = PatchImportanceDisplay.from_estimator(forest, rows, y, **params)
    np.testing.assert_allclose(display.axes_[0].images[0].get_array(), X.mean(axis=0))
    assert display.maps_[0].get_array().shape == (8, 16)


def test_of_a_patch_of_a_volume_the_middle_is_drawn():
    drops = {"a": np.array([0.0, 0.5, 0.0]).reshape(3, 1, 1)}
    found = PatchImportance(drops, drops, {}, overlap_of(drops), (4, 2, 2), (12, 2, 2), "accuracy")
    display = PatchImportanceDisplay.from_importance(found, np.arange(48.0).reshape(12, 2, 2))
    assert display.axes_[0].get_title() == "a (slice 5)"
    np.testing.assert_array_equal(display.axes_[0].images[0].get_array(), [[20, 21], [22, 23]])


@pytest.mark.parametrize("channel_axis", [0, -1])
def test_the_mean_of_colour_images_is_drawn_in_grey(channel_axis):
    colour = np.stack([GREY, GREY + 1, 2 * GREY - 1], axis=channel_axis)
    display = PatchImportanceDisplay.from_importance(FOUND, {"left": colour, "right": GREY})
    np.testing.assert_allclose(display.axes_[0].images[0].get_array(), GREY * 4 / 3)
    np.testing.assert_allclose(display.axes_[1].images[0].get_array(), GREY)
    assert len(display.axes_[2].images) == 1


def test_from_an_estimator_of_signals_of_two_channels():
    X = np.random.default_rng(0).random((40, 2, 12))
    X[3:5] = 9.0
    images = np.ma.MaskedArray(X, np.zeros(X.shape, bool))
    images[3:5] = np.ma.masked
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), spatial_dims=1, max_epochs=1, random_state=0).fit(
        X, np.arange(40) % 2
    )
    display = PatchImportanceDisplay.from_estimator(clf, images, np.arange(40) % 2, n_repeats=1)
    mean = np.delete(X, [3, 4], axis=0).mean(axis=0)
    np.testing.assert_allclose([line.get_ydata() for line in display.axes_[0].lines], mean)
    # The line of the guide.
    again = PatchImportanceDisplay.from_importance(display.importance, mean.T)
    np.testing.assert_allclose([line.get_ydata() for line in again.axes_[0].lines], mean)


def test_from_a_pipeline_that_reads_once():
    read = []

    def reader(names):
        read.append(len(names))
        return X[[int(name) for name in names]]

    X, y = load_two_digits(60, return_X_y=True, as_frame=True)
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    names = [str(i) for i in range(60)]
    forest = RandomForestClassifier(5, random_state=0)
    pipeline = make_pipeline(FunctionTransformer(reader), flat, forest).fit(names, y)
    read.clear()
    display = PatchImportanceDisplay.from_estimator(pipeline, names, y, patch=8, n_repeats=1, max_samples=20)
    assert read == [60]
    np.testing.assert_allclose(display.axes_[0].images[0].get_array(), X.mean(axis=0))


def test_a_mean_counts_rows_picked_twice_once():
    X = LazyRows(np.arange(12.0).reshape(3, 4), [0, 0, 2])
    found = PatchImportanceDisplay.from_estimator(Told(), X, [0, 1, 0], patch=1, n_repeats=1, spatial_dims=1)
    np.testing.assert_allclose(found.axes_[0].lines[0].get_ydata(), np.arange(4) + 4)


def test_an_image_of_another_shape():
    with pytest.raises(ValueError, match=r"image must have the shape \(2, 5\) of the maps"):
        PatchImportanceDisplay.from_importance(FOUND, GREY.T)


def test_overlaps_of_many_tasks_name_some():
    drops = {f"a task of a long name {i}": np.array([[0.1 * i, 0.2]]) for i in range(30)}
    overlap = overlap_of({name: values[None] for name, values in drops.items()})
    found = PatchImportance(drops, drops, dict.fromkeys(drops, 0.9), overlap, (2, 3), (2, 5), "accuracy")
    ax = PatchImportanceDisplay.from_importance(found, overlap=True).overlap_ax_
    assert ax.get_xticks().tolist() == list(range(0, 30, 3))
    assert {len(label.get_text()) for label in ax.get_yticklabels()} == {12}


def test_a_task_without_labels_says_so():
    display = PatchImportanceDisplay.from_importance(FOUND)
    assert [[text.get_text() for text in ax.texts] for ax in display.axes_] == [[], [], ["no labels in y"]]


def test_long_titles_of_volumes_have_two_lines():
    names = [f"attribute_number_{i}_of_the_left_hand_digit" for i in range(2)]
    drops = {name: np.ones((2, 1, 1)) for name in names}
    found = PatchImportance(
        drops, drops, {}, overlap_of({n: d[None] for n, d in drops.items()}), (1, 2, 2), (2, 2, 2), "a"
    )
    titles = [ax.get_title() for ax in PatchImportanceDisplay.from_importance(found).axes_]
    assert titles == ["…0_of_the_le…_hand_digit\n(slice 0)", "…1_of_the_le…_hand_digit\n(slice 0)"]


def test_the_colour_bar_is_not_wider_beside_more_rows():
    drops = {f"task{i}": np.ones((2, 2)) for i in range(40)}
    found = PatchImportance(drops, drops, {}, overlap_of({n: d[None] for n, d in drops.items()}), (1, 1), (2, 2), "a")
    display = PatchImportanceDisplay.from_importance(found)
    display.figure_.canvas.draw()
    bar = display.figure_.axes[-1].get_window_extent()
    assert bar.width < 0.2 * display.axes_[0].get_window_extent().width
