"""
Learning a task whose labels are mostly missing
===============================================

Two handwritten digits on every image. All left digits are labelled, but 60 % of the labels of the right
one are missing. Is it better to train both tasks in one network, on all images, or the right digit alone,
on the images that have its label?
"""

# %%
# The images
# ----------
# A missing label is NaN. `missing_rate` removes exactly that share of a task's labels, at random.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk

options = {"missing_rate": {"right": 0.6}, "return_X_y": True, "as_frame": True}
X, y = load_two_digits(n_samples=6, subset="train", **options)
fig, axes = plt.subplots(1, 6, figsize=(9, 1.5), layout="constrained")
for ax, image, left, right in zip(axes, X, y["left"], y["right"], strict=True):
    ax.imshow(image, cmap="gray")
    ax.set_title(f"left {left:.0f}, right {'?' if np.isnan(right) else int(right)}", fontsize=9)
    ax.set_axis_off()

# %%
# Two ways to train
# -----------------
# The multi-task network sees every image; the single-task one only those with a label of the right digit.
# Both have the same layers and options, and are tested on digits that no training image contains.
#
# Fewer images mean fewer steps an epoch, so the single-task network is trained twice: for the same number of
# epochs, and for 75 instead of 30, which is about the same number of steps.

SIZES = (150, 300, 600)
SEEDS = range(3)


def accuracies(n_samples, seed):
    """Return test accuracies, in percent."""
    X, y = load_two_digits(n_samples=n_samples, subset="train", random_state=seed, **options)
    X_test, y_test = load_two_digits(n_samples=900, subset="test", random_state=seed, return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(16, 32), hidden=(64,)), max_epochs=30, random_state=seed)
    predicted = pd.DataFrame(clf.fit(X, y).predict(X_test), columns=y.columns)
    row = {"left, all labels": predicted["left"] == y_test["left"]}
    row["right, with left"] = predicted["right"] == y_test["right"]
    labelled = y["right"].notna().to_numpy()
    for epochs in (30, 75):
        clf.set_params(max_epochs=epochs).fit(X[labelled], y.loc[labelled, "right"])
        row[f"right alone, {epochs} epochs"] = clf.predict(X_test) == y_test["right"]
    return {"images": n_samples} | {name: 100 * right.mean() for name, right in row.items()}


table = pd.DataFrame([accuracies(n, seed) for n in SIZES for seed in SEEDS])
table.groupby("images").mean().round(1)

# %%
# What comes out
# --------------
# Points are single seeds, lines their means.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name in table.columns[1:]:
    (line,) = ax.plot(table.groupby("images")[name].mean(), label=name)
    ax.scatter(table["images"], table[name], s=14, color=line.get_color(), alpha=0.6)
ax.set(xscale="log", xlabel="images (40 % of them with a label of the right digit)", ylabel="test accuracy (%)")
ax.set_xticks(SIZES, map(str, SIZES))
ax.minorticks_off()
ax.legend(loc="lower right")
plt.show()

# %%
# On so few images the number of training steps matters more than anything else. One network for both tasks is
# better on the right digit than a single-task network trained for as many epochs: by 11 points with 150 images,
# by 2 with 300, hardly with 600. But it is not the left digit that teaches it: the single-task network trained
# for as many steps is better still, by 5 points, 1 and 1.
#
# So what the shared network shows here is that rows without a label may stay in: they do little harm, and one
# network does the work of two. Two digits that are drawn independently of each other are a hard case for more
# than that; tasks whose labels depend on each other have more to share.
