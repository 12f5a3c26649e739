"""examples/two_inputs.py on small images."""

import importlib.util
import os
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

ROOT = Path(__file__).parents[1]
CONV, DENSE = 3 * 3 * 3 * 64 + 64, 8 * 8 * 64 * 128 + 128
HEADS = 128 * 26 + 26 + 128 * 4 + 4


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("two_inputs", ROOT / "examples" / "two_inputs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_readings_are_run_and_reported(example, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    example.main(["--n-images", "320", "--epochs", "1", "--size", "32", "--seed", "3"])
    printed = capsys.readouterr().out
    assert "320 training and 160 test images of 32 x 32 x 3 per input, 1 epochs" in printed
    found = re.findall(
        r"^(one trunk|two trunks): ([\d,]+) parameters, test accuracy character (\S+), family (\S+)\n"
        r"    fit \S+ s .*, predict \S+ s .*, peak memory (\S+) GiB$",
        printed,
        re.MULTILINE,
    )
    assert [(name, int(count.replace(",", ""))) for name, count, *_ in found] == [
        ("one trunk", CONV + DENSE + HEADS),
        ("two trunks", 2 * (CONV + DENSE) + HEADS),
    ]
    for *_, character, family, peak in found:
        assert 0 <= float(character) <= 1
        assert 0 <= float(family) <= 1
        assert 0.05 < float(peak) < 2


def test_the_network_is_that_of_the_listing(example):
    layers = [layer for layer in example.InParts((3, 224, 224), 16).trunk if list(layer.children()) == []]
    names = [type(layer).__name__ for layer in layers]
    # ReLU and max pooling commute; the average pooling is what stands for the flattening of the whole map.
    assert names[:3] == ["Conv2d", "MaxPool", "ReLU"]
    assert names[-3:] == ["Flatten", "Linear", "ReLU"]
    assert (layers[0].out_channels, layers[0].kernel_size, layers[-2].out_features) == (64, (3, 3), 128)
    assert layers[-2].in_features == 8 * 8 * 64


@pytest.mark.parametrize("part", [3, 8, 100])
def test_parts_change_nothing_but_the_memory(example, part):
    torch.manual_seed(0)
    trunk = example.InParts((3, 20, 20), part)
    images, weights = torch.rand(8, 3, 20, 20), torch.rand(8, 128)
    with torch.no_grad():
        torch.testing.assert_close(trunk(images), trunk.trunk(images))
    found = torch.autograd.grad((trunk(images) * weights).sum(), trunk.parameters())
    expected = torch.autograd.grad((trunk.trunk(images) * weights).sum(), trunk.parameters())
    torch.testing.assert_close(found, expected)


def test_images_are_dark_on_light_in_colour(example):
    X, y = example.coloured_glyphs("AB", 40, 16, np.random.default_rng(0))
    assert (X.shape, X.dtype, len(y)) == ((40, 16, 16, 3), np.uint8, 40)
    corner = X[:, 0, 0].astype(int)
    assert corner.min() >= 128
    assert len(np.unique(corner, axis=0)) == 40
    assert (X.min(axis=(1, 2)) < corner).all()
    assert set(y["character"]) == {"A", "B"}


def test_a_seed_gives_the_same_images(example, tmp_path):
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, [0, 0, 1], strict=True):
        folder.mkdir()
        example.render(folder, SimpleNamespace(n_images=20, size=16, seed=seed))
    first, again, other = (np.load(folder / "family.npy") for folder in folders)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    labels = partial(pd.read_csv, keep_default_na=False)
    pd.testing.assert_frame_equal(labels(folders[0] / "labels.csv"), labels(folders[1] / "labels.csv"))
    assert set(labels(folders[0] / "labels.csv")) == {"character", "family"}
