import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from skmtl.inspection import MultiTaskRocCurveDisplay


def test_lines_are_those_of_scikit_learn_on_the_labelled_rows(told, labels, holed):
    model = told(labels)
    display = MultiTaskRocCurveDisplay.from_estimator(model, np.arange(200), holed[["kind", "letter", 7, "odd"]])
    assert display.task_names == ["odd", 7, "kind"]
    for ax, curve, task in zip(display.axes_, display.curves, display.task_names, strict=True):
        t = list(labels).index(task)
        rows = holed[task].notna().to_numpy()
        positive = (labels[task] == model.classes_[t][1])[rows]
        score = model.probabilities[t][rows, 1]
        fpr, tpr, _ = roc_curve(positive, score)
        assert curve.line_.get_xydata().tolist() == np.column_stack([fpr, tpr]).tolist()
        auc = roc_auc_score(positive, score)
        assert curve.roc_auc == pytest.approx(auc)
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts == [f"AUC = {auc:.2f}", "Chance level (AUC = 0.5)"]
        assert curve.chance_level_.get_xydata().tolist() == [[0, 0], [1, 1]]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("false positive rate", "true positive rate")


def test_weights(told, labels):
    model = told(labels)
    weight = np.random.default_rng(0).integers(0, 3, 200)
    display = MultiTaskRocCurveDisplay.from_estimator(
        model, np.arange(200), labels, tasks="odd", sample_weight=weight, name="model"
    )
    auc = roc_auc_score(labels["odd"], model.probabilities[1][:, 1], sample_weight=weight)
    assert display.curves[0].roc_auc == pytest.approx(auc)
    assert display.curves[0].line_.get_label() == f"model (AUC = {auc:.2f})"
