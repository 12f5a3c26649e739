from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection import TaskAffinity


def result(values, error, method="transfer", names=None, n_repeats=3):
    names = names or list("abcdefgh")[: len(values)]
    frames = [pd.DataFrame(np.broadcast_to(m, np.shape(values)), names, names) for m in (values, error)]
    return TaskAffinity(*frames, np.stack([values] * n_repeats), method, names)


def test_a_small_affinity_is_told_whole():
    values = np.array([[0, 0.25, 0.03125], [-0.125, 0, 0.5], [0.0625, 0.75, 0]])
    assert str(result(values, 0.01)).splitlines() == [
        "Affinity of 3 tasks by 'transfer', 3 repeats: rows give, columns receive",
        "",
        "        a      b      c",
        "a       -  0.250  0.031",
        "b  -0.125      -  0.500",
        "c   0.062  0.750      -",
        "",
        "Standard errors",
        "",
        "       a      b      c",
        "a      -  0.010  0.010",
        "b  0.010      -  0.010",
        "c  0.010  0.010      -",
        "",
        "An entry is the share by which the receiver's held-out score rises beside the giver; more is better.",
        "Stability 1.00: 1 where all repeats rank the givers alike, 0 as by chance.",
        "An entry within two standard errors of 0 may be chance.",
    ]


def test_nothing_but_chance_is_told():
    noise = np.random.default_rng(0).normal(size=(30, 3, 3))
    found = replace(result(noise.mean(0), noise.std(0) / 30**0.5), repeats=noise)
    assert str(found).endswith("No task is seen to give another anything that chance does not explain.")


def test_small_entries_have_three_digits():
    text = str(result(np.array([[1, 0.00125], [0.0005, 1]]), np.nan, "lookahead", n_repeats=1))
    assert "0.00125" in text
    assert "error" not in text
    assert "Stability" not in text


@pytest.mark.parametrize("symmetric", [False, True])
def test_of_forty_tasks_the_strongest_pairs_are_told(symmetric):
    rng = np.random.default_rng(0)
    names = [f"attribute_number_{i}" for i in range(40)]
    values = rng.normal(scale=0.01, size=(40, 40))
    values[3, 7] = -0.9
    values[20, 30] = 0.8
    text = str(result(values + symmetric * values.T, 0.01, names=names))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    assert len(lines) < 35
    arrow = "--" if symmetric else "->"
    at = lines.index(f"The 10 largest of {780 if symmetric else 1560} pairs, ± standard error")
    assert lines[at + 1].startswith(f"attribute_number_3 {arrow} attribute_number_7 ")
    assert lines[at + 2].startswith(f"attribute_number_20 {arrow} attribute_number_30 ")
    assert " -0." in lines[at + 1]
    assert lines[at + 1].endswith(" ± 0.010")


def test_long_names_are_numbered():
    names = [f"a_rather_long_name_of_a_task_{i}" for i in range(5)]
    lines = str(result(np.ones((5, 5)), 0.1, names=names)).splitlines()
    assert lines[2].split() == ["(0)", "(1)", "(2)", "(3)", "(4)"]
    assert lines[3].split()[:3] == ["a_rather_long_name_of_a_task_0", "(0)", "-"]


def test_repr_is_short():
    found = result(np.zeros((40, 40)), 0.1, names=[f"attribute_number_{i}" for i in range(40)])
    assert repr(found).startswith("TaskAffinity(method='transfer', tasks=['attribute_number_0', ")
    assert repr(found).endswith(", ...], n_repeats=3, stability=nan)")
    assert len(repr(found)) < 220
