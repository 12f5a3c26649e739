"""Every weighting through the estimator: with missing labels, weights, any head, continued, searched."""

import copy
import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from torchjd import aggregation

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import multi_task_scorer
from skmtl.nn import ConvTrunk, MLPHead
from skmtl.weighting import WEIGHTINGS, DynamicWeightAverage, GradNorm, LossWeighting, StepWeights, gramian_weights

NAMES = list(WEIGHTINGS)
GRADIENT = [name for name, cls in WEIGHTINGS.items() if "gramian" in cls.reads]
TASKS = ["left", "right", "same"]


@pytest.fixture(scope="module")
def digits():
    """80 images, three tasks of 10, 10 and 2 classes."""
    X, y = load_two_digits(n_samples=80, return_X_y=True, as_frame=True)
    return X, y.assign(same=(y["left"] > y["right"]).astype(int))


def make(**params):
    defaults = {"trunk": ConvTrunk(channels=(4,), hidden=(8,)), "max_epochs": 2, "batch_size": 16, "random_state": 0}
    return MultiTaskCNNClassifier(**(defaults | params))


def weights_of(clf, epoch=-1):
    return np.array([clf.history_[epoch][f"{name}_weight"] for name in clf.task_names_])


def probabilities(clf, X):
    return np.hstack(clf.predict_proba(X))


@pytest.mark.parametrize("name", NAMES)
def test_weights_average_one_and_the_model_learns(digits, name):
    clf = make(weighting=name, max_epochs=6, lr=1e-2).fit(*digits)
    assert np.isfinite(probabilities(clf, digits[0])).all()
    if name not in ("imtl-g", "aligned-mtl"):  # these may be negative
        for epoch in range(6):
            assert weights_of(clf, epoch).mean() == pytest.approx(1)
            assert (weights_of(clf, epoch) >= 0).all()
    losses = [sum(row[f"{t}_train_loss"] for t in TASKS) for row in clf.history_]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_everything_at_once(digits, name):
    """Missing labels, a task with few of them, sample weights, class weights, batch norm, dropout, mixed heads."""
    X, y = digits
    y = y.astype("Int64")
    rng = np.random.default_rng(0)
    y = y.mask(pd.DataFrame(rng.random(y.shape) < [0.3, 0.2, 0.9], columns=y.columns))
    clf = make(
        weighting=name,
        head={"right": MLPHead(hidden=(6,), dropout=0.2), "same": "sigmoid"},
        trunk=ConvTrunk(channels=(4,), hidden=(8,), normalization="batch", dropout=0.1),
        class_weight={"left": "balanced"},
        task_weights={"left": 1, "right": 2, "same": 1},
        batch_size=8,
        record_conflicts=True,
        early_stopping=True,
        validation_fraction=0.3,
    ).fit(X, y, sample_weight=rng.uniform(0.5, 2, len(X)))
    assert np.isfinite(probabilities(clf, X)).all()
    assert np.isfinite(weights_of(clf)).all()
    assert np.isfinite(clf.history_[-1]["train_loss"])


