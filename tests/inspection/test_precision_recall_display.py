import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from skmtl.inspection import MultiTaskPrecisionRecallDisplay


def test_lines_are_those_of_scikit_learn_on_the_labelled_rows(told, labels, holed):
    model = told(labels)
    display = MultiTaskPrecisionRecallDisplay.from_estimator(model, np.arange(200), holed[["kind", "letter", 7, "odd"]])
    assert display.task_names == ["odd", 7, "kind"]
    for ax, curve, task in zip(display.axes_, display.curves, display.task_names, strict=True):
        t = list(labels).index(task)
        rows = holed[task].notna().to_numpy()
        positive = (labels[task] == model.classes_[t][1])[rows]
        score = model.probabilities[t][rows, 1]
        precision, recall, _ = precision_recall_curve(positive, score)
        assert curve.line_.get_xydata().tolist() == np.column_stack([recall, precision]).tolist()
        average = average_precision_score(positive, score)
        share = positive.mean()
        assert curve.average_precision == pytest.approx(average)
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts == [f"AP = {average:.2f}", f"Chance level (AP = {share:.2f})"]
        np.testing.assert_allclose(curve.chance_level_.get_xydata(), [[0, share], [1, share]])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("recall", "precision")


def test_weights(told, labels):
    model = told(labels)
    weight = np.random.default_rng(0).integers(0, 3, 200)
    display = MultiTaskPrecisionRecallDisplay.from_estimator(
        model, np.arange(200), labels, tasks="odd", sample_weight=weight
    )
    average = average_precision_score(labels["odd"], model.probabilities[1][:, 1], sample_weight=weight)
    assert display.curves[0].average_precision == pytest.approx(average)
    assert display.curves[0].prevalence_pos_label == pytest.approx(np.average(labels["odd"], weights=weight))
