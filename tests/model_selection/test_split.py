"""The splitters: scikit-learn's protocol, class shares, classes kept in training."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, StratifiedKFold, cross_val_score

from skmtl.model_selection import MultiTaskStratifiedKFold, MultiTaskStratifiedShuffleSplit

SPLITTERS = [
    MultiTaskStratifiedKFold(3),
    MultiTaskStratifiedKFold(3, shuffle=True, random_state=0),
    MultiTaskStratifiedShuffleSplit(3, test_size=0.2, random_state=0),
]


def digit_labels():
    digit = load_digits().target
    return np.column_stack([digit, digit % 2, digit >= 5])


def splits(cv, y):
    return [(train.tolist(), test.tolist()) for train, test in cv.split(np.zeros((len(y), 1)), y)]


def share_deviation(cv, y):
    """Largest difference, over splits, tasks and classes, between a share in the test part and in all rows."""
    worst = 0.0
    for _, test in cv.split(np.zeros((len(y), 1)), y):
        for column in y.T:
            for label in np.unique(column):
                worst = max(worst, abs(np.mean(column[test] == label) - np.mean(column == label)))
    return worst


def lost_classes(y, train):
    return [
        (t, label)
        for t, column in enumerate(y.T)
        for label, count in zip(*np.unique(column, return_counts=True), strict=True)
        if count >= 2 and label not in column[train]
    ]


def rare_labels(seed):
    """Three tasks of 60 rows with five classes of exactly two rows each."""
    random_state = np.random.RandomState(seed)
    y = np.zeros((60, 3), dtype=int)
    for t in range(3):
        y[random_state.permutation(60)[:10], t] = 1 + np.arange(10) // 2
    return y


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n_splits", [2, 5, 7])
def test_folds_partition_the_rows_and_have_kfolds_sizes(n_splits, shuffle):
    y = digit_labels()
    cv = MultiTaskStratifiedKFold(n_splits, shuffle=shuffle, random_state=0 if shuffle else None)
    tests = [test for train, test in cv.split(y, y) if not set(train) & set(test)]
    assert [len(t) for t in tests] == [len(t) for _, t in KFold(n_splits).split(y)]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(y)))


@pytest.mark.parametrize("size", [{}, {"test_size": 0.3}, {"train_size": 100}, {"test_size": 0.2, "train_size": 0.33}])
def test_shuffle_split_has_scikit_learns_sizes_and_no_row_twice(size):
    y = digit_labels()
    ours = MultiTaskStratifiedShuffleSplit(2, random_state=0, **size).split(y, y)
    theirs = ShuffleSplit(2, random_state=0, **size).split(y)
    for (train, test), (train_, test_) in zip(ours, theirs, strict=True):
        assert (len(train), len(test)) == (len(train_), len(test_))
        assert len(np.unique(np.concatenate([train, test]))) == len(train) + len(test)


def test_kfold_class_shares_on_real_labels():
    y = digit_labels()
    # One row in a fold is 0.0028. When written: 0.0024 for every seed, 0.031 to 0.065 for KFold over seeds 0 to 4.
    assert share_deviation(MultiTaskStratifiedKFold(5, shuffle=True, random_state=0), y) < 0.004
    assert share_deviation(MultiTaskStratifiedKFold(5), y) < 0.004
    assert share_deviation(KFold(5, shuffle=True, random_state=0), y) > 0.02


def test_shuffle_split_class_shares_on_real_labels():
    y = digit_labels()
    size = {"test_size": 0.2, "random_state": 0}
    # When written: 0.0021 for every seed, 0.026 to 0.068 for ShuffleSplit over seeds 0 to 4.
    assert share_deviation(MultiTaskStratifiedShuffleSplit(5, **size), y) < 0.004
    assert share_deviation(ShuffleSplit(5, **size), y) > 0.02


def test_one_column_is_as_even_as_stratified_kfold():
    y = load_digits().target
    ours, theirs = (
        np.sort([np.bincount(y[test]) for _, test in cv.split(y, y)], axis=0)
        for cv in (MultiTaskStratifiedKFold(5), StratifiedKFold(5))
    )
    np.testing.assert_array_equal(ours, theirs)


def test_one_column_may_be_one_or_two_dimensional():
    y = load_digits().target
    for cv in SPLITTERS:
        assert splits(cv, y) == splits(cv, y[:, None])


@pytest.mark.parametrize("n_splits", [3, 5])
def test_kfold_keeps_classes_of_two_rows_in_training(n_splits):
    for seed in range(60):
        y = rare_labels(seed)
        for train, _ in MultiTaskStratifiedKFold(n_splits, shuffle=True, random_state=seed).split(y, y):
            assert not lost_classes(y, train)


@pytest.mark.parametrize("test_size", [0.1, 0.25, 0.5])
def test_shuffle_split_keeps_classes_of_two_rows_in_training(test_size):
    for seed in range(60):
        y = rare_labels(seed)
        cv = MultiTaskStratifiedShuffleSplit(2, test_size=test_size, random_state=seed)
        for train, test in cv.split(y, y):
            assert not lost_classes(y, train)
            assert len(test) == 60 * test_size


def test_a_small_training_part_still_has_every_class():
    y = np.column_stack([np.arange(200) % 7, np.repeat([0, 1], [198, 2])])
    for train, _ in MultiTaskStratifiedShuffleSplit(20, train_size=8, test_size=20, random_state=0).split(y, y):
        assert not lost_classes(y, train)


def test_ten_rows_give_a_sensible_validation_split():
    y = np.column_stack([np.arange(10) % 2, np.arange(10) // 2])
    for seed in range(30):
        cv = MultiTaskStratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
        ((train, test),) = cv.split(y, y)
        assert sorted(y[test, 0]) == [0, 1]
        assert not lost_classes(y, train)


def test_ten_rows_of_ten_classes_split_without_complaint():
    y = np.arange(10)
    ((train, test),) = MultiTaskStratifiedShuffleSplit(n_splits=1, test_size=0.1, random_state=0).split(y, y)
    assert (len(train), len(test)) == (9, 1)


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_same_random_state_same_splits(cv):
    y = digit_labels()[:300]
    assert splits(cv, y) == splits(cv, y) == splits(clone(cv, safe=False), y)


def test_other_random_states_give_other_splits():
    y = digit_labels()[:300]
    for make in (
        lambda seed: MultiTaskStratifiedKFold(3, shuffle=True, random_state=seed),
        lambda seed: MultiTaskStratifiedShuffleSplit(1, random_state=seed),
    ):
        assert splits(make(0), y) != splits(make(1), y)


def test_shuffle_split_splits_differ_and_are_in_random_order():
    y = digit_labels()[:300]
    (first, test), (second, _) = splits(MultiTaskStratifiedShuffleSplit(2, random_state=0), y)
    assert sorted(first) != sorted(second)
    assert first != sorted(first)
    assert test != sorted(test)


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_numpys_global_generator_is_left_alone(cv):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy state is what must not move
    splits(cv, rare_labels(0)[:, :1])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_missing_cells_are_spread_evenly():
    y = digit_labels().astype(float)
    y[np.random.RandomState(0).rand(len(y), 3) < 0.2] = np.nan
    missing = np.array([np.isnan(y[test]).sum(axis=0) for _, test in MultiTaskStratifiedKFold(5).split(y, y)])
    assert np.ptp(missing, axis=0).max() <= 2


def test_missing_label_reads_like_nan():
    y = digit_labels().astype(float)
    marked = y.copy()
    hidden = np.random.RandomState(0).rand(len(y), 3) < 0.2
    y[hidden], marked[hidden] = np.nan, -9
    for make in (MultiTaskStratifiedKFold, lambda **p: MultiTaskStratifiedShuffleSplit(2, random_state=0, **p)):
        assert splits(make(), y) == splits(make(missing_label=-9), marked)


def test_kinds_of_y_agree():
    array = digit_labels()
    words = np.array(["zero", "one", "two"], dtype=object)[array % 3]
    frame = pd.DataFrame(array, columns=["digit", "odd", "high"])
    cv = MultiTaskStratifiedKFold(3)
    assert splits(cv, array) == splits(cv, frame) == splits(cv, array.tolist()) == splits(cv, pl.from_pandas(frame))
    assert splits(cv, words) == splits(cv, words.tolist()) == splits(cv, pd.DataFrame(words))


def test_inputs_are_not_changed():
    y = digit_labels().astype(float)
    y[::7] = np.nan
    before = y.copy()
    for cv in SPLITTERS:
        splits(cv, y)
    np.testing.assert_array_equal(y, before)


def first_task_score(estimator, X, y):
    return float(np.mean(estimator.predict(X)[: len(X)] == np.asarray(y)[:, 0]))


class FirstTaskDummy(DummyClassifier):
    """A classifier that takes the whole target, and learns its first column."""

    def fit(self, X, y, sample_weight=None):
        assert np.shape(y)[1] == 3
        return super().fit(X, np.asarray(y)[:, 0].astype(str), sample_weight)


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_as_cv_with_strings_and_nan_in_a_dataframe(cv):
    X = load_digits().images[:240]
    labels = digit_labels()[:240]
    y = pd.DataFrame(
        {"digit": labels[:, 0], "parity": np.where(labels[:, 1], "odd", "even"), "high": labels[:, 2] * 1.0}
    )
    y.loc[::5, "high"] = np.nan
    y.loc[::6, "parity"] = None
    scores = cross_val_score(FirstTaskDummy(), X, y, cv=cv, scoring=first_task_score)
    assert scores.shape == (3,)
    search = GridSearchCV(
        FirstTaskDummy(), {"strategy": ["prior", "uniform"]}, cv=cv, scoring=first_task_score, refit=False
    )
    search = clone(search).fit(X, y)
    assert search.n_splits_ == 3
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_repr_and_get_n_splits():
    cv = MultiTaskStratifiedKFold(4, shuffle=True, random_state=7)
    assert " ".join(repr(cv).split()) == (
        "MultiTaskStratifiedKFold(missing_label=None, n_splits=4, random_state=7, shuffle=True)"
    )
    assert cv.get_n_splits() == 4
    cv = MultiTaskStratifiedShuffleSplit(test_size=0.2)
    assert " ".join(repr(cv).split()) == (
        "MultiTaskStratifiedShuffleSplit(missing_label=None, n_splits=10, random_state=None, test_size=0.2, "
        "train_size=None)"
    )
    assert cv.get_n_splits(X=None, y=None) == 10


@pytest.mark.parametrize("splitter", [MultiTaskStratifiedKFold, MultiTaskStratifiedShuffleSplit])
@pytest.mark.parametrize("n_splits", [2.0, "3", None, True, 0, -1])
def test_n_splits_must_be_a_positive_integer(splitter, n_splits):
    with pytest.raises(ValueError, match=rf"n_splits must be a positive integer\. Got {n_splits!r} instead"):
        splitter(n_splits)


def test_kfold_parameters_are_checked_as_in_scikit_learn():
    with pytest.raises(ValueError, match="n_splits=2 or more"):
        MultiTaskStratifiedKFold(1)
    with pytest.raises(TypeError, match="shuffle must be True or False"):
        MultiTaskStratifiedKFold(shuffle=1)
    with pytest.raises(ValueError, match="random_state has no effect since shuffle is False"):
        MultiTaskStratifiedKFold(random_state=0)


def test_more_folds_than_rows():
    with pytest.raises(ValueError, match=r"n_splits=5 greater than the number of samples: n_samples=3"):
        splits(MultiTaskStratifiedKFold(5), [0, 1, 0])


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_bad_targets(cv):
    X = np.zeros((6, 1))
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[6, 5\]"):
        list(cv.split(X, [0, 1, 0, 1, 0]))
    with pytest.raises(ValueError, match="the target y is None"):
        list(cv.split(X, None))
    with pytest.raises(ValueError, match="Task 'task1' of y cannot be stratified: Unknown label type: continuous"):
        list(cv.split(X, np.column_stack([np.arange(6) % 2, np.linspace(0.1, 0.9, 6)])))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"test_size": 1.5}, r"test_size=1.5 should be either positive"),
        ({"test_size": 6}, r"test_size=6 should be either positive"),
        ({"test_size": -1}, r"test_size=-1 should be either positive"),
        ({"test_size": "half"}, r"Invalid value for test_size: half"),
        ({"train_size": 0.0}, r"train_size=0.0 should be either positive"),
        ({"test_size": 0.7, "train_size": 0.7}, r"sum of test_size and train_size = 1.4"),
        ({"test_size": 4, "train_size": 4}, r"sum of train_size and test_size = 8"),
    ],
)
def test_sizes_out_of_range(size, message):
    with pytest.raises(ValueError, match=message):
        splits(MultiTaskStratifiedShuffleSplit(1, **size), [0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_groups_are_ignored_with_a_warning(cv):
    y = [0, 1] * 6
    with pytest.warns(UserWarning, match=f"groups parameter is ignored by {type(cv).__name__}"):
        list(cv.split(y, y, groups=y))
