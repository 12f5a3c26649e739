"""examples/loss_scales.py: equal weights fail a task whose loss is a hundredth of the other's."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

SOLVE = ["geometric", "famo", "gradnorm", "imtl-g", "aligned-mtl", "nash-mtl"]
SOLVE_LATER = ["uncertainty", "imtl-l"]


@pytest.fixture(scope="module")
def example():
    path = Path(__file__).parents[1] / "examples" / "loss_scales.py"
    spec = importlib.util.spec_from_file_location("loss_scales", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_methods_that_even_out_scales_solve_what_equal_weights_fail(example):
    table = example.compare(["equal", *SOLVE, *SOLVE_LATER])
    assert table["bar"]["equal"] < 0.6
    assert (table["diagonal"][["equal", *SOLVE, *SOLVE_LATER]] > 0.85).all()
    assert (table["bar"][SOLVE] > 0.85).all()
    assert (table["bar"][SOLVE_LATER] > 0.75).all()
    # The losses are 1 : 100 where both tasks are learned alike.
    ratio = table["loss of diagonal"] / table["loss of bar"]
    assert ratio[SOLVE].between(80, 200).all()
    assert ratio["equal"] > 30
    # Weights average 1, and those of the solutions undo the scale.
    np.testing.assert_allclose(table["weight of bar"] + table["weight of diagonal"], 2, rtol=1e-4)
    assert (table["weight of bar"] / table["weight of diagonal"])[SOLVE].between(25, 400).all()


def test_equal_weights_solve_it_at_like_scales(example):
    table = example.compare(["equal"], n_copies=2)
    assert (table.loc["equal", ["bar", "diagonal"]] > 0.85).all()


def test_methods_that_keep_scales_do_no_better_than_equal_weights(example):
    table = example.compare(["dwa", "upgrad"])
    assert (table["bar"] < 0.65).all()
    assert (table["diagonal"] > 0.85).all()


@pytest.mark.parametrize("n_copies", [10, 100])
def test_the_loss_is_the_sum_over_copies_in_value_and_gradient(example, n_copies):
    torch.manual_seed(0)
    head = example.CopiedLabelsHead(n_copies).build(4, 3)
    features, codes = torch.randn(50, 4, requires_grad=True), torch.randint(2, (50,))
    found = F.cross_entropy(head(features), codes)
    expected = n_copies * F.binary_cross_entropy_with_logits(head[0](features)[:, 0], codes.float())
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, [features, *head.parameters()]),
        torch.autograd.grad(expected, [features, *head.parameters()]),
    )


@pytest.mark.parametrize("z", [-1000.0, -30.0, 30.0, 1000.0])
def test_certain_answers_stay_finite(example, z):
    logit = torch.tensor([[z]], requires_grad=True)
    logs = example._SumOfCopies(100)(logit)
    loss = F.cross_entropy(logs, torch.tensor([int(z > 0)]))
    assert loss.item() == pytest.approx(0, abs=1e-4)
    loss.backward()
    assert logit.grad.abs().item() < 1e-4


def test_shapes_are_drawn_where_the_truth_says(example):
    rng = np.random.default_rng(0)
    X, truth = example.draw(200, rng)
    assert (X.shape, X.dtype) == ((200, 8, 8), np.float32)
    # Squared sums along rows are largest where a bar of ink lies, along columns where it stands.
    rows, columns = (np.clip(X, 0, None).sum(axis) ** 2 for axis in (2, 1))
    standing = columns.max(axis=1) > rows.max(axis=1)
    assert (standing == truth[:, 0].astype(bool)).mean() > 0.9
    y = example.labels(truth, rng)
    assert (y["diagonal"] == "mixed").sum() == 1
    assert 0.8 < (y["bar"] == truth[:, 0]).mean() < 0.97


def test_the_table_has_a_row_for_every_method(example, capsys):
    example.main(["--methods", "equal", "imtl-g", "--max-epochs", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("the sum of 100")
    assert [line.split()[0] for line in lines[2:]] == ["equal", "imtl-g"]


def test_the_head_wants_three_classes(example):
    with pytest.raises(ValueError, match="Got 2 classes"):
        example.CopiedLabelsHead().build(4, 2)
