"""Learning rates and weight decay of single layers: which parameters get them, and that they come into effect."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skmtl.nn import ConvTrunk, CrossStitch, PretrainedTrunk
from skmtl.training._param_groups import check_groups, parameter_groups


class Asking(nn.Module):
    """Two layers and a bare parameter, of which some ask for options."""

    def __init__(self, options):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.own = nn.Parameter(torch.zeros(3))
        self.options = options

    def parameter_options(self):
        return self.options


def groups_of(module, optimizer=torch.optim.SGD, lr=0.1):
    return parameter_groups(module, list(module.parameters()), optimizer, lr)


def ids(parameters):
    return [id(p) for p in parameters]


# The groups.


def test_without_wishes_there_is_one_group():
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    [group] = groups_of(module)
    assert list(group) == ["params"]
    assert ids(group["params"]) == ids(module.parameters())


def test_ordinary_parameters_come_first_and_equal_wishes_together():
    options = {
        "own": {"lr_factor": 10.0, "weight_decay": 0.0},
        "first.weight": {"lr_factor": 0.5},
        "second.bias": {"lr_factor": 0.5},
    }
    module = Asking(options)
    ordinary, *others = groups_of(nn.Sequential(nn.Linear(2, 2), module))
    assert list(ordinary) == ["params"]
    assert len(ordinary["params"]) == 4
    by_factor = {group["lr_factor"]: group for group in others}
    assert set(by_factor) == {0.5, 10.0}
    assert ids(by_factor[10.0]["params"]) == ids([module.own])
    assert set(ids(by_factor[0.5]["params"])) == set(ids([module.first.weight, module.second.bias]))
    assert by_factor[10.0]["lr"] == pytest.approx(1.0)
    assert by_factor[0.5]["lr"] == pytest.approx(0.05)
    assert by_factor[10.0]["weight_decay"] == 0
    assert "weight_decay" not in by_factor[0.5]


def test_every_parameter_is_in_one_group():
    module = nn.Sequential(Asking({"own": {"lr_factor": 2.0}}), Asking({"own": {"weight_decay": 0.0}}))
    listed = [i for group in groups_of(module) for i in ids(group["params"])]
    assert sorted(listed) == sorted(ids(module.parameters()))


def test_weight_decay_alone():
    [_, group] = groups_of(Asking({"own": {"weight_decay": 0.0}}), torch.optim.AdamW)
    assert (group["lr"], group["lr_factor"], group["weight_decay"]) == (0.1, 1.0, 0.0)


def test_optimisers_without_weight_decay_get_none():
    class Plain(torch.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

    [_, group] = groups_of(Asking({"own": {"lr_factor": 3.0, "weight_decay": 0.0}}), Plain)
    assert "weight_decay" not in group
    assert Plain([group], lr=1.0).param_groups[0]["lr"] == pytest.approx(0.3)


@pytest.mark.parametrize("options", [{}, {"own": {}}, {"own": {"lr_factor": 1.0}}])
def test_who_asks_for_what_all_get_asks_for_nothing(options):
    assert len(groups_of(Asking(options))) == 1
    check_groups(Asking(options), torch.optim.LBFGS)


def test_lbfgs_is_refused():
    with pytest.raises(ValueError, match=r"LBFGS has one learning rate for all parameters.* set lr_factor=1"):
        check_groups(nn.Sequential(Asking({"own": {"lr_factor": 2.0}})), torch.optim.LBFGS)
    check_groups(Asking({"own": {"lr_factor": 2.0}}), torch.optim.SGD)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"owm": {"lr_factor": 2.0}}, r"names 'owm', which is no parameter\. Did you mean 'own'\?"),
        ({"own": {"lr": 0.1}}, r"parameter_options of Asking must map .* It asks for 'lr' for 'own'"),
        ({"own": {"weigth_decay": 0.0}}, r"Did you mean 'weight_decay'\?"),
        ({"own": {"lr_factor": -1}}, "It asks for lr_factor=-1 for 'own'"),
        ({"own": {"lr_factor": float("nan")}}, "finite numbers >= 0"),
        ({"own": {"weight_decay": "0"}}, "It asks for weight_decay='0'"),
    ],
)
def test_wishes_that_mean_nothing_are_errors(options, match):
    with pytest.raises(ValueError, match=match):
        check_groups(Asking(options), torch.optim.SGD)


def test_a_weight_decay_that_the_optimiser_lacks_is_an_error():
    with pytest.raises(ValueError, match=r"Rprop has no weight_decay, but Asking asks for 0\.3 for 'own'"):
        check_groups(Asking({"own": {"weight_decay": 0.3}}), torch.optim.Rprop)


def test_only_a_method_asks():
    module = nn.Linear(2, 2)
    module.parameter_options = {"weight": 1}
    assert len(groups_of(module)) == 1


def test_lbfgs_is_refused_in_a_fit(small, digits):
    clf = small(sharing=CrossStitch(), optimizer=torch.optim.LBFGS, weight_decay=0, batch_size=60, lr=1.0)
    with pytest.raises(ValueError, match="LBFGS has one learning rate"):
        clf.fit(*digits)


def test_the_remedy_of_that_message_works(small, digits):
    params = {"optimizer": torch.optim.LBFGS, "weight_decay": 0, "batch_size": 60, "lr": 1.0}
    assert small(sharing=CrossStitch(lr_factor=1.0), **params).fit(*digits).n_iter_ == 2


# In a fit.


def backbone():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 6), nn.ReLU())


class Rates(Callback):
    """Keep the learning rates of all groups, before every batch and at the end of every epoch."""

    def on_train_begin(self, net, **kwargs):
        self.batches, self.epochs = [], []

    def on_batch_begin(self, net, training=None, **kwargs):
        if training:
            self.batches.append([group["lr"] for group in net.optimizer_.param_groups])

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append([group["lr"] for group in net.optimizer_.param_groups])


def rates_of(clf):
    [rates] = [cb for _, cb in clf.net_.callbacks_ if isinstance(cb, Rates)]
    return np.array(rates.batches), np.array(rates.epochs)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "momentum"])
@pytest.mark.parametrize(
    ("schedule", "net_params"),
    [
        ("one-cycle", None),
        ("cosine", None),
        ("constant", None),
        (torch.optim.lr_scheduler.StepLR, {"lr_scheduler__step_size": 1, "lr_scheduler__gamma": 0.5}),
    ],
    ids=["one-cycle", "cosine", "constant", "StepLR"],
)
def test_schedules_keep_the_ratio(schedule, net_params, optimizer, small, digits):
    params = {"lr_scheduler": schedule, "net_params": net_params, "lr": 0.01, "optimizer": optimizer, "max_epochs": 3}
    clf = small(trunk=PretrainedTrunk(backbone(), lr_factor=0.25), callbacks=[Rates()], **params).fit(*digits)
    plain = small(callbacks=[Rates()], **params).fit(*digits)
    (found, _), (expected, _) = rates_of(clf), rates_of(plain)
    assert found.shape == (9, 2)
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-12)
    # Groups that have rates of their own share the schedule, not the rate.
    np.testing.assert_allclose(found[:, 1], 0.25 * expected[:, 0], rtol=1e-6, atol=1e-12)
    assert [row["lr"] for row in clf.history_] == [row["lr"] for row in plain.history_]


def test_the_history_has_the_ordinary_rate(small, digits):
    clf = small(trunk=PretrainedTrunk(backbone(), lr_factor=0.1), lr=0.02, lr_scheduler="constant").fit(*digits)
    assert [row["lr"] for row in clf.history_] == [0.02, 0.02]
    assert [group["lr"] for group in clf.net_.optimizer_.param_groups] == pytest.approx([0.02, 0.002])


def test_reduce_on_plateau_keeps_the_ratio(small, digits):
    params = {"lr_scheduler__factor": 0.5, "lr_scheduler__patience": 0, "lr_scheduler__threshold": 1e9}
    clf = small(
        trunk=PretrainedTrunk(backbone(), lr_factor=0.1),
        lr=0.02,
        lr_scheduler=torch.optim.lr_scheduler.ReduceLROnPlateau,
        net_params={**params, "lr_scheduler__threshold_mode": "abs"},
        max_epochs=4,
        callbacks=[Rates()],
    ).fit(*digits)
    _, epochs = rates_of(clf)
    np.testing.assert_allclose(epochs[:, 1], 0.1 * epochs[:, 0], rtol=1e-12)
    assert epochs[-1, 0] < 0.02


def test_a_warm_start_at_another_rate_keeps_the_factor(small, digits):
    trunk = PretrainedTrunk(backbone(), lr_factor=0.1)
    clf = small(trunk=trunk, lr=0.02, lr_scheduler="constant", warm_start=True).fit(*digits)
    clf.set_params(lr=0.005).fit(*digits)
    assert [group["lr"] for group in clf.net_.optimizer_.param_groups] == pytest.approx([0.005, 0.0005])
    assert [row["lr"] for row in clf.history_] == [0.02, 0.02, 0.005, 0.005]
    clf.set_params(lr_scheduler="one-cycle", callbacks=[Rates()]).fit(*digits)
    batches, _ = rates_of(clf)
    np.testing.assert_allclose(batches[:, 1], 0.1 * batches[:, 0], rtol=1e-6)
    assert batches[:, 0].max() <= 0.005 * (1 + 1e-9)


def test_partial_fit_keeps_the_factor(small, digits):
    clf = small(trunk=PretrainedTrunk(backbone(), lr_factor=0.1), lr=0.02)
    clf.partial_fit(*digits).partial_fit(*digits)
    assert [group["lr"] for group in clf.net_.optimizer_.param_groups] == pytest.approx([0.02, 0.002])


def one_step(small, digits, **params):
    """Return the change of every trained parameter by one step of gradient descent on all images."""
    still = {"optimizer": "sgd", "lr_scheduler": "constant", "batch_size": 60, "max_epochs": 1, "weight_decay": 0}
    clf = small(**{**still, "precision": "float32", **params})
    start = clf.set_params(lr=1e-20).fit(*digits).net_.module_
    before = {name: p.detach().clone() for name, p in start.named_parameters()}
    after = clf.set_params(lr=0.5).fit(*digits).net_.module_
    return {name: p.detach() - before[name] for name, p in after.named_parameters()}


def test_a_step_of_pretrained_layers_is_smaller_by_the_factor(small, digits):
    whole, tenth = (one_step(small, digits, trunk=PretrainedTrunk(backbone(), lr_factor=f)) for f in (1.0, 0.1))
    assert set(whole) == set(tenth)
    for name, step in whole.items():
        factor = 0.1 if name.startswith("trunk.") else 1.0
        torch.testing.assert_close(tenth[name], factor * step, rtol=1e-3, atol=1e-7)
    assert max(float(step.abs().max()) for name, step in whole.items() if name.startswith("trunk.")) > 1e-3


def test_a_step_of_stitches_is_larger_by_the_factor_and_does_not_decay(small, digits):
    trunk = ConvTrunk(channels=(2,), hidden=(8,))
    plain, tenfold = (one_step(small, digits, trunk=trunk, sharing=CrossStitch(lr_factor=f)) for f in (1.0, 10.0))
    decayed = one_step(small, digits, trunk=trunk, sharing=CrossStitch(lr_factor=1.0), weight_decay=0.5)
    stitches = [name for name in plain if ".stitches." in name]
    assert len(stitches) == 2
    for name, step in plain.items():
        factor = 10.0 if name in stitches else 1.0
        torch.testing.assert_close(tenfold[name], factor * step, rtol=1e-3, atol=1e-6)
        same = torch.allclose(decayed[name], step, rtol=1e-4, atol=1e-6)
        assert same is (name in stitches), name


def test_several_trunks_share_one_factor(small, digits):
    clf = small(trunk=PretrainedTrunk(backbone(), lr_factor=0.1), sharing="none", lr=0.02).fit(*digits)
    ordinary, pretrained = clf.net_.optimizer_.param_groups
    assert pretrained["lr_factor"] == 0.1
    assert len(pretrained["params"]) == 2 * len(list(backbone().parameters()))
    assert len(ordinary["params"]) == 2


def test_stitches_and_pretrained_layers_have_a_group_each(small, digits):
    trunk = PretrainedTrunk(backbone(), lr_factor=0.1)
    clf = small(trunk=trunk, sharing=CrossStitch(lr_factor=5.0), lr=0.02, lr_scheduler="constant").fit(*digits)
    rates = {group.get("lr_factor", 1.0): group["lr"] for group in clf.net_.optimizer_.param_groups}
    assert rates == {1.0: 0.02, 0.1: pytest.approx(0.002), 5.0: pytest.approx(0.1)}


@pytest.mark.parametrize("sharing", ["hard", "none", "cross-stitch", "mmoe", "cgc", "ple", "mtan"])
def test_what_is_frozen_stays_as_it_is(sharing, small, digits):
    module = backbone()
    clf = small(trunk=PretrainedTrunk(module, freeze=2), sharing=sharing, lr=0.05).fit(*digits)
    # Ways of sharing cut the copies into stages: they are known by the shape of their weights.
    for i, frozen in ((0, True), (1, True), (4, False)):
        own = module[i]
        copies = [part for part in clf.net_.module_.trunk.modules() if type(part) is type(own)]
        copies = [part for part in copies if part.weight.shape == own.weight.shape]
        assert copies
        for part in copies:
            assert torch.equal(part.weight.to(own.weight.dtype), own.weight) is frozen
            assert part.weight.requires_grad is not frozen
            assert i != 1 or int(part.num_batches_tracked) == 0
    # The user's own is as it was.
    assert all(torch.equal(value, backbone().state_dict()[name]) for name, value in module.state_dict().items())
    assert all(p.requires_grad for p in module.parameters())


def test_everything_frozen_trains_the_heads_alone(small, digits):
    module = backbone()
    clf = small(trunk=PretrainedTrunk(module, freeze="all"), lr=0.05, max_epochs=5).fit(*digits)
    for name, value in module.state_dict().items():
        assert torch.equal(clf.net_.module_.trunk.module.state_dict()[name], value), name
    losses = [row["train_loss"] for row in clf.history_]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("cls", [torch.optim.lr_scheduler.OneCycleLR, torch.optim.lr_scheduler.CyclicLR])
def test_a_schedule_that_would_ignore_the_factor_is_refused(small, digits, cls):
    params = (
        {"max_lr": 0.1, "total_steps": 10}
        if cls is torch.optim.lr_scheduler.OneCycleLR
        else {"max_lr": 0.1, "base_lr": 0.01}
    )
    net_params = {f"lr_scheduler__{k}": v for k, v in params.items()}
    how = {"lr_scheduler": cls, "net_params": net_params, "optimizer": "momentum"}
    with pytest.raises(ValueError, match=rf"{cls.__name__} sets learning rates of its own.*lr_factor=10.0"):
        small(sharing=CrossStitch(lr_factor=10.0), **how).fit(*digits)
    assert small(sharing="hard", **how).fit(*digits).n_iter_ == 2
