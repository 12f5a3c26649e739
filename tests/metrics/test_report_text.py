import pandas as pd
from sklearn.metrics import classification_report

from skmtl.metrics import multi_task_report


def test_layout():
    y_true = pd.DataFrame({"digit": [1, 2, 2, 1], "font": ["serif", "sans", None, "sans"]})
    text = multi_task_report(y_true, [[1, "serif"], [2, "sans"], [1, "sans"], [1, "sans"]], output="text")
    assert text.split("\n") == [
        "             precision     recall         f1    support",
        "",
        "digit",
        "          1       0.67       1.00       0.80          2",
        "          2       1.00       0.50       0.67          2",
        "   accuracy                             0.75          4",
        "  macro avg       0.83       0.75       0.73          4",
        "",
        "font  (1 missing)",
        "       sans       1.00       1.00       1.00          2",
        "      serif       1.00       1.00       1.00          1",
        "   accuracy                             1.00          3",
        "  macro avg       1.00       1.00       1.00          3",
        "",
        "mean of tasks",
        "   accuracy                             0.88          7",
        "  macro avg       0.92       0.88       0.87          7",
    ]


def test_one_task_reads_like_classification_report(digits, targets, forests):
    y, predicted = targets["int"][200:, 0], forests["int"].predict(digits[0][200:])[:, 0].astype(int)
    ours = multi_task_report(y, predicted, output="text", digits=4).split("\n")
    theirs = classification_report(y, predicted, digits=4).split("\n")
    rows = [line.split() for line in theirs if line.strip()][1:-1]  # no header, no weighted average
    assert [line.split() for line in ours if line.strip()][2:] == rows


def test_weighted_support_has_decimals():
    text = multi_task_report([1, 2], [1, 2], sample_weight=[0.5, 2], output="text")
    assert "0.50" in text.split("\n")[3]
    assert text.split("\n")[3].split()[-1] == "0.50"