@pytest.mark.parametrize("name", NAMES)
def test_one_task_is_plain_training(digits, name):
    X, y = digits
    plain = make().fit(X, y["left"])
    clf = make(weighting=name).fit(X, y["left"])
    assert clf.history_[-1]["left_weight"] == pytest.approx(1)
    np.testing.assert_allclose(clf.predict_proba(X), plain.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_model_whatever_the_global_one(digits, name):
    first = make(weighting=name).fit(*digits)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    second = make(weighting=name).fit(*digits)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(probabilities(first, digits[0]), probabilities(second, digits[0]))


@pytest.mark.parametrize("name", NAMES)
def test_state_survives_pickling_and_goes_on(digits, name):
    X, y = digits
    clf = make(weighting=name, warm_start=True, lr_scheduler="constant").fit(X, y)
    again = pickle.loads(pickle.dumps(clf))
    other = copy.deepcopy(clf)
    for model in (clf, again, other):
        model.fit(X, y)
        assert model.n_iter_ == 4
    np.testing.assert_array_equal(probabilities(clf, X), probabilities(again, X))
    np.testing.assert_array_equal(probabilities(clf, X), probabilities(other, X))
    np.testing.assert_array_equal(weights_of(clf), weights_of(again))


@pytest.mark.parametrize(("name", "learned"), [("uncertainty", "s_"), ("gradnorm", "w_"), ("famo", "xi_")])
def test_what_is_learned_goes_on_where_it_was(digits, name, learned):
    X, y = digits
    spec = WEIGHTINGS[name](lr=0.2)
    clf = make(weighting=spec, lr_scheduler="constant", warm_start=True).fit(X, y)
    before = getattr(clf.net_.weighting, learned).value.clone()
    assert before.std() > 0.01
    clf.set_params(task_weights=[1, 1, 2], max_epochs=1).fit(X, y)
    after = getattr(clf.net_.weighting, learned)
    # Adam counts its steps: 3 epochs of 5 batches.
    assert after.optimizer.state_dict()["state"][0]["step"] == -(-15 // getattr(spec, "every", 1))
    assert not torch.equal(after.value, before)
    assert vars(spec) == vars(type(spec)(lr=0.2))


def test_dwa_sees_the_epochs_of_all_fits(digits):
    X, y = digits
    clf = make(weighting=DynamicWeightAverage(temperature=0.5), max_epochs=1, warm_start=True, lr=1e-2)
    for _ in range(3):
        clf.fit(X, y)
    assert weights_of(clf, 0).tolist() == weights_of(clf, 1).tolist() == [1, 1, 1]
    losses = np.array([[row[f"{t}_train_loss"] for t in TASKS] for row in clf.history_])
    ratio = np.exp(losses[1] / losses[0] / 0.5)
    np.testing.assert_allclose(weights_of(clf, 2), 3 * ratio / ratio.sum(), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_partial_fit_with_chunks_that_lack_a_task(digits, name):
    X, y = digits
    y = y.astype("Int64")
    y.loc[40:, "same"] = pd.NA
    clf = make(weighting=name)
    for start in (0, 20, 40, 60):
        clf.partial_fit(X[start : start + 20], y[start : start + 20], classes=[range(10), range(10), range(2)])
    assert np.isfinite(probabilities(clf, X)).all()


@pytest.mark.parametrize("name", [*NAMES, "torchjd", "torchjd aggregator"])
@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_a_task_that_is_turned_off_changes_nothing_of_the_others(digits, name, level):
    X, y = digits
    weighting = {"torchjd": aggregation.UPGrad(), "torchjd aggregator": aggregation.ConFIG()}.get(name, name)
    params = {"weighting": weighting, "gradient_level": level, "task_weights": [1, 0, 1], "max_epochs": 3}
    off = make(**params).fit(X, y)
    assert off.history_[-1]["right_weight"] == 0
    scrambled = y.assign(right=y["right"].sample(frac=1, random_state=0).to_numpy())
    other = make(**params).fit(X, scrambled)
    np.testing.assert_allclose(off.predict_proba(X)[0], other.predict_proba(X)[0], atol=1e-9)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("random", "pcgrad")])  # these draw more for three
def test_two_tasks_beside_one_turned_off_are_two_tasks(name):
    three = StepWeights(WEIGHTINGS[name]().build(3), torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64))
    two = StepWeights(WEIGHTINGS[name]().build(2), torch.ones(2, dtype=torch.float64))
    rng = np.random.default_rng(0)
    for _ in range(4):
        for _ in range(30):
            losses, again = torch.from_numpy(rng.uniform(0.5, 2, (2, 3)))
            J = rng.normal(size=(3, 5))
            gramian, both = torch.from_numpy(J @ J.T), [0, 2]
            found = three(losses, gramian=gramian)
            expected = two(losses[both], gramian=gramian[both][:, both])
            np.testing.assert_allclose(found[both] / 1.5, expected, rtol=1e-5, atol=1e-7)
            if name == "famo":
                three.look_again(again)
                two.look_again(again[both])
        three.end_epoch(losses.tolist())
        two.end_epoch(losses[both].tolist())
    if name not in ("equal", "mgda"):
        assert abs(float(expected[0] - expected[1])) > 1e-3


