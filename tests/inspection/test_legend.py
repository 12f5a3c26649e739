import matplotlib.pyplot as plt
import pytest

from skmtl.inspection._legend import draw_legend


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("width", "labels", "columns"),
    [
        (6.4, ["training", "validation", "best epoch (3)"], 3),
        (3.2, ["training", "validation", "best epoch (3)"], 2),
        (1.7, ["training", "validation", "best epoch (3)"], 1),
        (6.4, ["candidates", "front", "knee", "single"], 2),
        (3.2, ["weight"], 1),
    ],
)
def test_a_legend_is_no_wider_than_its_figure(width, labels, columns):
    figure, ax = plt.subplots(figsize=(width, 2.6), layout="constrained")
    for label in labels:
        ax.plot([0, 1], label=label)
    draw_legend(ax, own_figure=True)
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == labels
    assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == columns
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_labels_of_the_same_meaning_stand_once_and_in_order():
    _, ax = plt.subplots()
    for label in ["b", "a", "b"]:
        ax.plot([0, 1], label=label)
    draw_legend(ax, own_figure=False, order=["a", "missing", "b"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
