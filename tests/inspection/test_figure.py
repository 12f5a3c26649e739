import numpy as np
import pytest
from matplotlib import pyplot as plt

from skmtl.inspection._figure import check_axes, one_axes, panel_axes


def test_axes_of_the_caller_come_back():
    figure, axes = plt.subplots(2, 2)
    assert one_axes(axes[0, 1], "D") is axes[0, 1]
    assert panel_axes(axes, 4, "D").tolist() == axes.ravel().tolist()
    assert panel_axes(list(axes[0]), 2, "D").tolist() == axes[0].tolist()
    assert panel_axes(axes[1, 1], 1, "D").tolist() == [axes[1, 1]]
    assert plt.get_fignums() == [figure.number]


def test_new_axes_are_as_many_as_the_panels():
    panels = panel_axes(None, 5, "D", size=(2, 1), n_columns=3)
    assert len(panels) == 5 == len(panels[0].figure.axes)
    assert panels[0].figure.get_size_inches().tolist() == [6, 2]
    assert [panels[4].get_subplotspec().rowspan.start, panels[4].get_subplotspec().colspan.start] == [1, 1]
    assert one_axes(None, "D", size=(3, 2)).figure.get_size_inches().tolist() == [3, 2]


def test_wrong_numbers_of_axes():
    with pytest.raises(ValueError, match=r"axes must hold one matplotlib Axes for each of the 3 panels\. Got 2"):
        panel_axes(plt.subplots(2)[1], 3, "D")


@pytest.mark.parametrize("bad", ["left", ["a", "b"], [None, None], "figure"])
def test_what_is_no_axes(bad):
    bad = plt.figure() if bad == "figure" else bad
    with pytest.raises(TypeError, match=r"axes must be matplotlib Axes, as plt\.subplots returns them\. Got "):
        panel_axes(bad, 2, "D")
    with pytest.raises(TypeError, match=r"^ax must be matplotlib Axes.* Got an object of class \w+ instead"):
        one_axes(bad, "D")


def test_several_axes_are_none_where_one_is_wanted():
    with pytest.raises(TypeError, match=r"ax must be matplotlib Axes.* Got an object of class ndarray"):
        check_axes(np.array(plt.subplots(2)[1]), "D")
