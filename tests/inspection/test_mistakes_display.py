import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection import TaskMistakesDisplay
from skmtl.nn import ConvTrunk
from skmtl.preprocessing import ImageReader

X = np.arange(4 * 6, dtype=float).reshape(4, 2, 3)
Y = ["cat", "dog", None, "dog"]
SCANS = [f"scan_{i}_of_the_left_hand.png" for i in range(4)]
PROBABILITIES = [[0.3, 0.7], [0.972, 0.028], [0.9, 0.1], [0.1, 0.9]]
SMALL = {"trunk": ConvTrunk(channels=(4,), hidden=(8,)), "max_epochs": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def pixels(ax):
    return np.asarray(ax.images[0].get_array())


def titles(display):
    return [ax.get_title() for ax in display.axes_]


def test_labelled_mistakes_with_the_most_confident_first():
    display = TaskMistakesDisplay.from_predictions(X, Y, PROBABILITIES)
    assert titles(display) == ["row 1\ndog → cat (97 %)", "row 0\ncat → dog (70 %)"]
    assert pixels(display.axes_[0]).tolist() == X[1].tolist()
    assert pixels(display.axes_[1]).tolist() == X[0].tolist()
    assert display.figure_.get_suptitle() == "task0: 2 mistakes in 3 labelled rows"


def test_as_many_as_asked_for():
    display = TaskMistakesDisplay.from_predictions(X, Y, PROBABILITIES, n_images=1)
    assert titles(display) == ["row 1\ndog → cat (97 %)"]


def test_without_mistakes_the_panel_says_so():
    display = TaskMistakesDisplay.from_predictions(X[:2], ["cat", "dog"], np.eye(2))
    (ax,) = display.axes_
    assert [text.get_text().split() for text in ax.texts] == [["no", "mistakes", "in", "2", "labelled", "rows"]]
    assert ax.get_title() == "task0"


def test_without_labels_the_panel_says_so_and_a_warning_too():
    with pytest.warns(UnlabelledTaskWarning, match="task0") as record:
        display = TaskMistakesDisplay.from_predictions(X[:2], [None, None], np.eye(2), classes=["cat", "dog"])
    assert record[0].filename == __file__
    assert [text.get_text() for text in display.axes_[0].texts] == ["no labelled rows"]


def test_long_labels_have_two_lines():
    y = ["a_long_name_of_a_class", "another_long_name_of_a_class"]
    display = TaskMistakesDisplay.from_predictions(X[:1], y[1:], [[1.0, 0.0]], classes=y)
    assert titles(display) == ["row 0\nanother_l…_a_class →\na_long_na…_a_class (100 %)"]


def test_a_task_of_several():
    y = pd.DataFrame({"pet": Y, "size": [1, 1, 2, 2]})
    sizes = [[0.4, 0.6], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]
    display = TaskMistakesDisplay.from_predictions(X, y, [PROBABILITIES, sizes], task="size")
    assert titles(display) == ["row 2\n2 → 1 (80 %)", "row 0\n1 → 2 (60 %)"]
    assert display.figure_.get_suptitle() == "size: 2 mistakes in 4 labelled rows"


def test_layouts_are_those_of_the_classifier():
    rows = TaskMistakesDisplay.from_predictions(X.reshape(4, 6), Y, PROBABILITIES, image_shape=(2, 3))
    assert pixels(rows.axes_[0]).tolist() == X[1].tolist()
    signals = TaskMistakesDisplay.from_predictions(X.reshape(4, 6), Y, PROBABILITIES, spatial_dims=1)
    assert signals.axes_[0].lines[0].get_ydata().tolist() == X[1].ravel().tolist()


def test_an_input_per_task():
    y = pd.DataFrame({"pet": Y, "size": [1, 1, 2, 2]})
    images = {"size": X + 100, "pet": X}
    sizes = [[0.4, 0.6], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]
    display = TaskMistakesDisplay.from_predictions(images, y, [PROBABILITIES, sizes], task="size")
    assert pixels(display.axes_[0]).tolist() == (X[2] + 100).tolist()


def test_rows_without_image_do_not_count():
    masked = np.ma.masked_array(X, mask=np.zeros(X.shape, bool))
    masked[1] = np.ma.masked
    display = TaskMistakesDisplay.from_predictions(masked, Y, PROBABILITIES)
    assert titles(display) == ["row 0\ncat → dog (70 %)"]
    assert display.mistakes.n_labelled == 2


def test_the_callers_axes_are_used_and_spare_ones_stay_empty():
    figure, axes = plt.subplots(2, 2)
    display = TaskMistakesDisplay.from_predictions(X, Y, PROBABILITIES, axes=axes)
    assert list(display.axes_) == list(axes[0])
    assert [ax.axison for ax in axes.ravel()] == [True, True, False, False]
    assert figure.get_suptitle() == ""


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_images": 0}, ValueError, r"The 'n_images' parameter of .*from_predictions must be an int in the range"),
        ({"task": "pett"}, ValueError, r"task names the task 'pett'.*Did you mean 'pet'"),
        ({}, ValueError, r"task must name one of the 2 tasks \['pet', 'size'\]\. Got None"),
        ({"task": 0, "axes": []}, ValueError, r"axes must hold one matplotlib Axes"),
    ],
)
def test_wrong_arguments_are_told(params, error, message):
    y = pd.DataFrame({"pet": Y, "size": [1, 1, 2, 2]})
    with pytest.raises(error, match=message):
        TaskMistakesDisplay.from_predictions(X, y, [PROBABILITIES, PROBABILITIES], **params)


