import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk
from skmtl.training import measure_cost, predict_batch_size, run_blank
from skmtl.training._cost import CPU_BYTES, GPU_BYTES, Cost

CPU = torch.device("cpu")


def layers():
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(60, 7))


def test_by_hand():
    # 3 maps of 4 x 5 pixels from 2 x 3 x 3 weights each; 7 sums of 60 products; a product and a sum are two.
    assert measure_cost(layers(), (2, 4, 5)) == Cost(flops=2 * (3 * 4 * 5) * (2 * 3 * 3) + 2 * 60 * 7, largest=60)


@pytest.mark.parametrize(("width", "largest"), [(7, 60), (60, 60), (61, 61), (500, 500)])
def test_the_largest_output_of_any_layer(width, largest):
    module = nn.Sequential(nn.Conv2d(1, 3, 1), nn.Flatten(), nn.Linear(60, width), nn.Linear(width, 2))
    assert measure_cost(module, (1, 4, 5)).largest == largest


def test_the_default_trunk():
    # Convolutions of 28 x 28 and 14 x 14 pixels, 49 -> 49 pixels of 64 maps into 128 features.
    flops = 2 * (28**2 * 32 * 9 + 14**2 * 64 * 32 * 9 + 64 * 49 * 128)
    assert measure_cost(ConvTrunk().build((1, 28, 28)), (1, 28, 28)) == Cost(flops, 32 * 28**2)


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_left_as_it_is(training):
    module = layers().double().train(training)
    state = {k: v.clone() for k, v in module.state_dict().items()}
    measure_cost(module, (2, 4, 5))
    assert all(layer.training == training and not layer._forward_hooks for layer in module.modules())
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_left_as_it_is_by_an_error(training):
    module = layers().train(training)
    # What cannot be counted costs nothing: whether it runs is for others to say.
    assert measure_cost(module, (5, 4, 5)).flops == 0
    assert all(layer.training == training and not layer._forward_hooks for layer in module.modules())


class Recurrent(nn.Module):
    """Layers whose outputs are no tensors."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 4, batch_first=True)

    def forward(self, x):
        return self.lstm(x[:, 0])[0].flatten(1)


class Noisy(nn.Module):
    def forward(self, x):
        self.grad_enabled = torch.is_grad_enabled()
        return x.flatten(1) + torch.rand(1)


def test_layers_with_other_outputs():
    assert measure_cost(Recurrent(), (1, 6, 2 + 3)).largest == 6 * 5
    module = Recurrent()
    module.lstm = nn.LSTM(5, 9, batch_first=True)
    assert measure_cost(module, (1, 6, 5)).largest == 6 * 9


class Differentiating(nn.Module):
    """A forward pass that needs gradients of its own, which counters with hooks for gradients break."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(15, 8)

    def forward(self, x):
        with torch.enable_grad():
            z = x.flatten(1).detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.linear(z).square().sum(), z)
        return self.linear(gradient)


def test_a_trunk_that_differentiates_in_its_forward_pass():
    forward = 2 * 15 * 8
    assert measure_cost(Differentiating(), (1, 3, 5)).flops == 3 * forward


def test_an_image_larger_than_any_output_counts():
    cost = measure_cost(nn.Conv2d(3, 4, 32, stride=32), (3, 256, 256))
    assert cost.largest == 3 * 256 * 256
    assert predict_batch_size(cost, CPU) == 16


def test_a_module_without_parameters_costs_its_output():
    assert measure_cost(nn.Flatten(), (3, 4, 5)) == Cost(0, 60)


def test_a_module_without_outputs_still_has_a_batch_size():
    cost = measure_cost(nn.AdaptiveAvgPool2d(0), (3, 4, 5))
    assert cost.largest == 3 * 4 * 5


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_inside():
    module = nn.Sequential(nn.Conv2d(1, 3, 1), torch.jit.script(nn.ReLU()), nn.Flatten())
    assert measure_cost(module, (1, 4, 5)) == Cost(2 * 60, 60)


def test_blank_images_draw_from_a_stream_of_their_own():
    before, module = torch.get_rng_state(), Noisy()
    first, second = run_blank(module, (1, 2, 2)), run_blank(module, (1, 2, 2))
    assert first.shape == (2, 4)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert not module.grad_enabled


@pytest.mark.parametrize(("largest", "size"), [(1, 2048), (2048, 2048), (2049, 1024), (25_088, 128), (262_144, 16)])
def test_predict_batch_size(largest, size):
    assert predict_batch_size(Cost(0, largest), CPU) == size
    assert size == 2048 or CPU_BYTES / 2 < size * 4 * largest <= CPU_BYTES


@pytest.mark.parametrize("largest", [262_145, 2**21, 2**21 + 1, 32 * 512 * 512, 10**9])
def test_large_images_are_predicted_a_few_at_a_time(largest):
    assert predict_batch_size(Cost(0, largest), CPU) == 16


def test_a_gpu_predicts_more_at_once():
    assert predict_batch_size(Cost(0, 2**21), torch.device("cuda")) == GPU_BYTES // 2**23 == 32


def test_a_fit_of_large_images(small):
    X = np.zeros((4, 1500, 1500), np.uint8)
    X[2:] = 255
    clf = small(trunk=ConvTrunk(channels=(1,), hidden=(2,)), max_epochs=1, batch_size=2).fit(X, [0, 0, 1, 1])
    assert clf.net_.iterator_valid__batch_size == 16
    assert clf.predict(X[:1]).shape == (1,)
