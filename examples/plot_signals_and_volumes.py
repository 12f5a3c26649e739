"""
Signals and volumes
===================

`spatial_dims` says how many axes a channel has: one for signals, two for images (the default), three for
volumes. Everything else stays as it is. Two networks, with three tasks each: one on signals of two channels,
one on volumes of 16 x 16 x 16 voxels.
"""

# %%
# The signals
# -----------
# Both channels carry one wave, in noise. The tasks: its form, whether its frequency falls or rises, and which
# channel is ahead of the other. The phase is random, so that no single moment of a signal tells anything.

import matplotlib.pyplot as plt
import numpy as np

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import make_signals, make_volumes
from skmtl.metrics import multi_task_report
from skmtl.nn import ConvTrunk

options = {"return_X_y": True, "as_frame": True}
X_signals, y_signals = make_signals(1000, random_state=0, **options)
fig, axes = plt.subplots(2, 2, figsize=(9, 3.6), sharex=True, layout="constrained")
for ax, signal, (waveform, sweep, leader) in zip(axes.flat, X_signals[:4], y_signals.to_numpy()[:4], strict=True):
    ax.plot(signal.T, linewidth=1, label=["channel 0", "channel 1"])
    ax.set_title(f"{waveform}, {sweep}, channel {leader} leads", fontsize=9)
axes[0, 0].legend(fontsize=7, loc="lower left")
plt.show()

# %%
# One network for signals
# -----------------------
# They come as (n, channels, length). The channels are found by themselves, since the other axis is at least four
# times as long. Kernels of 7 samples see more of a cycle than the usual ones of 3.

X_test, y_test = make_signals(500, random_state=1, **options)
signal_clf = MultiTaskCNNClassifier(
    ConvTrunk(channels=(16, 32), kernel_size=7, hidden=(32,)), spatial_dims=1, lr=5e-3, max_epochs=15, random_state=0
)
signal_clf.fit(X_signals, y_signals)
print(f"{X_signals.shape} is read as (channels, length) = {signal_clf.image_shape_}")
print(multi_task_report(y_test, signal_clf.predict(X_test), output="text"))

# %%
# Most of what is left to learn is in the waveform: in noise, a sine and a triangle of one frequency differ little.
#
# The volumes
# -----------
# One body in the middle of a volume, brighter or darker than the ground. The tasks: its form, whether it is
# hollow, and the axis along which its stripes follow one another. The pictures are the three slices through the
# middle of each volume. Stripes show in those slices that hold their axis.

X_volumes, y_volumes = make_volumes(500, random_state=0, **options)
fig, axes = plt.subplots(3, 6, figsize=(9, 4.8), layout="constrained")
for column, volume, (body, hollow, axis) in zip(axes.T, X_volumes, y_volumes.to_numpy()[:6], strict=False):
    for j, ax in enumerate(column):
        ax.imshow(volume.take(8, axis=j), cmap="gray", vmin=0, vmax=255)
        ax.set(xticks=[], yticks=[])
    column[0].set_title(f"{'hollow' if hollow else 'solid'}\n{body}\naxis {axis}", fontsize=9)
for j, ax in enumerate(axes[:, 0]):
    ax.set_ylabel(f"across axis {j}", fontsize=9)
plt.show()

# %%
# One network for volumes
# -----------------------
# The same trunk, of three-dimensional convolutions now. A volume has many voxels, hence fewer feature maps.

V_test, yv_test = make_volumes(300, random_state=1, **options)
volume_clf = MultiTaskCNNClassifier(
    ConvTrunk(channels=(8, 16), hidden=(32,)), spatial_dims=3, lr=5e-3, max_epochs=10, random_state=0
)
volume_clf.fit(X_volumes, y_volumes)
print(f"{X_volumes.shape} is read as (channels, depth, height, width) = {volume_clf.image_shape_}")
print(multi_task_report(yv_test, volume_clf.predict(V_test), output="text"))

# %%
# More noise than in training
# ---------------------------
# 300 test signals and volumes, beneath less and more noise than the networks were trained with. The waves and
# bodies themselves are the same at every level.


def accuracies(clf, make, levels):
    """Return the accuracy of every task at every level of noise, in percent."""
    rows = []
    for noise in levels:
        X, y = make(300, noise=noise, random_state=1, **options)
        rows.append(100 * (clf.predict(X) == y.to_numpy()).mean(axis=0))
    return np.array(rows)


panels = [
    ("signals", signal_clf, make_signals, np.linspace(0, 1.2, 5), 0.3),
    ("volumes", volume_clf, make_volumes, np.linspace(0, 0.15, 7), 0.05),
]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for ax, (title, clf, make, levels, trained) in zip(axes, panels, strict=True):
    scores = accuracies(clf, make, levels)
    for t, task in enumerate(clf.task_names_):
        line = ax.plot(levels, scores[:, t], marker="o", label=task)[0]
        ax.axhline(100 / clf.n_classes_[t], color=line.get_color(), linestyle=":", linewidth=1)
    ax.axvline(trained, color="0.6", linewidth=1)
    ax.set(title=title, xlabel="noise (grey line: in training)")
    ax.legend()
axes[0].set_ylabel("accuracy (%), chance dotted")
plt.show()

# %%
# The networks do about best on noise like that of their training, and some tasks do worse without any. Where the noise
# to come is not known, `augment` can add some of every strength to the training batches.
