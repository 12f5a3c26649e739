"""Expected calibration error before and after temperature scaling, on glyphs.

``python examples/benchmarks/calibration.py [--seeds 3]``

1000 images to train on, drawn at random from 9920 (16 fonts, 62 characters), 3000 others to test on. Two networks: one
at the default settings, on the usual images, and one that is made to overfit (60 epochs instead of 30, no weight decay,
jitter=2). Means over seeds, which draw the images, the split and the initial weights; about three minutes on two cores.
"""

import argparse

import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs
from skmtl.metrics import expected_calibration_error
from skmtl.nn import ConvTrunk

NETWORKS = {"default": ({}, 1.0), "overfitted": ({"max_epochs": 60, "weight_decay": 0.0}, 2.0)}


def measure(params, jitter, seed):
    """Return a row per task: ECE and log loss before and after, and the temperature."""
    X, y = load_glyphs(9920, jitter=jitter, random_state=seed, return_X_y=True, as_frame=True)
    X, X_test, y, y_test = train_test_split(X, y, train_size=1000, test_size=3000, random_state=seed)
    network = MultiTaskCNNClassifier(ConvTrunk(channels=(8, 16), hidden=(64,)), random_state=seed, **params)
    clf = MultiTaskCalibratedClassifier(network).fit(X, y)
    found = {"temperature": pd.Series(clf.temperatures_)}
    for when, proba in (("before", clf.estimator_.predict_proba(X_test)), ("after", clf.predict_proba(X_test))):
        found[f"ece {when}"] = expected_calibration_error(y_test, proba, classes=clf.classes_)
        loss = [log_loss(y_test[t], p, labels=k) for t, p, k in zip(y, proba, clf.classes_, strict=True)]
        found[f"log loss {when}"] = pd.Series(loss, index=list(y))
    return pd.DataFrame(found)


def main():
    """Print a table per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    for name, (params, jitter) in NETWORKS.items():
        runs = pd.concat([measure(params, jitter, seed) for seed in seeds], keys=seeds)
        by_task = runs.groupby(level=1, sort=False)
        print(f"\n{name}\n{by_task.mean().round(3).to_string()}")
        print(f"range over seeds\n{(by_task.max() - by_task.min()).round(3).to_string()}", flush=True)


if __name__ == "__main__":
    main()
