import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
import torchjd.aggregation as ta
import torchjd.scalarization as ts
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk
from skmtl.weighting._resolve import build_weighting, resolve_weighting
from skmtl.weighting._torchjd import from_torchjd, is_torchjd

JACOBIAN = torch.tensor([[-4.0, 1.0, 1.0, 0.5], [6.0, 1.0, 1.0, -2.0], [0.5, -1.0, 2.0, 0.0]])


class RowNorms(ta.Weighting):
    """A user's own, which reads a Gramian."""

    def forward(self, gramian):
        return gramian.diagonal().sqrt()


class Largest(ta.Aggregator):
    def forward(self, matrix):
        return matrix.abs().amax(0)


class Clipped(ta.UPGrad):
    """More than a weighting, in spite of its ancestors."""

    def forward(self, matrix):
        return super().forward(matrix).clamp(-1, 1)


# One per exported name: what to pass for three tasks, and what it reads (None: refused).
CASES = {
    "Aggregator": (Largest, "jacobian"),
    "AlignedMTL": (lambda: ta.AlignedMTL(pref_vector=torch.tensor([1.0, 2.0, 3.0])), "gramian"),
    "AlignedMTLWeighting": (ta.AlignedMTLWeighting, "gramian"),
    "CAGrad": (lambda: ta.CAGrad(c=0.5), "gramian"),
    "CAGradWeighting": (lambda: ta.CAGradWeighting(c=0.5), "gramian"),
    "ConFIG": (lambda: ta.ConFIG(pref_vector=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)), "jacobian"),
    "Constant": (lambda: ta.Constant(torch.tensor([1.0, 2.0, 0.5])), "losses"),
    "ConstantWeighting": (lambda: ta.ConstantWeighting(torch.tensor([1.0, 2.0, 0.5])), "losses"),
    "CRMOGMWeighting": (lambda: ta.CRMOGMWeighting(ta.MGDAWeighting()), "gramian"),
    "DualProj": (ta.DualProj, "gramian"),
    "DualProjWeighting": (ta.DualProjWeighting, "gramian"),
    "ExcessMTL": (ta.ExcessMTL, "jacobian"),
    "ExcessMTLWeighting": (ta.ExcessMTLWeighting, "jacobian"),
    "FairGrad": (lambda: ta.FairGrad(alpha=1.0), "gramian"),
    "FairGradWeighting": (lambda: ta.FairGradWeighting(alpha=2.0), "gramian"),
    "GradDrop": (lambda: ta.GradDrop(leak=torch.tensor([0.1, 0.2, 0.3])), "jacobian"),
    "GradVac": (ta.GradVac, "gramian"),
    "GradVacWeighting": (ta.GradVacWeighting, "gramian"),
    "GramianWeightedAggregator": (lambda: ta.GramianWeightedAggregator(RowNorms()), "gramian"),
    "IMTLG": (ta.IMTLG, "gramian"),
    "IMTLGWeighting": (ta.IMTLGWeighting, "gramian"),
    "Krum": (lambda: ta.Krum(n_byzantine=0), "gramian"),
    "KrumWeighting": (lambda: ta.KrumWeighting(n_byzantine=0, n_selected=2), "gramian"),
    "Mean": (ta.Mean, "losses"),
    "MeanWeighting": (ta.MeanWeighting, "losses"),
    "MGDA": (ta.MGDA, "gramian"),
    "MGDAWeighting": (ta.MGDAWeighting, "gramian"),
    "MoDoWeighting": (ta.MoDoWeighting, None),
    "NashMTL": (lambda: ta.NashMTL(n_tasks=3), "jacobian"),
    "PCD": (lambda: ta.PCD(tau=torch.tensor([0.1, 0.2])), "gramian"),
    "PCDWeighting": (ta.PCDWeighting, "gramian"),
    "PCGrad": (ta.PCGrad, "gramian"),
    "PCGradWeighting": (ta.PCGradWeighting, "gramian"),
    "Random": (ta.Random, "losses"),
    "RandomWeighting": (ta.RandomWeighting, "losses"),
    "SDMGradWeighting": (ta.SDMGradWeighting, None),
    "Sum": (ta.Sum, "losses"),
    "SumWeighting": (ta.SumWeighting, "losses"),
    "TrimmedMean": (lambda: ta.TrimmedMean(trim_number=1), "jacobian"),
    "UPGrad": (lambda: ta.UPGrad(pref_vector=torch.tensor([1.0, 2.0, 3.0])), "gramian"),
    "UPGradWeighting": (ta.UPGradWeighting, "gramian"),
    "WeightedAggregator": (lambda: ta.WeightedAggregator(ta.CRMOGMWeighting(ta.ExcessMTLWeighting())), "jacobian"),
    "Weighting": (RowNorms, "gramian"),
}
USABLE = [name for name, (_, reads) in CASES.items() if reads]
SUMS = {"ConFIG", "GradDrop"}
NOT_DPP = pytest.mark.filterwarnings("ignore:.*not DPP")