@pytest.mark.parametrize(("name", "learned"), [("famo", "xi_"), ("gradnorm", "w_")])
def test_nothing_is_learned_of_a_task_without_labels(digits, name, learned):
    X, y = digits
    classes = [range(10), range(10), range(2)]
    clf = make(weighting=name, batch_size=8).partial_fit(X, y, classes=classes)
    before = getattr(clf.net_.weighting, learned).value.clone()
    for _ in range(3):
        clf.partial_fit(X, y.assign(same=np.nan))
    after = getattr(clf.net_.weighting, learned).value
    assert abs(float(after[0] - before[0])) > 1e-4
    assert after[2] == before[2]


@pytest.mark.parametrize("name", ["uncertainty", "imtl-l"])
def test_nothing_is_learned_of_a_task_that_never_had_labels(digits, name):
    X, y = digits
    clf = make(weighting=name).partial_fit(X, y.assign(same=np.nan), classes=[range(10), range(10), range(2)])
    assert clf.net_.weighting.s_.value[2] == 0
    assert (clf.net_.weighting.s_.value[:2] != 0).all()


@pytest.mark.parametrize("name", GRADIENT)
def test_the_levels_differ_and_both_average_one(digits, name):
    representation = make(weighting=name).fit(*digits)
    parameters = make(weighting=name, gradient_level="parameters").fit(*digits)
    assert np.abs(probabilities(representation, digits[0]) - probabilities(parameters, digits[0])).max() > 1e-9
    assert np.abs(weights_of(parameters)).mean() == pytest.approx(1, abs=0.1)


def test_conflicts_in_the_history(digits):
    X, y = digits
    # The third task's labels are the first one's, the second's are drawn by lot.
    y = pd.DataFrame({"a": y["left"] % 2, "b": np.random.default_rng(0).integers(0, 2, len(y)), "c": y["left"] % 2})
    clf = make(record_conflicts=True, max_epochs=8, lr=1e-2).fit(X, y)
    row = clf.history_[-1]
    cosine, conflict = np.array(row["gradient_cosine"]), np.array(row["gradient_conflict"])
    np.testing.assert_allclose(cosine, cosine.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(cosine), 1)
    assert (np.diag(conflict) == 0).all()
    assert abs(cosine[0, 2]) > abs(cosine[0, 1])
    assert row["conflict_rate"] == pytest.approx((conflict[0, 1] + conflict[0, 2] + conflict[1, 2]) / 3)
    assert "conflict_rate" not in make().fit(X, y).history_[-1]


def test_conflicts_where_a_task_is_mostly_absent(digits):
    X, y = digits
    y = pd.DataFrame({"a": y["left"] % 2, "b": np.nan})
    y.loc[:3, "b"] = [0, 1, 0, 1]
    clf = make(record_conflicts=True, batch_size=2, max_epochs=1).fit(X, y)
    row = clf.history_[0]
    assert np.isfinite(row["gradient_cosine"]).all()
    # Batches without a label of b count in no share of its.
    assert row["gradient_cosine"][1][1] == pytest.approx(1)


