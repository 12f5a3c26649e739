"""Two real digits on one image: fit, report, search the task weights, look at the predictions.

Run it with ``python examples/quickstart.py``. It takes about a minute on two cores and saves
``quickstart.png`` in the current folder.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import multi_task_report, multi_task_scorer
from skmtl.model_selection import MultiTaskStratifiedKFold
from skmtl.nn import ConvTrunk


def fit_and_report():
    """Fit both tasks on one canvas, on digits the test set does not contain."""
    X, y = load_two_digits(n_samples=2000, subset="train", return_X_y=True, as_frame=True)
    X_test, y_test = load_two_digits(n_samples=1000, subset="test", return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(random_state=0).fit(X, y)
    print(f"{len(X)} images of {X.shape[1]} x {X.shape[2]} pixels, tasks {clf.task_names_}")
    print(f"mean task accuracy on {len(X_test)} new images: {clf.score(X_test, y_test):.3f}\n")
    print(multi_task_report(y_test, clf.predict(X_test), output="text"))
    return clf, X_test, y_test


def search_task_weights():
    """Let cross-validation show what each task gains and loses when its weight changes."""
    X, y = load_two_digits(n_samples=900, overlap=0.5, return_X_y=True, as_frame=True)
    small = MultiTaskCNNClassifier(ConvTrunk(channels=(8,), hidden=(16,)), max_epochs=15, random_state=0)
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    search = GridSearchCV(
        small,
        {"task_weights": [{"left": s, "right": 1 - s} for s in shares]},
        scoring=multi_task_scorer(("accuracy",)),
        refit="mean_accuracy",
        cv=MultiTaskStratifiedKFold(n_splits=3),
    ).fit(X, y)
    table = pd.DataFrame({"weight of left": shares})
    for score in ("left_accuracy", "right_accuracy", "mean_accuracy"):
        table[score] = search.cv_results_[f"mean_test_{score}"]
    print("Half overlapping digits, a small trunk: the trade-off between the tasks")
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(f"best for the mean: {search.best_params_['task_weights']}\n")


def draw(clf, X, y, n_images=12, file="quickstart.png"):
    """Save images with their predicted labels; wrong ones in red."""
    predicted = clf.predict(X[:n_images])
    figure, axes = plt.subplots(2, n_images // 2, figsize=(10, 3.2))
    for ax, image, labels, truth in zip(axes.flat, X, predicted, y.to_numpy(), strict=False):
        ax.imshow(image, cmap="gray")
        ax.set_title(" | ".join(map(str, labels)), color="black" if (labels == truth).all() else "red")
        ax.set_axis_off()
    figure.suptitle("predicted: left | right")
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    print(f"saved {file}")


def main():
    """Run the three steps."""
    clf, X_test, y_test = fit_and_report()
    search_task_weights()
    draw(clf, X_test, y_test)


if __name__ == "__main__":
    main()
