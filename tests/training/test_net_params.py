import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from skmtl.training import check_net_params


def test_split_into_net_and_scheduler():
    given = {"optimizer__betas": (0.8, 0.9), "lr_scheduler__gamma": 0.5, "iterator_train__num_workers": 0}
    net, scheduler = check_net_params(given, torch.optim.Adam, schedulers.ExponentialLR)
    assert net == {"optimizer__betas": (0.8, 0.9), "iterator_train__num_workers": 0}
    assert scheduler == {"gamma": 0.5}
    assert "lr_scheduler__gamma" in given


@pytest.mark.parametrize("given", [None, {}])
def test_nothing_given(given):
    assert check_net_params(given, torch.optim.SGD, "constant") == ({}, {})


@pytest.mark.parametrize("kind", ["train", "valid"])
@pytest.mark.parametrize("name", ["num_workers", "pin_memory", "prefetch_factor", "persistent_workers", "timeout"])
def test_loader_arguments(kind, name):
    key = f"iterator_{kind}__{name}"
    assert check_net_params({key: 1}, torch.optim.SGD, "constant")[0] == {key: 1}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("optimizer__beta", "Did you mean 'optimizer__betas'"),
        ("iterator_train__num_worker", "Did you mean 'iterator_train__num_workers'"),
        ("optimizer__momentum", ""),  # Adam has none
        ("lr_scheduler__gamma", ""),  # a name has no parameters
        ("optimizer__lr", ""),
        ("optimizer__weight_decay", ""),
        ("iterator_train__batch_size", ""),
        ("iterator_train__shuffle", ""),
        ("iterator_train__collate_fn", ""),
        ("module", ""),
        ("criterion", ""),
        ("max_epochs", ""),
        ("callbacks__print_log", ""),
        (5, ""),
    ],
)
def test_refusals(name, hint):
    with pytest.raises(ValueError, match=f"net_params: {name!r} is not an argument that can be set; .*{hint}"):
        check_net_params({name: 1}, torch.optim.Adam, "constant")


def test_they_reach_the_net(small, digits):
    params = {"optimizer__betas": (0.8, 0.95), "iterator_valid__timeout": 0}
    net = small(net_params=params).fit(*digits).net_
    assert net.optimizer_.param_groups[0]["betas"] == (0.8, 0.95)


def test_they_overrule_what_a_name_stands_for(small, digits):
    net = (
        small(optimizer="momentum", net_params={"optimizer__momentum": 0.5, "optimizer__nesterov": False})
        .fit(*digits)
        .net_
    )
    group = net.optimizer_.param_groups[0]
    assert (group["momentum"], group["nesterov"]) == (0.5, False)


def test_estimator_refuses_before_training(small, digits):
    with pytest.raises(ValueError, match=r"net_params: 'optimizer__beta'.*Did you mean 'optimizer__betas'"):
        small(net_params={"optimizer__beta": 1}).fit(*digits)
