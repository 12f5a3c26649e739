"""Ordered tasks through the estimator: whose order counts, and what is predicted."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import KFold, cross_val_score

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk, OrdinalHead

LEVELS = ["thin", "regular", "bold"]
SMALL = {"trunk": ConvTrunk(channels=(3,), hidden=(6,)), "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def data(digits):
    ink = digits.images[:90].sum((1, 2))
    level = np.array(LEVELS)[np.digitize(ink, np.quantile(ink, [1 / 3, 2 / 3]))]
    return digits.images[:90], digits.frame["digit"][:90].to_numpy(), level


def ranks(clf):
    return [None if r is None else [clf.classes_[t][i] for i in r] for t, r in enumerate(clf.net_.module_.heads.ranks)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (lambda v: v, ["bold", "regular", "thin"]),
        (lambda v: pd.Categorical(v, categories=LEVELS, ordered=True), LEVELS),
        (lambda v: pd.Categorical(v, categories=["none", *LEVELS, "black"], ordered=True), LEVELS),
        (lambda v: pd.Categorical(v, categories=LEVELS), ["bold", "regular", "thin"]),
    ],
)
def test_the_order_of_the_categories(data, column, expected):
    images, digit, level = data
    head = OrdinalHead()
    clf = MultiTaskCNNClassifier(head={"level": head}, **SMALL)
    clf.fit(images, pd.DataFrame({"digit": digit, "level": column(level)}))
    assert ranks(clf) == [None, expected]
    assert clf.head["level"] is head
    assert head.order is None
    given = MultiTaskCNNClassifier(head={"level": OrdinalHead(order=expected)}, **SMALL)
    given.fit(images, pd.DataFrame({"digit": digit, "level": level}))
    np.testing.assert_array_equal(clf.predict_proba(images)[1], given.predict_proba(images)[1])


def test_the_order_of_a_polars_enum(data):
    images, digit, level = data
    y = pl.DataFrame({"digit": digit, "level": pl.Series(level, dtype=pl.Enum(LEVELS))})
    assert ranks(MultiTaskCNNClassifier(head={"level": OrdinalHead()}, **SMALL).fit(images, y)) == [None, LEVELS]


def test_the_heads_own_order_comes_first(data):
    images, _, level = data
    y = pd.Series(pd.Categorical(level, categories=LEVELS, ordered=True), name="level")
    clf = MultiTaskCNNClassifier(head=OrdinalHead(order=LEVELS[::-1]), **SMALL).fit(images, y)
    assert [clf.classes_[i] for i in clf.net_.module_.heads.ranks[0]] == LEVELS[::-1]


def test_a_fold_that_lacks_a_rare_level(data):
    images, digit, level = data
    level = np.where(level == "bold", "regular", level)
    level[0] = "bold"
    y = pd.DataFrame({"digit": digit, "level": level})
    scores = cross_val_score(
        MultiTaskCNNClassifier(head={"level": OrdinalHead(order=LEVELS)}, **SMALL),
        images,
        y,
        cv=KFold(2),
        error_score="raise",
    )
    assert np.isfinite(scores).all()
