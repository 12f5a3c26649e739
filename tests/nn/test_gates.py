import numpy as np
import pytest
import torch

from skmtl.nn._gates import Gates


def gates(n_gates=3, n_sources=4, n_channels=5):
    torch.manual_seed(0)
    return Gates(n_gates, n_sources, n_channels)


def test_a_value_worked_out_by_hand():
    gate = gates(1, 2, 1).double()
    with torch.no_grad():
        gate.weight.copy_(torch.tensor([[[1.0], [0.0]]]))
        gate.bias.copy_(torch.log(torch.tensor([[1.0, 3.0]], dtype=torch.float64)))
    # exp(0 + log 1) : exp(log 3), and exp(log 3 + log 1) : exp(log 3).
    means = torch.tensor([[[0.0]], [[np.log(3.0)]]], dtype=torch.float64)
    np.testing.assert_allclose(gate(means).detach(), [[[0.25, 0.75]], [[0.5, 0.5]]], rtol=1e-12)


@pytest.mark.parametrize("n_read", [1, 3])
def test_every_gate_is_a_linear_layer_and_softmax(n_read):
    gate = gates().double()
    means = torch.randn(2, n_read, 5, dtype=torch.float64)
    weight, bias, found = gate.weight.detach().numpy(), gate.bias.detach().numpy(), gate(means).detach().numpy()
    for i, g in np.ndindex(2, 3):
        power = np.exp(weight[g] @ means[i, min(g, n_read - 1)].numpy() + bias[g])
        np.testing.assert_allclose(found[i, g], power / power.sum(), rtol=1e-12)


def test_weights_start_as_those_of_a_linear_layer():
    gate = gates(50, 40, 16)
    for drawn in (gate.weight, gate.bias):
        assert drawn.abs().max() <= 0.25
        assert drawn.std().item() == pytest.approx(0.25 / np.sqrt(3), rel=0.05)


def test_reduced_precision_of_the_layers_does_not_reach_the_weights():
    gate, means = gates(), torch.randn(2, 3, 5).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = gate(means)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, gate(means.float()), rtol=0, atol=0)
    torch.testing.assert_close(found.sum(2), torch.ones(2, 3))