def step(built, jacobian=JACOBIAN):
    """One training step's result: the weights, or of an aggregator the gradient."""
    torch.manual_seed(0)
    if built.reads == ("losses",):
        return torch.as_tensor(built.weights(torch.ones(len(jacobian)))).double()
    if built.reads == ("gramian",):
        gramian = (jacobian.double() @ jacobian.double().T).numpy()
        weights = built.weights(gramian)
        assert weights.dtype == np.float64
        return torch.as_tensor(weights)
    return (built.aggregate if hasattr(built, "aggregate") else built.weights)(jacobian).double()


def own(obj, reads):
    """What TorchJD says itself; the seed and the precision are those of `step`."""
    jacobian = JACOBIAN.double() if reads == "gramian" else JACOBIAN
    for part in obj.modules():
        for name, value in vars(part).items():
            if isinstance(value, torch.Tensor):
                vars(part)[name] = value.to(jacobian)
    torch.manual_seed(0)
    if isinstance(obj, ta.Aggregator):
        return obj(jacobian).double()
    return obj(jacobian @ jacobian.T if reads == "gramian" else jacobian).double()


def test_every_class_of_torchjd_has_a_case():
    assert set(ta.__all__) == set(CASES)


@NOT_DPP
@pytest.mark.parametrize("name", USABLE)
def test_same_as_torchjd(name):
    make, reads = CASES[name]
    obj = make()
    built = build_weighting(obj, 3, {})
    assert built.reads == (reads,)
    result = step(built)
    if isinstance(obj, ta.Aggregator):
        result = result * 3 if name in SUMS else result
        result = result if hasattr(built, "aggregate") else result @ JACOBIAN.double()
    np.testing.assert_allclose(result, own(make(), reads).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", USABLE)
def test_the_users_object_is_left_alone_and_the_built_one_travels(name):
    obj = CASES[name][0]()
    before = pickle.dumps(obj)
    assert type(clone(obj, safe=False)) is type(obj)
    built = from_torchjd(obj).build(3)
    other = JACOBIAN.flip(0) * 2
    step(built), step(built, other)
    assert pickle.dumps(obj) == before
    twins = copy.deepcopy(built), pickle.loads(pickle.dumps(built))
    expected = [step(built, j) for j in (JACOBIAN, other, JACOBIAN)]
    for twin in twins:
        for result, j in zip(expected, (JACOBIAN, other, JACOBIAN), strict=True):
            torch.testing.assert_close(step(twin, j), result)


@NOT_DPP
@pytest.mark.parametrize("name", ["GradVac", "PCD", "ExcessMTL", "NashMTL", "CRMOGMWeighting"])
def test_a_build_starts_anew(name):
    used = CASES[name][0]()
    torch.manual_seed(1)
    for _ in range(3):
        used((torch.eye(3) * torch.rand(3)).double() if name == "CRMOGMWeighting" else torch.randn(3, 4).double())
    fresh = step(from_torchjd(CASES[name][0]()).build(3))
    torch.testing.assert_close(step(from_torchjd(used).build(3)), fresh)


@pytest.mark.parametrize("name", USABLE)
def test_single_task(name):
    make = {
        "AlignedMTL": ta.AlignedMTL,
        "ConFIG": ta.ConFIG,
        "Constant": lambda: ta.Constant(torch.ones(1)),
        "ConstantWeighting": lambda: ta.ConstantWeighting(torch.ones(1)),
        "GradDrop": ta.GradDrop,
        "PCD": ta.PCD,
        "TrimmedMean": lambda: ta.TrimmedMean(0),
        "UPGrad": ta.UPGrad,
    }.get(name, CASES[name][0])
    # They compare three gradients at least; NashMTL(n_tasks=1) fails in TorchJD itself, too.
    if name in ("Krum", "KrumWeighting", "NashMTL"):
        with pytest.raises(ValueError, match=r"must fit a model of 1 task\. TorchJD says: "):
            build_weighting(make(), 1, {})
        return
    built = build_weighting(make(), 1, {})
    assert torch.isfinite(step(built, JACOBIAN[:1])).all()


@pytest.mark.parametrize("name", USABLE)
def test_gradients_of_zero(name):
    built = from_torchjd(CASES[name][0]()).build(3)
    one_unseen = JACOBIAN * torch.tensor([[1.0], [0.0], [1.0]])
    for jacobian in (JACOBIAN * 0, one_unseen, JACOBIAN * 1e-12, JACOBIAN * 1e8, JACOBIAN[[0, 0, 1]]):
        assert torch.isfinite(step(built, jacobian)).all()


@pytest.mark.parametrize("name", ["NashMTL", "ConFIG", "ExcessMTL"])
def test_a_step_that_overflowed_raises_nothing(name):
    built = from_torchjd(CASES[name][0]()).build(3)
    step(built, torch.full((3, 4), float("inf")))
    assert torch.isfinite(step(built)).all()


@pytest.mark.parametrize(
    ("obj", "only_active"),
    [
        (ta.MGDA(), True),
        (ta.CAGrad(c=0.5), True),
        (ta.UPGrad(), True),
        (ta.UPGrad(pref_vector=torch.ones(3)), False),
        (ta.Krum(n_byzantine=0), False),
        (ta.GradVac(), False),
        (ta.GramianWeightedAggregator(ta.CRMOGMWeighting(ta.MGDAWeighting())), False),
    ],
)
def test_tasks_without_label_are_left_out_where_the_object_allows_it(obj, only_active):
    assert from_torchjd(obj).build(3).only_active is only_active


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        (ta.UPGrad(pref_vector=torch.ones(3)), "3 rows"),
        (ta.Constant(torch.ones(3)), "3 rows"),
        (ta.NashMTL(n_tasks=3), "dimensions"),
        (ta.GradDrop(leak=torch.ones(3)), "exactly 3 rows"),
        (ta.TrimmedMean(trim_number=1), "at least 3 rows"),
        (ta.PCD(tau=torch.ones(2)), "one value per secondary objective"),
        (ta.CRMOGMWeighting(ta.MGDAWeighting(), initial_weights=torch.ones(3)), r"expected \(2,\)"),
        (ts.FAMO(3), r"shape \(3,\)"),
        (ts.Constant(torch.ones(3)), "shape"),
    ],
)
def test_wrong_number_of_tasks(obj, says):
    name = type(obj).__name__
    with pytest.raises(
        ValueError, match=rf"weighting={name}\([^\n]*must fit a model of 2 tasks. TorchJD says: .*{says}"
    ):
        build_weighting(obj, 2, {})


