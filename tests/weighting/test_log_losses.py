import math

import torch

from skmtl.weighting._log_losses import log_losses


def test_logarithms_with_a_floor():
    logs = log_losses(torch.tensor([1.0, math.e, 1e-12]), eps=1e-6)
    torch.testing.assert_close(logs, torch.tensor([0.0, 1.0, math.log(1e-6)]))


def test_a_loss_of_0_is_the_mean_of_the_others():
    logs = log_losses(torch.tensor([math.e, 0.0, math.e**3]))
    torch.testing.assert_close(logs, torch.tensor([1.0, 2.0, 3.0]))


def test_all_losses_0():
    assert log_losses(torch.zeros(3)).tolist() == [0, 0, 0]


def test_not_a_number_stays_one():
    assert log_losses(torch.tensor([1.0, float("nan")]))[1].isnan()
