import math

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from skmtl.training import resolve_optimizer, resolve_scheduler


@pytest.mark.parametrize(
    ("name", "cls", "kwargs"),
    [
        ("sgd", torch.optim.SGD, {}),
        ("momentum", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        ("adam", torch.optim.Adam, {}),
        ("adamw", torch.optim.AdamW, {}),
        (torch.optim.RMSprop, torch.optim.RMSprop, {}),
    ],
)
def test_optimizers_by_name_and_class(name, cls, kwargs):
    fused = {"fused": True} if isinstance(name, str) else {}
    assert resolve_optimizer(name, 0.25) == (cls, {**kwargs, **fused, "weight_decay": 0.25})
    assert resolve_optimizer(name, 0.25)[1] is not resolve_optimizer(name, 0.25)[1]


@pytest.mark.parametrize("where", [{"device_type": "mps"}, {"own": {"foreach"}}, {"own": ["differentiable", "eps"]}])
def test_no_fused_optimizer_where_there_is_none_or_the_user_chose_another(where):
    assert resolve_optimizer("adam", 0, **where) == (torch.optim.Adam, {"weight_decay": 0})


@pytest.mark.parametrize(
    ("optimizer", "error", "match"),
    [
        (
            "adan",
            ValueError,
            "optimizer must be one of 'adam', 'adamw', 'momentum', 'sgd'. Got 'adan' instead. Did you mean 'adam",
        ),
        (torch.nn.Linear, TypeError, "optimizer must be one of .* or a torch.optim.Optimizer class. Got <class"),
        (torch.optim.LBFGS, ValueError, "optimizer: LBFGS has no weight_decay: set weight_decay=0"),
        (5, TypeError, "Got 5 instead"),
    ],
)
def test_what_is_no_optimizer(optimizer, error, match):
    with pytest.raises(error, match=match):
        resolve_optimizer(optimizer, 0.1)


def test_optimizer_without_weight_decay():
    assert resolve_optimizer(torch.optim.LBFGS, 0) == (torch.optim.LBFGS, {})


@pytest.mark.parametrize(
    ("scheduler", "params", "error", "match"),
    [
        (
            "cosin",
            {},
            ValueError,
            "lr_scheduler must be one of 'constant', 'cosine', 'one-cycle'. .*Did you mean 'cosine'",
        ),
        ("cosine", {"T_max": 5}, ValueError, "net_params sets .*lr_scheduler__T_max.*has no parameters of its own"),
        (torch.optim.SGD, {}, TypeError, "lr_scheduler must be one of .* or a torch.optim.lr_scheduler class"),
        (schedulers.StepLR, {}, ValueError, "StepLR needs step_size: pass net_params={'lr_scheduler__step_size': ...}"),
    ],
)
def test_what_is_no_schedule(scheduler, params, error, match):
    with pytest.raises(error, match=match):
        resolve_scheduler(scheduler, params)


def curve(scheduler, total_steps, lr=0.1, params=None, momentum=0.5):
    """The rate that every step uses, and the one after the last."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=momentum)
    factory, _ = resolve_scheduler(scheduler, params or {})
    schedule, rates = factory(optimizer, lr, total_steps), []
    for _ in range(total_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["momentum"] == momentum
    return [*rates, optimizer.param_groups[0]["lr"]]


def test_constant_curve():
    assert curve("constant", 5) == [0.1] * 6


def test_cosine_curve_is_the_half_wave():
    expected = [0.1 * (1 + math.cos(math.pi * step / 8)) / 2 for step in range(9)]
    np.testing.assert_allclose(curve("cosine", 8), expected, rtol=1e-12, atol=1e-15)
    assert expected[4] == pytest.approx(0.05)


def test_one_cycle_curve_rises_a_third_of_the_way_and_ends_near_zero():
    # torch's defaults: from lr / 25 up to lr over 30 % of the steps, then down to lr / 25 / 1e4, both by half waves.
    n, top = 20, 0.3 * 21 - 1
    start, end = 0.1 / 25, 0.1 / 25 / 1e4

    def rate(step):
        if step <= top:
            return 0.1 + (start - 0.1) * (1 + math.cos(math.pi * step / top)) / 2
        return end + (0.1 - end) * (1 + math.cos(math.pi * (step - top) / (n - top))) / 2

    got = curve("one-cycle", n)
    np.testing.assert_allclose(got, [rate(s) for s in range(n + 1)], rtol=1e-9)
    assert got[0] == pytest.approx(0.004)
    assert got[-1] == pytest.approx(4e-7)


@pytest.mark.parametrize("total_steps", [1, 2, 3, 4])
@pytest.mark.parametrize("scheduler", ["one-cycle", "cosine"])
def test_very_short_fits(scheduler, total_steps):
    rates = curve(scheduler, total_steps)
    assert all(0 < r <= 0.1 + 1e-12 for r in rates[:-1])


def test_classes_are_stepped_every_epoch():
    factory, every = resolve_scheduler(schedulers.ExponentialLR, {"gamma": 0.5})
    assert every == "epoch"
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    assert factory(optimizer, 1.0, 100).gamma == 0.5
    assert resolve_scheduler("cosine", {})[1] == "batch"


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw", torch.optim.NAdam])
def test_each_optimizer_trains(small, digits, optimizer):
    clf = small(optimizer=optimizer, max_epochs=6, lr=5e-3, lr_scheduler="constant").fit(*digits)
    assert clf.history_[-1]["train_loss"] < clf.history_[0]["train_loss"]
