import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestClassifier

from skmtl.datasets import load_two_digits
from skmtl.inspection import PatchImportance, PatchImportanceDisplay
from skmtl.inspection._overlap import overlap_of

DROPS = {"left": np.array([[0.4, 0.0]]), "right": np.array([[-0.1, 0.2]]), "none": np.array([[np.nan, np.nan]])}
POSITIVE = {name: np.maximum(np.nan_to_num(values), 0)[None] for name, values in DROPS.items()}
FOUND = PatchImportance(DROPS, DROPS, {"left": 0.9}, overlap_of(POSITIVE), (2, 3), (2, 5), "f1_macro")
GREY = np.arange(10.0).reshape(2, 5)


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