@pytest.mark.parametrize(
    "obj",
    [
        ta.MoDoWeighting(),
        ta.SDMGradWeighting(),
        ta.CRMOGMWeighting(ta.MoDoWeighting()),
        ta.WeightedAggregator(ta.SDMGradWeighting()),
    ],
)
def test_what_needs_two_batches(obj):
    with pytest.raises(ValueError, match=r"two independent batches; a training step has one batch. Pass another"):
        resolve_weighting(obj, {})


def test_a_class_instead_of_an_instance():
    assert not is_torchjd(ta.UPGrad)
    with pytest.raises(TypeError, match=r"Pass an instance, UPGrad\(\)"):
        resolve_weighting(ta.UPGrad, {})


def test_other_objects_of_torchjd():
    from torchjd.linalg import QuadprogProjector

    assert not is_torchjd(QuadprogProjector())
    assert not is_torchjd(torch.nn.Linear(1, 1))
    assert not is_torchjd("torchjd")


def test_scale_of_aggregators():
    jacobian = torch.tensor([[1.0, -2.0], [1.0, -2.0]])
    for obj in (ta.ConFIG(), ta.GradDrop(), ta.TrimmedMean(0)):
        torch.testing.assert_close(from_torchjd(obj).build(2).aggregate(jacobian), jacobian[0])
    # No sum, so its own scale.
    assert from_torchjd(Largest()).build(2).aggregate(jacobian).tolist() == [1, 2]


def test_a_subclass_that_does_more_than_weigh():
    built = from_torchjd(Clipped()).build(3)
    torch.testing.assert_close(built.aggregate(JACOBIAN), Clipped()(JACOBIAN))