def test_opposed_labels_are_opposed_gradients(digits):
    """Heads that start alike and want opposite things of the trunk: the cosine is -1 and every step a conflict."""

    class Twin:
        def build(self, n_features, n_classes):
            torch.manual_seed(0)
            return torch.nn.Linear(n_features, n_classes)

    X, y = digits
    odd = y["left"].to_numpy() % 2
    clf = make(head=Twin(), record_conflicts=True, max_epochs=1, lr=1e-9).fit(X, np.column_stack([odd, 1 - odd, odd]))
    row = clf.history_[0]
    cosine, conflict = np.array(row["gradient_cosine"]), np.array(row["gradient_conflict"])
    assert cosine[0, 2] == pytest.approx(1)
    assert cosine[0, 1] < -0.5
    np.testing.assert_array_equal(conflict, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert row["conflict_rate"] == pytest.approx(2 / 3)


def test_search_over_methods_and_their_parameters(digits):
    X, y = digits
    search = GridSearchCV(
        make(max_epochs=1),
        [
            {"weighting": ["equal", "pcgrad", "mgda"], "gradient_level": ["representation", "parameters"]},
            {"weighting": [DynamicWeightAverage()], "weighting__temperature": [1.0, 4.0]},
            {"weighting": ["gradnorm"], "weighting__alpha": [0.5]},
        ],
        scoring=multi_task_scorer("accuracy"),
        refit="mean_accuracy",
        cv=2,
        error_score="raise",
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 9
    assert np.isfinite(search.cv_results_["mean_test_left_accuracy"]).all()
    assert make(weighting="gradnorm").set_params(weighting__alpha=0.5).weighting.alpha == 0.5


def test_the_spec_is_never_changed(digits):
    spec = GradNorm(alpha=0.7)
    clf = make(weighting=spec).fit(*digits)
    assert vars(spec) == {"alpha": 0.7, "lr": spec.lr}
    assert clf.net_.weighting is not spec


def test_the_method_and_the_level_cannot_change_under_a_warm_start(digits):
    clf = make(weighting="mgda", warm_start=True).fit(*digits)
    with pytest.raises(ValueError, match="gradient_level is not what it was"):
        clf.set_params(gradient_level="parameters").fit(*digits)
    clf.set_params(gradient_level="representation", record_conflicts=True).fit(*digits)
    assert "conflict_rate" in clf.history_[-1]
    with pytest.raises(ValueError, match="weighting is not what it was"):
        clf.set_params(weighting="pcgrad").fit(*digits)


def test_a_spec_that_builds_itself_is_not_trained_with(digits):
    class Itself(LossWeighting):
        def build(self, n_tasks):
            return self

        def weights(self, losses):
            self.steps_ = getattr(self, "steps_", 0) + 1
            return losses

    spec = Itself()
    clf = make(weighting=spec).fit(*digits)
    assert vars(spec) == {}
    assert clf.net_.weighting.steps_ == 10


@pytest.mark.parametrize("change", ["duck", "torchjd"])
def test_an_object_changed_in_place_is_noticed_under_a_warm_start(digits, change):
    class Duck:
        power = 1.0

        def build(self, n_tasks):
            return self

        def weights(self, losses):
            return losses**self.power

    spec = Duck() if change == "duck" else aggregation.CAGrad(c=0.1)
    clf = make(weighting=spec, warm_start=True).fit(*digits).fit(*digits)
    assert clf.n_iter_ == 4
    if change == "duck":
        spec.power = 2.0
    else:
        spec.c = 5.0
    with pytest.raises(ValueError, match="weighting is not what it was"):
        clf.fit(*digits)


def test_gramian_weights_in_another_thread_draw_nothing_from_a_fit(digits):
    X, y = digits
    trunk = ConvTrunk(channels=(4,), hidden=(8,), dropout=0.3)
    alone = make(trunk=trunk, max_epochs=6).fit(X, y)
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            gramian_weights("pcgrad", np.eye(3), random_state=0)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        beside = make(trunk=trunk, max_epochs=6).fit(X, y)
    finally:
        stop.set()
        thread.join()
    np.testing.assert_array_equal(probabilities(beside, X), probabilities(alone, X))


def test_learned_weights_of_the_users_keep_no_graph(digits):
    class Learnable(LossWeighting):
        def build(self, n_tasks):
            built = super().build(n_tasks)
            built.p_ = torch.zeros(n_tasks, requires_grad=True)
            return built

        def weights(self, losses):
            return self.p_.softmax(0)

    clf = make(weighting=Learnable()).fit(*digits)
    assert clf.net_.weighting.p_.grad is None


class Recording(LossWeighting):
    def weights(self, losses):
        self.seen_ = [*getattr(self, "seen_", []), losses.tolist()]
        return torch.ones_like(losses)

    def end_epoch(self, losses):
        self.epochs_ = [*getattr(self, "epochs_", []), losses.tolist()]


def test_losses_are_means_over_the_labelled_cells(digits):
    X, y = digits
    y = y.assign(same=[1, 0] * 40)
    half = y.mask(np.arange(80)[:, None] % 4 < [0, 2, 0])  # half of "right" is missing
    weights = pd.DataFrame({"left": 1.0, "right": 1.0, "same": [1.0, 3.0] * 40})
    clf = make(weighting=Recording(), batch_size=80, max_epochs=1, lr=1e-12, weight_decay=0).fit(X, half, weights)
    logs = clf.predict_log_proba(X)
    cells = [-log[np.arange(80), labels] for log, labels in zip(logs, y.to_numpy().T, strict=True)]
    known = np.arange(80) % 4 >= 2
    expected = [cells[0].mean(), cells[1][known].mean(), np.average(cells[2], weights=weights["same"])]
    np.testing.assert_allclose(clf.net_.weighting.seen_[0], expected, rtol=1e-5)


def test_the_last_known_loss_outlives_a_chunk(digits):
    X, y = digits
    classes = [range(10), range(10), range(2)]
    clf = make(weighting=Recording(), batch_size=80, task_weights=[1, 0, 1]).partial_fit(X, y, classes=classes)
    clf.partial_fit(X, y.assign(same=np.nan))
    first, second = clf.net_.weighting.seen_
    assert second[2] == first[2] > 0
    assert second[0] != first[0]
    assert first[1] == second[1] == 0
    assert [epoch[1] for epoch in clf.net_.weighting.epochs_] == [0, 0]


def test_a_task_turned_on_is_drawn_at_once(digits):
    X, y = digits
    y = y[["left", "right"]].astype(float)
    y.iloc[:60, 1] = np.nan
    y.iloc[60:, 0] = np.nan
    clf = make(task_sampling="uniform", task_weights=[1, 0], warm_start=True).fit(X, y)
    clf.set_params(task_weights=[1, 1]).fit(X, y)
    assert clf.history_[-1]["right_train_loss"] > 0


def test_a_failed_fit_leaves_the_weights_of_the_last(digits):
    clf = make(weighting="mgda", warm_start=True, task_weights=[1, 2, 1]).fit(*digits)
    clf.set_params(task_weights=[5, 1, 1], lr=1e30, record_conflicts=True)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(*digits)
    assert (clf.net_.task_weights / clf.net_.task_weights[0]).tolist() == [1, 2, 1]
    assert not clf.net_.record_conflicts
    assert clf.net_.lr == make().lr


def test_what_weighs_rows_knows_absent_tasks(digits):
    class Uneven(LossWeighting):
        reads = ("jacobian",)

        def weights(self, jacobian):
            return torch.tensor([1.0, 9.0])

    X, y = digits
    y = y[["left", "right"]].assign(right=[*range(8), *[np.nan] * 72])
    clf = make(weighting=Uneven(), batch_size=8, max_epochs=1).fit(X, y)
    few = weights_of(clf)
    # Where a batch lacks "right", "left" is alone and weighs 1.
    assert 0.2 < few[0] < 1
    assert few.mean() == pytest.approx(1)


def test_gradients_far_below_single_precision(digits):
    X, y = digits
    y = pd.DataFrame({"a": (y["left"] > 4).astype(int), "b": (y["right"] > 4).astype(int)})
    clf = make(weighting="nash-mtl", precision="float32", weight_decay=0.0).fit(X, y)
    with torch.no_grad():
        heads = clf.net_.module_.heads.linear
        heads.bias.copy_(torch.tensor([100.0, 0.0, 100.0, 0.0]))
        heads.weight *= 0.01
    clf.partial_fit(X, y * 0)
    assert np.isfinite(probabilities(clf, X)).all()
