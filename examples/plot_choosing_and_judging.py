"""
Choosing the tasks and their weights, and judging the result
============================================================

Printed characters carry four labels: which character it is, the family of its font, and whether that is bold or
italic. Which of these tasks should learn together, with which weights, did it help, and where does the model still
fail? Each question is one call, and gives a table with its uncertainty and a picture.

As a script it saves the pictures: ``python examples/plot_choosing_and_judging.py figures``.
"""

# %%
# Images, and a part of them to judge by
# --------------------------------------
# Everything is chosen on the training part. The test part is looked at once, at the end. The first trunk is so small
# that the tasks have to compete for it.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier, TaskGroupingClassifier
from skmtl.datasets import load_glyphs
from skmtl.inspection import (
    MultiTaskCalibrationDisplay,
    MultiTaskConfusionMatrixDisplay,
    MultiTaskPrecisionRecallDisplay,
    MultiTaskRocCurveDisplay,
    PatchImportanceDisplay,
    SingleTaskComparisonDisplay,
    TaskAffinityDisplay,
    TaskLearningCurveDisplay,
    TaskMistakesDisplay,
    TaskTradeoffDisplay,
    patch_importance,
)
from skmtl.metrics import expected_calibration_error, multi_task_report, multi_task_scorer
from skmtl.model_selection import (
    MultiTaskStratifiedKFold,
    compare_with_single_task,
    multi_task_train_test_split,
    select_task_groups,
    task_affinity,
    task_weight_grid,
    task_weight_tradeoff,
)
from skmtl.nn import ConvTrunk

X, y = load_glyphs(n_samples=2480, size=16, return_X_y=True, as_frame=True)
X, X_test, y, y_test = multi_task_train_test_split(X, y, stratify=y, test_size=0.4, random_state=0)
clf = MultiTaskCNNClassifier(ConvTrunk(channels=(8, 16), hidden=(24,)), max_epochs=20, lr=5e-3, random_state=0)

# %%
# Which tasks help one another?
# -----------------------------
# The look-ahead affinity asks, all along one training run, how much a step for one task lowers the loss of another.
# Three runs from different seeds give standard errors.

affinity = task_affinity(clf, X, y, n_repeats=3, every=2, random_state=0)
print(affinity.affinity.round(4))
TaskAffinityDisplay.from_affinity(affinity)
for n_groups in (1, 2, 3):
    print(select_task_groups(affinity, n_groups=n_groups))

# %%
# Steps for the character help the other tasks, those for bold help nobody; one look at the standard errors says that
# only some of it is sure. And groups cost a network each. Whether they are worth it is a question for held-out images,
# not for the affinity: one network, the best two groups, four networks, and one network that has as many parameters
# as these four, cross-validated.

folds = MultiTaskStratifiedKFold(3, shuffle=True, random_state=0)
together, apart = [tuple(y.columns)], [(task,) for task in y]
wide = clone(clf).set_params(trunk__channels=(16, 32), trunk__hidden=(48,))
search = GridSearchCV(
    TaskGroupingClassifier(clf),
    [
        {"groups": [together, select_task_groups(affinity, n_groups=2).groups, apart]},
        {"groups": [together], "estimator": [wide]},
    ],
    scoring=multi_task_scorer(("accuracy", "neg_log_loss")),
    refit="mean_neg_log_loss",
    cv=folds,
).fit(X, y)
for i, name in enumerate(("one network", "two groups", "four networks", "one wide network")):
    print(
        f"{name:16}",
        *(f"{k} {search.cv_results_[f'mean_test_mean_{k}'][i]:6.3f}" for k in ("accuracy", "neg_log_loss")),
    )

# %%
# The fewer tasks share the small trunk, the better. But it is its size that they suffer from: one wide network for
# all of them, about as large as the four together, is as good as these. It is the one we go on with.

# %%
# Which weights?
# --------------
# Ten mixtures of the four weights, each cross-validated. No mixture that another one beats in every task is worth
# a thought; among the rest, the knee is closest to the best of every task.

search = GridSearchCV(
    wide,
    {"task_weights": task_weight_grid(list(y.columns), resolution=6)},
    scoring=multi_task_scorer(),
    refit="mean_accuracy",
    cv=MultiTaskStratifiedKFold(2, shuffle=True, random_state=0),
).fit(X, y)
tradeoff = task_weight_tradeoff(search)
print(tradeoff[tradeoff["pareto"]].round(3).to_string())

# %%
# Did it help?
# ------------
# The same network, with the weights of the knee, against one network for each task: on the same folds and from the
# same seeds.

knee = tradeoff[tradeoff["knee"]]["weight"].iloc[0].to_dict()
best = clone(wide).set_params(task_weights=knee)
comparison = compare_with_single_task(best, X, y, cv=4, n_repeats=1, random_state=0)
print(comparison)
SingleTaskComparisonDisplay.from_comparison(comparison)
TaskTradeoffDisplay.from_search(search, single_task=comparison)

# %%
# Networks of this width for each task alone are a little better on the whole, and in italic beyond doubt: the shared
# one pays with some accuracy for a quarter of their parameters and of their time. A diamond above the front is a task
# to which no weights give that back.

# %%
# The report
# ----------
# Now the images that nobody has seen, once. Probabilities are calibrated first, with a part of the training images
# that the network is not trained on.

X_train, X_calib, y_train, y_calib = multi_task_train_test_split(X, y, stratify=y, test_size=0.2, random_state=0)
best.set_params(early_stopping=True).fit(X_train, y_train)
calibrated = MultiTaskCalibratedClassifier(FrozenEstimator(best)).fit(X_calib, y_calib)
report = multi_task_report(y_test, calibrated.predict(X_test))  # a row per class
print(report.groupby("task", sort=False)[["precision", "recall", "f1"]].mean().round(3))
for name, model in {"as trained": best, "calibrated": calibrated}.items():
    errors = expected_calibration_error(y_test, model.predict_proba(X_test), classes=model.classes_)
    print(f"calibration error, {name}:", errors.round(3).to_dict())

TaskLearningCurveDisplay.from_estimator(best)
MultiTaskConfusionMatrixDisplay.from_estimator(calibrated, X_test, y_test)
MultiTaskRocCurveDisplay.from_estimator(calibrated, X_test, y_test)
MultiTaskPrecisionRecallDisplay.from_estimator(calibrated, X_test, y_test)
display = MultiTaskCalibrationDisplay.from_estimator(best, X_test, y_test, name="as trained")
MultiTaskCalibrationDisplay.from_estimator(calibrated, X_test, y_test, name="calibrated", axes=display.axes_)
TaskMistakesDisplay.from_estimator(calibrated, X_test, y_test, task="character")

# %%
# Which pixels does each task read?
# ---------------------------------
# A patch of every image is exchanged for that of another: what a task loses by it, it has read there.

importance = patch_importance(calibrated, X_test, y_test, patch=2, n_repeats=3, random_state=0)
print(importance.overlap.round(2))
PatchImportanceDisplay.from_importance(importance)

if len(sys.argv) > 1:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"{number:02}.png", dpi=120)
