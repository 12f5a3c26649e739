import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.inspection import task_saliency
from skmtl.nn import ConvTrunk, ResNetTrunk

X = np.random.default_rng(0).random((40, 8, 8))
Y = pd.DataFrame({"a": np.arange(40) % 2, "b": np.arange(40) // 2 % 2})


def fitted(trunk, **params):
    return MultiTaskCNNClassifier(trunk, max_epochs=1, random_state=0, **params).fit(X, Y)


def cam(clf, images=X[:3], **params):
    return task_saliency(clf, images, method="grad_cam", **params)


@pytest.fixture(scope="module")
def plain():
    # The first ReLU writes over what the convolution made.
    layers = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(4, 3, 3, padding=1), nn.Flatten()]
    return fitted(nn.Sequential(*layers))


def test_maps_weighted_by_mean_gradients_by_hand():
    clf = fitted(nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Flatten()))
    found = cam(clf, target=[1, 0])
    conv, linear = clf.net_.module_.trunk[0], clf.net_.module_.heads.linear.weight.detach().numpy()
    w, b = conv.weight.detach().numpy(), conv.bias.detach().numpy()
    padded = np.pad((X[:3] - X.mean()) / X.std(), ((0, 0), (1, 1), (1, 1)))
    features = np.zeros((3, 3, 8, 8))
    for c, i, j in np.ndindex(3, 8, 8):
        features[:, c, i, j] = b[c] + (w[c, 0] * padded[:, i : i + 3, j : j + 3]).sum(axis=(1, 2))
    for task, gradient in (("a", linear[1] - linear[0]), ("b", linear[2] - linear[3])):
        # Equation 1: the mean over positions; equation 2 without its ReLU.
        alpha = gradient.reshape(3, 64).mean(axis=1)
        np.testing.assert_allclose(found.maps[task], np.einsum("c,nchw->nhw", alpha, features), rtol=1e-4, atol=1e-7)
    assert found.convergence_delta is None
    assert found.method == "grad_cam"


def test_the_last_convolution_is_the_default(plain):
    by_name = cam(plain, layer="trunk.3")
    by_module = cam(plain, layer=plain.net_.module_.trunk[3])
    for found in (by_name, by_module):
        np.testing.assert_array_equal(found.maps["a"], cam(plain).maps["a"])
    # Upsampled from 4 x 4, and of another layer another map.
    assert by_name.maps["a"].shape == (3, 8, 8)
    assert np.abs(cam(plain, layer="trunk.0").maps["a"] - by_name.maps["a"]).max() > 1e-6


def test_a_layer_for_every_task(plain):
    found = cam(plain, layer={"a": "trunk.0", "b": plain.net_.module_.trunk[3]})
    np.testing.assert_array_equal(found.maps["a"], cam(plain, layer="trunk.0").maps["a"])
    np.testing.assert_array_equal(found.maps["b"], cam(plain, layer="trunk.3").maps["b"])
    np.testing.assert_array_equal(cam(plain, layer={"a": "trunk.0"}).maps["b"], found.maps["b"])


def test_of_residual_networks_it_is_the_last_block():
    clf = fitted(ResNetTrunk(depth=10, width=4) if "width" in ResNetTrunk().get_params() else ResNetTrunk())
    blocks = [n for n, m in clf.net_.module_.named_modules() if type(m).__name__ == "ResidualBlock"]
    for image_maps in (cam(clf), cam(clf, layer=blocks[-1])):
        assert image_maps.maps["a"].shape == (3, 8, 8)


def test_frozen_layers_have_maps_too():
    trunk = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()).requires_grad_(False)
    assert np.abs(cam(fitted(trunk)).maps["a"]).max() > 0


def test_independent_networks_have_a_layer_each():
    clf = fitted(ConvTrunk(channels=(4,), hidden=(8,)), sharing="none")
    names = [n for n, m in clf.net_.module_.named_modules() if isinstance(m, nn.Conv2d)]
    assert len(names) == 2
    found, given = cam(clf), cam(clf, layer=dict(zip("ab", names, strict=True)))
    np.testing.assert_array_equal(found.maps["b"], given.maps["b"])
    with pytest.raises(ValueError, match=rf"layer: the task 'b' does not read '{names[0]}'.*layer=\{{task: name"):
        cam(clf, layer=names[0])


@pytest.mark.parametrize("sharing", ["cross-stitch", "mmoe", "mtan"])
def test_branches_must_be_chosen_from(sharing):
    clf = fitted(ConvTrunk(channels=(4,), hidden=(8,)), sharing=sharing)
    with pytest.raises(ValueError, match=r"layer=None means the last .* several branches .*\['trunk\."):
        cam(clf)
    name = next(n for n, m in clf.net_.module_.named_modules() if isinstance(m, nn.Conv2d))
    assert np.abs(cam(clf, layer=name).maps["b"]).max() > 0


def test_images_of_their_own():
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(4,), hidden=(8,)), max_epochs=1, random_state=0)
    clf.fit({"a": X, "b": 1 - X}, Y)
    found = cam(clf, {"a": X[:3], "b": 1 - X[:3]}, target=[0, 0])
    np.testing.assert_array_equal(cam(clf, {"a": X[:3], "b": X[3:6]}, target=[0, 0]).maps["a"], found.maps["a"])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("trunk.33", r"layer must be the name of a layer in estimator.net_.module_.*Did you mean 'trunk.3'\?"),
        ("trunk.4", r"Grad-CAM needs feature maps, but 'trunk.4' returns shape \(1, 48\) for the task 'a'.*'trunk.3'"),
        ("heads.linear", r"'heads.linear' returns shape \(1, 4\)"),
        (nn.Conv2d(1, 1, 1), "layer: Conv2d is no layer of the fitted network"),
        ({"aa": "trunk.0"}, r"layer names the task 'aa'.*Did you mean 'a'\?"),
        (3, "The 'layer' parameter of task_saliency must be"),
    ],
)
def test_bad_layers(plain, layer, message):
    with pytest.raises(ValueError, match=message):
        cam(plain, layer=layer)


def test_a_trunk_without_convolutions():
    with pytest.raises(ValueError, match="that of task 'a' has none, or is TorchScript: set layer"):
        cam(fitted(nn.Flatten()))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_layers_of_torchscript_cannot_be_read():
    conv, rest = nn.Conv2d(1, 3, 3, padding=1), nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    clf, plain = fitted(nn.Sequential(conv, torch.jit.script(rest))), fitted(nn.Sequential(conv, rest))
    # Those beside them can.
    np.testing.assert_allclose(cam(clf).maps["a"], cam(plain, layer="trunk.0").maps["a"], rtol=1e-5, atol=1e-8)
    with pytest.raises(ValueError, match=r"layer: 'trunk.1.0' is TorchScript.*the module that it was compiled from"):
        cam(clf, layer="trunk.1.0")
    with pytest.raises(ValueError, match="that of task 'a' has none, or is TorchScript"):
        cam(fitted(torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))))
