"""Four ways to measure which tasks help which, behind one function."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from skmtl import MultiTaskCNNClassifier
from skmtl.exceptions import UnstableAffinityWarning
from skmtl.model_selection import TaskAffinity, task_affinity
from skmtl.nn import ConvTrunk

METHODS = ("lookahead", "gradient_cosine", "transfer", "label_association")


@pytest.fixture(scope="module")
def digits():
    """Images, and four questions about them."""
    X, digit = load_digits(return_X_y=True)
    loop = np.isin(digit, [0, 6, 8, 9]) * 1
    return X.reshape(-1, 8, 8), pd.DataFrame({"digit": digit, "odd": digit % 2, "high": digit // 5, "loop": loop})


def small(**params):
    return MultiTaskCNNClassifier(**({"trunk": ConvTrunk(channels=(2,), hidden=(4,)), "max_epochs": 1} | params))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")
def test_one_form_for_all(digits, method):
    X, y = digits[0][:100], digits[1][:100]
    estimator = small(random_state=7)
    result = task_affinity(estimator, X, y, method, n_repeats=2, random_state=0)
    assert isinstance(result, TaskAffinity)
    assert result.method == method
    assert result.task_names == list(y) == list(result.affinity.index) == list(result.standard_error.columns)
    assert result.repeats.shape == (2, 4, 4)
    assert (result.losses is not None) == (method == "transfer")
    assert estimator.random_state == 7
    assert estimator.callbacks is None
    if method != "label_association":
        np.testing.assert_allclose(result.affinity, result.repeats.mean(0))
        np.testing.assert_allclose(result.standard_error, result.repeats.std(0, ddof=1) / 2**0.5, atol=1e-15)
        assert not np.array_equal(*result.repeats)
    if method in ("gradient_cosine", "label_association"):
        np.testing.assert_allclose(result.affinity, result.affinity.T)
        np.testing.assert_allclose(np.diag(result.affinity), 1)
    before = np.random.get_state()[1]  # noqa: NPY002
    again = task_affinity(estimator, X, y, method, n_repeats=2, random_state=0)
    np.testing.assert_array_equal(again.repeats, result.repeats)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")
def test_in_several_processes_it_is_the_same(digits):
    X, y = digits[0][:60], digits[1][:60]
    one, two = (task_affinity(small(), X, y, n_repeats=2, random_state=0, n_jobs=n) for n in (None, 2))
    np.testing.assert_allclose(one.repeats, two.repeats, rtol=1e-6, atol=1e-12)


def test_a_shuffled_task_gives_least(digits):
    X, y = digits
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(4,), hidden=(16,)), max_epochs=20)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(X))[:600]
        tasks = y.iloc[rows].assign(shuffled=rng.permutation(y["odd"].iloc[rows]))
        found = task_affinity(clf, X[rows], tasks, n_repeats=1, every=5, random_state=seed).affinity
        # What a task gives: the mean over its row, itself left out.
        given = found.where(~np.eye(5, dtype=bool)).mean(axis=1)
        assert given.idxmin() == "shuffled"
        assert given["digit"] > 5 * abs(given["shuffled"])


def test_repeats_that_disagree_are_told(digits):
    X, y = digits[0][:60], digits[1][:60]
    rng = np.random.default_rng(0)
    y = pd.DataFrame({name: rng.integers(2, size=60) for name in "abcd"})
    with pytest.warns(UnstableAffinityWarning, match=r"No task .* what 3 repeats .*more labels may help") as caught:
        result = task_affinity(small(), X, y, random_state=0)
    assert result.stability < 0.5
    assert caught[0].filename == __file__
    # One repeat cannot disagree, and two tasks leave no choice.
    assert np.isnan(task_affinity(small(), X, y, n_repeats=1, random_state=0).standard_error).all(axis=None)
    task_affinity(small(), X, y[["a", "b"]], random_state=0)


@pytest.mark.parametrize("association", ["cramers_v", "mutual_information"])
def test_unrelated_labels_are_told(association):
    y = pd.DataFrame(np.random.default_rng(0).integers(3, size=(400, 4)), columns=list("abcd"))
    with pytest.warns(UnstableAffinityWarning, match="No task is seen to give another anything: what 100 resamples"):
        result = task_affinity(None, None, y, "label_association", association=association, random_state=0)
    assert result.nothing_seen
    y = pd.DataFrame(np.random.default_rng(0).integers(3, size=(400, 10)), columns=list("abcdefghij"))
    y["b"] = y["a"].where(np.arange(400) % 3 == 0, y["b"])
    told = r"The 100 resamples rank .*correlation.*below 0\.5.*more rows may help, more resamples do not"
    with pytest.warns(UnstableAffinityWarning, match=told):
        task_affinity(None, None, y, "label_association", association=association, random_state=0)


def test_repeats_that_agree_are_not(digits):
    result = task_affinity(None, None, digits[1], "label_association")
    assert result.stability > 0.9
    assert result.repeats.shape[0] == 100


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")
def test_arrays_missing_labels_and_weights(digits):
    X, y = digits[0][:80], digits[1][:80].to_numpy()[:, 1:].copy()
    y[::3, 0] = -1
    weights = np.ones(80)
    weights[1::3] = 0
    clf = small(missing_label=-1)
    result = task_affinity(clf, X, y, sample_weight=weights, n_repeats=1, random_state=0, every=1)
    assert result.task_names == ["task0", "task1", "task2"]
    kept = weights > 0
    without = task_affinity(clf, X[kept], y[kept], n_repeats=1, random_state=0, every=1)
    # Rows of weight 0 are none at all.
    np.testing.assert_allclose(result.affinity, without.affinity, rtol=1e-5, atol=1e-9)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")
@pytest.mark.parametrize("method", ["lookahead", "gradient_cosine"])
def test_repeats_that_know_nothing_of_a_task_do_not_count(digits, method):
    X, y = digits[0][:60], digits[1][:60].astype(float)
    y.loc[4:, "odd"] = np.nan  # four labels, which not all probed batches have
    result = task_affinity(small(batch_size=8), X, y, method, n_repeats=8, every=4, random_state=0)
    found = result.repeats[:, 1, 0]
    known = found[np.isfinite(found)]
    assert 1 < len(known) < 8
    assert result.affinity.loc["odd", "digit"] == pytest.approx(known.mean())
    assert result.standard_error.loc["odd", "digit"] == pytest.approx(known.std(ddof=1) / len(known) ** 0.5)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("lookahead", {"cv": 3}),
        ("lookahead", {"scoring": "accuracy"}),
        ("gradient_cosine", {"association": "cramers_v"}),
        ("transfer", {"every": 3}),
        ("label_association", {"every": 3}),
        ("label_association", {"sample_weight": np.ones(60)}),
        ("label_association", {"params": {"groups": np.ones(60)}}),
    ],
    ids=str,
)
def test_an_option_of_another_method_is_not_ignored(digits, method, options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is an option of '.*does nothing for method='{method}'"):
        task_affinity(small(), digits[0][:60], digits[1][:60], method, **options)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"method": "lookahaed"}, ValueError, "method must be one of .*Did you mean 'lookahead'"),
        ({"estimator": None}, ValueError, "estimator is None, but method='lookahead' trains it"),
        ({"estimator": RandomForestClassifier()}, TypeError, "'transfer' or 'label_association'"),
        ({"estimator": RandomForestClassifier, "method": "label_association"}, TypeError, r"pass an instance, Random"),
        ({"estimator": FrozenEstimator(small())}, TypeError, "is frozen, but method='lookahead' trains it anew"),
        ({"estimator": FrozenEstimator(small()), "method": "transfer"}, TypeError, "pass the classifier inside it"),
        ({"method": "transfer", "cv": []}, ValueError, r"cv must have a split.*Got \[\], which has none"),
        (
            {"method": "transfer", "y": np.c_[np.arange(60) % 2, np.full(60, np.nan)]},
            ValueError,
            "'task1' has no label",
        ),
        ({"n_repeats": 0}, ValueError, "'n_repeats' parameter of task_affinity"),
        ({"every": 0}, ValueError, "'every' parameter of task_affinity"),
        ({"association": "phi", "method": "label_association"}, ValueError, "'association' parameter"),
        ({"y": np.zeros(60)}, ValueError, "at least two tasks"),
        ({"X": np.zeros((59, 8, 8))}, ValueError, "inconsistent numbers of samples: 59 images, 60 rows"),
        ({"sample_weight": np.ones(59)}, ValueError, "sample_weight must have shape"),
        ({"params": {"sample_weight": np.ones(60)}}, ValueError, "params holds 'sample_weight': pass it as"),
        (
            {"estimator": KNeighborsClassifier(), "method": "transfer", "sample_weight": np.ones(60)},
            TypeError,
            "KNeighborsClassifier takes none",
        ),
        (
            {"estimator": MultiOutputClassifier(LinearSVC()), "method": "transfer"},
            AttributeError,
            "The metric 'neg_log_loss' needs predict_proba, which MultiOutputClassifier does not have: .*'accuracy'",
        ),
        ({"params": 3}, ValueError, "The 'params' parameter of task_affinity must be"),
        (
            {"method": "transfer", "sample_weight": np.ones(60), "scoring": lambda y, p: 0.5},
            ValueError,
            "sample_weight was given, but the metric",
        ),
        ({"method": "transfer", "scoring": "acuracy"}, ValueError, "Did you mean 'accuracy'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_refused_before_any_training(digits, change, error, message):
    given = {"estimator": small(), "X": digits[0][:60], "y": digits[1][:60], "method": "lookahead"} | change
    with pytest.raises(error, match=message):
        task_affinity(**given)