def test_a_weighting_composed_with_a_function_reads_the_jacobian():
    built = from_torchjd(RowNorms() << (lambda jacobian: jacobian @ jacobian.T)).build(3)
    assert built.reads == ("jacobian",)
    torch.testing.assert_close(built.weights(JACOBIAN), JACOBIAN.norm(dim=1))


def test_half_precision_is_no_obstacle():
    assert from_torchjd(ta.ConFIG()).build(3).aggregate(JACOBIAN.bfloat16()).dtype == torch.float32


def test_excess_mtl_notices_that_its_values_are_not_the_same():
    built = from_torchjd(ta.ExcessMTL()).build(3)
    assert built.needs_parameters
    built.weights(JACOBIAN)
    with pytest.raises(
        ValueError, match="there were 4 in the last step and are 2 now: set gradient_level='parameters'"
    ):
        built.weights(JACOBIAN[:, :2])
    assert not from_torchjd(ta.NashMTL(n_tasks=3)).build(3).needs_parameters


LOSSES = torch.tensor([0.5, 2.0])


@pytest.mark.parametrize(
    ("scalarizer", "expected"),
    [
        (ts.Sum(), [1, 1]),
        (ts.Mean(), [0.5, 0.5]),
        (ts.Constant(torch.tensor([1.0, 3.0], dtype=torch.float64)), [1, 3]),
        # The derivative of sqrt(ab) is sqrt(b / a) / 2, and the other way round.
        (ts.GeometricMean(), [1, 0.25]),
        # softmax(losses / (2 mu)) / 2, by a uniform preference of 1/2.
        (ts.STCH(mu=0.75), [0.5 / (1 + np.e), 0.5 * np.e / (1 + np.e)]),
        # softmax(0) / losses, normalised: 1 / L_t over the sum of 1 / L, here 2 + 0.5.
        (ts.FAMO(2), [2 / 2.5, 0.5 / 2.5]),
        # Without a penalty, the part in the preferred direction.
        (ts.PBI(theta=0.0, weights=torch.tensor([1.0, 0.0])), [1, 0]),
        # Without a penalty, the preference itself.
        (ts.COSMOS(0.0, torch.tensor([1.0, 2.0])), [1, 2]),
        (ts.DWA(), [1, 1]),
    ],
)
def test_scalarizers_by_their_derivatives(scalarizer, expected):
    built = build_weighting(scalarizer, 2, {})
    np.testing.assert_allclose(built.weights(LOSSES), expected, rtol=1e-5)


def test_negative_derivatives_count_as_0():
    # d1 + 5 d2 with d1 = L_2 and d2 = |L_1|: the derivatives at L_1 < 0 are -5 and 1.
    built = from_torchjd(ts.PBI(theta=5.0, weights=torch.tensor([0.0, 1.0]))).build(2)
    assert built.weights(torch.tensor([-1.0, 2.0])).tolist() == [0, 1]


def test_random_scalarizer():
    weights = build_weighting(ts.Random(), 2, {}).weights(LOSSES)
    assert weights.sum().item() == pytest.approx(1)


@pytest.mark.parametrize("scalarizer", [ts.UW(2), ts.IMTLL(2)])
def test_scalarizers_that_need_an_optimizer(scalarizer):
    with pytest.raises(ValueError, match=r"an optimizer must train .* Pass weighting='uncertainty' instead of UW"):
        resolve_weighting(scalarizer, {})


def test_every_scalarizer_is_known():
    # Another release's: see above what it is, and whether it is trained by anybody.
    assert set(ts.__all__) == {
        *("Constant", "COSMOS", "DWA", "FAMO", "GeometricMean", "IMTLL"),
        *("Mean", "PBI", "Random", "STCH", "Scalarizer", "Sum", "UW"),
    }


def test_famo_looks_again():
    own, built = ts.FAMO(2), from_torchjd(ts.FAMO(2)).build(2)
    assert built.looks_again
    assert not from_torchjd(ts.Sum()).build(2).looks_again
    for k in range(4):
        # Mid-training copies go on as the original does, the optimiser's moments included.
        built = pickle.loads(pickle.dumps(copy.deepcopy(built)))
        losses, after = LOSSES + k, LOSSES * torch.tensor([0.5, 1.2])
        values = losses.clone().requires_grad_()
        own(values).backward()
        own.update(after)
        torch.testing.assert_close(built.weights(losses), values.grad)
        built.look_again(after)
    assert built.weights(LOSSES)[0] != pytest.approx(0.8, abs=1e-3)


