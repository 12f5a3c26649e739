"""
Trading one task for another with task weights
==============================================

Two handwritten digits that overlap by half a digit, a small trunk and a short training: what one task gains
from a higher weight, the other one loses. This example draws that trade-off on digits that the training images
do not contain.
"""

# %%
# The images
# ----------
# Both tasks read the same canvas: ``left`` names the left digit, ``right`` the right one.

import matplotlib.pyplot as plt
import numpy as np

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk

options = {"overlap": 0.5, "return_X_y": True, "as_frame": True}
X, y = load_two_digits(n_samples=6, subset="train", **options)
fig, axes = plt.subplots(1, 6, figsize=(9, 1.7), layout="constrained")
for ax, image, labels in zip(axes, X, y.to_numpy(), strict=True):
    ax.imshow(image, cmap="gray")
    ax.set_title(f"left {labels[0]}, right {labels[1]}", fontsize=9)
    ax.set_axis_off()

# %%
# One fit per weight and seed
# ---------------------------
# Only the ratio of the weights matters, so the share of ``left`` says it all. A seed draws new training
# and test images and a new initial network.

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
SEEDS = range(3)


def accuracies(share, seed):
    """Return the test accuracy of both tasks, in percent."""
    X, y = load_two_digits(n_samples=900, subset="train", random_state=seed, **options)
    X_test, y_test = load_two_digits(n_samples=900, subset="test", random_state=seed, **options)
    clf = MultiTaskCNNClassifier(
        ConvTrunk(channels=(8,), hidden=(16,)),
        task_weights={"left": share, "right": 1 - share},
        max_epochs=15,
        random_state=seed,
    )
    return 100 * (clf.fit(X, y).predict(X_test) == y_test.to_numpy()).mean(axis=0)


scores = np.array([[accuracies(share, seed) for share in SHARES] for seed in SEEDS])
mean = scores.mean(axis=0)

# %%
# The trade-off
# -------------
# On the left, every point is one choice of weights: up is better for ``right``, to the right is better for
# ``left``. On the right, the same numbers over the share of ``left``.

fig, (curve, over_share) = plt.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
curve.plot(mean[:, 0], mean[:, 1], color="0.75", zorder=1)
for seed, points in zip(SEEDS, scores, strict=True):
    curve.scatter(points[:, 0], points[:, 1], s=10, color="0.6", label="single seeds" if seed == 0 else None)
dots = curve.scatter(mean[:, 0], mean[:, 1], c=SHARES, cmap="viridis", s=50, zorder=2, label="mean of three seeds")
fig.colorbar(dots, ax=curve, label="share of the weight of left")
curve.set(xlabel="accuracy of left (%)", ylabel="accuracy of right (%)")
curve.legend(loc="lower left")

for task, name in enumerate(("left", "right")):
    over_share.plot(SHARES, mean[:, task], marker="o", label=name)
    over_share.fill_between(SHARES, scores[..., task].min(0), scores[..., task].max(0), alpha=0.2)
over_share.plot(SHARES, mean.mean(axis=1), color="0.4", linestyle="--", label="mean of the tasks")
over_share.set(xlabel="share of the weight of left", ylabel="accuracy (%)")
over_share.legend(loc="lower center")
plt.show()

# %%
# Equal weights are about the best for the mean here, and single seeds differ by several points. Towards the
# ends the bargain is bad: the favoured task gains little more, and the other one falls far. Part of that fall is
# a matter of time rather than of room in the trunk, since a task of small weight learns slowly, and 15 epochs
# are few.
