"""Ordered classes: OrdinalHead against softmax, on mean absolute rank error.

Run it with ``python examples/ordinal_head.py``. It takes a minute and a half on one core.

The images are scikit-learn's 1,797 handwritten digits. Each of their 8 x 8 pixels counts the ink in a block of
4 x 4 pixels of the scan, so that their sum is the amount of ink of a digit. One task names the digit, the other one
says how heavy the writing is, in six levels of as many digits each. The levels are sections of one quantity and
neighbours look alike, as with ages, grades or sizes.

``python examples/ordinal_head.py sum`` has another ordered task, the sum of two digits side by side, beside naming
the left one. There the order is in the labels and not in the looks: 4 + 5 and 9 + 0 are one rank, and a 1 that is
taken for an 8 is seven ranks off. That takes two minutes.
"""

import argparse

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import LinearHead, OrdinalHead

LEVELS = ("thin", "light", "regular", "bold", "heavy", "black")


def ink(n_samples, seed):
    """Return training and test images, the labels of both, and the order of the second task."""
    digits = load_digits()
    amount = digits.data.sum(axis=1)
    level = np.searchsorted(np.quantile(amount, np.arange(1, 6) / 6), amount, side="right")
    y = pd.DataFrame({"digit": digits.target, "ink": np.array(LEVELS)[level]})
    X, X_test, y, y_test = train_test_split(digits.images, y, test_size=1 / 3, stratify=y["digit"], random_state=seed)
    return X[:n_samples], X_test, y[:n_samples], y_test, LEVELS


def two_digits(n_samples, seed):
    """Return the same for the left of two digits and their sum."""
    parts = []
    for subset, n in (("train", n_samples), ("test", 1000)):
        X, y = load_two_digits(n, subset=subset, random_state=seed, return_X_y=True, as_frame=True)
        parts.append((X, pd.DataFrame({"left": y["left"], "sum": y["left"] + y["right"]})))
    (X, y), (X_test, y_test) = parts
    return X, X_test, y, y_test, tuple(sorted(y["sum"].unique()))


def rank_errors(data, n_samples, seed):
    """Return the mean absolute rank error of the ordered task on test images, for every way to learn and predict it."""
    X, X_test, y, y_test, order = data(n_samples, seed)
    plain, ordered = y.columns
    rank = pd.Series(range(len(order)), order)
    truth = y_test[ordered].map(rank).to_numpy()
    heads = {
        "softmax": LinearHead(),
        "CORN": OrdinalHead(order=order),
        "cumulative": OrdinalHead(order=order, link="cumulative"),
    }
    row = {"images": len(X), "seed": seed}
    for name, head in heads.items():
        clf = MultiTaskCNNClassifier(head={plain: "linear", ordered: head}, random_state=seed).fit(X, y)
        predicted = pd.Series(clf.predict(X_test)[:, 1]).map(rank).to_numpy()
        row[name] = np.abs(predicted - truth).mean()
        if name == "softmax":
            row["softmax, median"] = np.abs(median_rank(clf, X_test, order) - truth).mean()
    return row


def median_rank(clf, X, order):
    """Return what OrdinalHead would predict from the probabilities of a head that knows no order."""
    columns = pd.Index(clf.classes_[1]).get_indexer(order)
    at_most = clf.predict_proba(X)[1][:, columns].cumsum(axis=1)
    return (at_most[:, :-1] < 0.5).sum(axis=1)


def report(table):
    """Print mean and standard deviation over the seeds, of the errors and of what each gains on softmax."""
    for n_samples, rows in table.groupby("images"):
        errors = rows.drop(columns=["images", "seed"])
        gains = errors.rsub(errors["softmax"], axis=0)
        summary = pd.DataFrame(
            {
                "rank error": errors.mean(),
                "std": errors.std(),
                "less than softmax by": gains.mean(),
                "std of that": gains.std(),
                "seeds better": (gains > 0).sum(),
            }
        )
        print(f"\n{n_samples} training images, {len(rows)} seeds")
        print(summary.to_string(float_format="{:.3f}".format))


def main(arguments=None):
    """Fit all heads for all seeds and print the tables."""
    tasks = {"ink": (ink, (300, 1198)), "sum": (two_digits, (2000,))}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="?", choices=tasks, default="ink", help="the ordered task (ink)")
    parser.add_argument("--seeds", type=int, choices=range(1, 101), metavar="N", default=5, help="how many (5)")
    options = parser.parse_args(arguments)
    data, sizes = tasks[options.task]
    report(pd.DataFrame([rank_errors(data, n, seed) for n in sizes for seed in range(options.seeds)]))


if __name__ == "__main__":
    main()