def test_an_estimator_without_probabilities_is_refused():
    with pytest.raises(AttributeError, match="needs predict_proba, which RidgeClassifier does not have"):
        TaskMistakesDisplay.from_estimator(RidgeClassifier(), X, Y)


def test_any_classifier_of_several_tasks_will_do():
    y = np.array([[0, 1], [1, 1], [1, 0], [1, 0]])
    clf = KNeighborsClassifier(3).fit(X.reshape(4, 6), y)
    display = TaskMistakesDisplay.from_estimator(clf, X.reshape(4, 6), y, task=0)
    assert titles(display) == ["row 0\n0 → 1 (67 %)"]


def test_the_mistakes_of_a_network_are_those_that_it_makes():
    images, y = load_two_digits(150, missing_rate=0.2, return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(**SMALL).fit(images, y)
    display = TaskMistakesDisplay.from_estimator(clf, images, y, task="right", n_images=5)
    labelled = y["right"].notna().to_numpy()
    wrong = labelled & (clf.predict(images)[:, 1] != y["right"].to_numpy())
    confidence = clf.predict_proba(images)[1].max(axis=1)
    assert display.mistakes.rows.tolist() == sorted(np.flatnonzero(wrong), key=lambda row: -confidence[row])[:5]
    assert (display.mistakes.n_mistakes, display.mistakes.n_labelled) == (wrong.sum(), labelled.sum())
    assert pixels(display.axes_[2]).tolist() == images[display.mistakes.rows[2]].tolist()


def test_of_a_memory_map_only_the_shown_rows_are_read(tmp_path):
    np.save(tmp_path / "x.npy", X)
    display = TaskMistakesDisplay.from_predictions(np.load(tmp_path / "x.npy", mmap_mode="r"), Y, PROBABILITIES)
    assert type(display.images) is np.ndarray
    assert display.images.shape == (2, 1, 2, 3)
    assert pixels(display.axes_[0]).tolist() == X[1].tolist()


def test_a_pipeline_from_files_shows_what_the_classifier_sees(tmp_path):
    rng = np.random.default_rng(0)
    paths, y = [], rng.integers(0, 3, 40)
    for i in range(40):
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(paths[-1])
    model = make_pipeline(ImageReader((8, 8)), MultiTaskCNNClassifier(**SMALL)).fit(paths, y)
    display = TaskMistakesDisplay.from_estimator(model, paths, y, n_images=3)
    seen = model[0].transform([paths[row] for row in display.mistakes.rows])
    assert len(display.axes_) == 3
    assert [pixels(ax).tolist() for ax in display.axes_] == seen.tolist()


@pytest.mark.parametrize(
    ("images", "labels", "expected"),
    [
        (X, pd.Series(Y, index=[7, 5, 3, 1]), ["index 5", "index 7"]),
        (X, pd.Series(Y), ["row 1", "row 0"]),
        (pd.DataFrame(X.reshape(4, 6), index=list("wxyz")), Y, ["index x", "index w"]),
        (
            X,
            pd.Series(Y, index=SCANS),
            ["index scan_1_o…and.png", "index scan_0_o…and.png"],
        ),
    ],
)
def test_rows_are_called_by_an_index_of_their_own(images, labels, expected):
    options = {"image_shape": (2, 3)} if np.ndim(images) == 2 else {}
    display = TaskMistakesDisplay.from_predictions(images, labels, PROBABILITIES, **options)
    assert [title.partition("\n")[0] for title in titles(display)] == expected
    assert display.mistakes.rows.tolist() == [1, 0]


def test_no_mistakes_stays_inside_small_axes():
    figure, axes = plt.subplots(2, 4, layout="constrained")
    display = TaskMistakesDisplay.from_predictions(X, Y, np.eye(2)[[0, 1, 0, 1]], axes=axes)
    figure.canvas.draw()
    box, room = display.axes_[0].texts[0].get_window_extent(), display.axes_[0].bbox
    assert room.x0 <= box.x0
    assert box.x1 <= room.x1


@pytest.mark.parametrize("n_images", [0, 1, 2])
def test_texts_lie_within_the_figure(n_images):
    y = pd.DataFrame({"attribute_number_3_of_the_left_hand_digit_as_read": Y})
    predicted = PROBABILITIES if n_images else np.eye(2)[[0, 1, 0, 1]]
    display = TaskMistakesDisplay.from_predictions(X, y, predicted, n_images=n_images or 12)
    display.figure_.canvas.draw()
    (ax,) = display.axes_ if n_images < 2 else display.axes_[:1]
    text = ax.texts[0] if not n_images else display.figure_._suptitle
    box, room = text.get_window_extent(), ax.bbox if not n_images else display.figure_.bbox
    assert room.x0 <= box.x0
    assert box.x1 <= room.x1
