import numpy as np
import pytest
import torch

from skmtl.nn import InputStage


def pixels(n=3, shape=(2, 6, 5)):
    return np.random.default_rng(0).integers(256, size=(n, *shape), dtype=np.uint8)


def test_input_stage_scales_then_standardises_channel_by_channel():
    stage = InputStage(0.5, [1.0, 2.0], [2.0, 4.0])
    out = stage(torch.tensor([6, 20], dtype=torch.uint8).view(1, 2, 1, 1))
    assert out.flatten().tolist() == [(3 - 1) / 2, (10 - 2) / 4]
    assert out.dtype == torch.float64
    assert stage.float()(torch.ones(1, 2, 1, 1, dtype=torch.uint16)).dtype == torch.float32


def test_augment_sees_scaled_pixels_in_training_only():
    seen = []

    def augment(batch):
        seen.append(batch.clone())
        return batch + 1

    stage = InputStage(0.1, [0.0], [2.0])
    stage.set_augment(augment)
    x = torch.full((2, 1, 1, 1), 10, dtype=torch.uint8)
    assert stage.train()(x).flatten().tolist() == [1, 1]
    assert seen[0].flatten().tolist() == [1, 1]
    assert stage.eval()(x).flatten().tolist() == [0.5, 0.5]
    assert len(seen) == 1


def raw(dtype):
    return torch.from_numpy(pixels(shape=(2, 4, 3))).to(dtype)


def standardised(x):
    """The formula, in float64."""
    mean, std = torch.tensor([[0.3], [0.7]]), torch.tensor([[0.01], [2.0]])
    return (x.double() / 255 - mean.double()[..., None]) / std.double()[..., None]


def stage(dtype=torch.float64):
    return InputStage(1 / 255, *torch.tensor([[0.3, 0.7], [0.01, 2.0]])).to(dtype)


@pytest.mark.parametrize("kept", [torch.uint8, torch.int64, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize(("dtype", "rtol", "atol"), [(torch.float32, 1e-5, 1e-5), (torch.float64, 1e-12, 1e-12)])
def test_standardised_values_are_the_formula(kept, dtype, rtol, atol):
    for training in (True, False):
        out = stage(dtype).train(training)(raw(kept))
        assert out.dtype == dtype
        torch.testing.assert_close(out.double(), standardised(raw(kept)), rtol=rtol, atol=atol)


def test_an_augment_that_changes_nothing_changes_nothing():
    plain, augmented = stage(), stage().train()
    augmented.set_augment(lambda batch: batch)
    for x in (raw(torch.uint8), raw(torch.float64)):
        torch.testing.assert_close(augmented(x), plain(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("augment", [None, lambda batch: batch.mul_(0)])
def test_the_users_images_are_not_changed(dtype, augment):
    # Of the stage's own dtype already, so that nothing need be cast.
    x, inputs = raw(dtype), stage(dtype)
    inputs.set_augment(augment)
    before = x.clone()
    for training in (True, False):
        out = inputs.train(training)(x)
        assert torch.equal(x, before)
        assert not torch.equal(out, before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_loaded_stage_standardises_as_the_saved_one(dtype):
    saved, other = stage(dtype), InputStage(0.5, [1.0, 2.0], [2.0, 4.0]).to(dtype)
    assert set(saved.state_dict()) == {"scale", "mean", "std"}
    other.load_state_dict(saved.state_dict())
    assert torch.equal(other.shift, saved.mean / saved.scale)
    assert torch.equal(other.factor, saved.scale / saved.std)
    assert torch.equal(other(raw(torch.uint8)), saved(raw(torch.uint8)))


def test_loading_its_own_state_changes_no_bit():
    # Casting the two folded constants would round them differently from folding the three that are saved.
    inputs = InputStage(1 / 255, *np.random.default_rng(0).uniform(0.1, 1, (2, 50))).float()
    before = inputs.shift.clone(), inputs.factor.clone()
    inputs.load_state_dict(inputs.state_dict())
    assert torch.equal(inputs.shift, before[0])
    assert torch.equal(inputs.factor, before[1])


def test_several_inputs_are_standardised_each_by_its_own_set():
    stage = InputStage(0.5, [[1.0, 2.0], [3.0, 4.0]], [[2.0, 4.0], [1.0, 8.0]])
    images = torch.tensor([6, 20, 8, 30], dtype=torch.uint8).view(1, 2, 2, 1, 1)
    assert stage(images, [0, 1]).flatten().tolist() == [(3 - 1) / 2, (10 - 2) / 4, (4 - 3) / 1, (15 - 4) / 8]
    assert stage(images, [1, 1]).flatten().tolist() == [(3 - 3) / 1, (10 - 4) / 8, (4 - 3) / 1, (15 - 4) / 8]


def test_augment_sees_the_images_of_all_inputs_alike():
    seen = []
    stage = InputStage(0.5, [[0.0], [1.0]], [[1.0], [2.0]]).train()
    stage.set_augment(lambda batch: seen.append(batch.shape) or batch * 2)
    out = stage(torch.tensor([2.0, 4.0, 6.0, 8.0]).view(2, 2, 1, 1, 1), [0, 1])
    assert seen == [(4, 1, 1, 1)]
    assert out.flatten().tolist() == [2.0, (4 - 1) / 2, 6.0, (8 - 1) / 2]
