"""
Which pixels does each task read?
=================================

Two handwritten digits side by side, and three tasks: the left digit, whether it is odd, and the right digit. Everybody
knows where each task should look; this example asks the network.
"""

# %%
# A network for three tasks
# -------------------------

import matplotlib.pyplot as plt

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.inspection import PatchImportanceDisplay, TaskSaliencyDisplay, patch_importance
from skmtl.nn import ConvTrunk


def with_parity(y):
    """Return the target with a task that is known from the left digit."""
    return y.assign(left_odd=y["left"] % 2)[["left", "left_odd", "right"]]


X, y = load_two_digits(1500, subset="train", return_X_y=True, as_frame=True)
X_test, y_test = load_two_digits(400, subset="test", return_X_y=True, as_frame=True)
y, y_test = with_parity(y), with_parity(y_test)
clf = MultiTaskCNNClassifier(ConvTrunk(channels=(8, 16), hidden=(32,)), max_epochs=10, random_state=0).fit(X, y)

# %%
# What the scores need
# --------------------
# The pixels of one patch are exchanged between the images; what a task's accuracy loses by it is the patch's
# importance. On the right, where two tasks read the same: near 1 for a digit and its parity, near 0 for two digits.

importance = patch_importance(clf, X_test, y_test, patch=4, n_repeats=3, random_state=0)
PatchImportanceDisplay.from_importance(importance, X_test.mean(axis=0), overlap=True)
plt.show()

# %%
# What single outputs owe to each pixel
# -------------------------------------
# Integrated gradients from a black image: blue pixels speak for the class in the title, red ones against it.

TaskSaliencyDisplay.from_estimator(clf, X_test[:3], baseline=0)
plt.show()