def test_dwa_steps_at_the_end_of_an_epoch():
    own, built = ts.DWA(), from_torchjd(ts.DWA()).build(2)
    for losses in (LOSSES, LOSSES * torch.tensor([0.5, 0.9]), LOSSES):
        values = losses.clone().requires_grad_()
        own(values).backward()
        own.step()
        weights = built.weights(losses)
        built.end_epoch(losses)
        torch.testing.assert_close(weights, values.grad)
    # softmax of the rates 0.5 and 0.9 at temperature 2, times two.
    assert weights[0].item() == pytest.approx(2 / (1 + np.exp(0.2)))


def test_torchjd_is_imported_by_the_user_only():
    code = "import skmtl, skmtl.weighting, sys; sys.exit('torchjd' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def estimator(**params):
    trunk = ConvTrunk(channels=(4,), hidden=(8,))
    return MultiTaskCNNClassifier(trunk=trunk, max_epochs=2, batch_size=32, random_state=0, **params)


@pytest.fixture(scope="module")
def two_digits():
    data = load_two_digits(n_samples=60)
    return data.images, data.target


@pytest.mark.parametrize(
    "weighting",
    [
        ta.UPGrad(),
        ta.ConFIG(),
        ta.GradDrop(),
        ta.NashMTL(n_tasks=2),
        ta.GradVac(),
        ta.MeanWeighting(),
        ts.FAMO(2),
        ts.DWA(),
    ],
    ids=lambda obj: type(obj).__name__,
)
def test_training(two_digits, weighting):
    before = pickle.dumps(weighting)
    model = estimator(weighting=weighting).fit(*two_digits)
    again = clone(model).fit(*two_digits)
    np.testing.assert_array_equal(model.predict_proba(two_digits[0])[0], again.predict_proba(two_digits[0])[0])
    assert pickle.dumps(weighting) == before
    assert type(weighting).__name__ in repr(model)
    loaded = pickle.loads(pickle.dumps(model)).partial_fit(*two_digits)
    model.partial_fit(*two_digits)
    np.testing.assert_array_equal(model.predict_proba(two_digits[0])[1], loaded.predict_proba(two_digits[0])[1])


def test_mean_trains_like_equal_weights(two_digits):
    mean, equal = (estimator(weighting=w).fit(*two_digits) for w in (ta.Mean(), "equal"))
    np.testing.assert_allclose(mean.predict_proba(two_digits[0])[0], equal.predict_proba(two_digits[0])[0], atol=1e-6)


def test_excess_mtl_on_parameters(two_digits):
    estimator(weighting=ta.ExcessMTL(), gradient_level="parameters").fit(*two_digits)


def test_missing_labels_do_not_stop_mgda(two_digits):
    # Most batches lack the second task, whose zero gradient would be the shortest.
    y = two_digits[1].astype(float)
    y[4:, 1] = np.nan
    model = estimator(weighting=ta.MGDA()).set_params(batch_size=5).fit(two_digits[0], y)
    assert all(row["task0_weight"] > 1 for row in model.history_)


def test_grid_search(two_digits):
    weightings = [ta.UPGrad(), ta.CAGrad(c=0.4)]
    search = GridSearchCV(estimator(), {"weighting": weightings}, cv=2, refit=False).fit(*two_digits)
    assert [p["weighting"] for p in search.cv_results_["params"]] == weightings


def test_a_fit_refuses_before_training(two_digits):
    with pytest.raises(ValueError, match=r"weighting=NashMTL\(n_tasks=3,.* must fit a model of 2 tasks"):
        estimator(weighting=ta.NashMTL(n_tasks=3)).fit(*two_digits)


def test_scalarizers_have_no_news_of_a_task_whose_loss_is_0():
    built = from_torchjd(ts.GeometricMean()).build(2)
    assert built.weights(torch.tensor([2.0, 0.0])).tolist() == pytest.approx([0.5, 0.5])  # as if both were 2
    built = from_torchjd(ts.FAMO(2)).build(2)
    for _ in range(5):
        built.weights(torch.ones(2))
        built.look_again(torch.tensor([1.0, 0.0]))
    assert built.weights(torch.ones(2)).tolist() == pytest.approx([0.5, 0.5])
