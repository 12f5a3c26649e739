"""Fair timing: everyone in turn, in an order that rotates, and the medians."""

import os
import platform
import time
from pathlib import Path
from statistics import median

import numpy as np
import sklearn
import skorch
import torch

__all__ = ["N_THREADS", "has_bfloat16", "limit_threads", "machine", "race", "ratios", "settle"]

N_THREADS = 2


def limit_threads():
    """Give this process, and those it starts, two threads."""
    os.environ.pop("OMP_NUM_THREADS", None)
    torch.set_num_threads(N_THREADS)


def has_bfloat16():
    """Return whether the CPU multiplies bfloat16 natively."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in checks)


def machine():
    """Return what the numbers were measured on."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": N_THREADS,
        "native bfloat16": has_bfloat16(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "skorch": skorch.__version__,
        "scikit-learn": sklearn.__version__,
    }


def race(timed, repeats):
    """Return {name: median of what the functions return}, after a round that does not count.

    Parameters
    ----------
    timed : dict of hashable to callable
        Each does its work and returns the seconds it took.
    repeats : int
        Rounds that count. Whoever starts a round comes last in the next: a machine that slows down
        or warms up over the minutes then does so for all.
    """
    names = list(timed)
    seconds = {name: [] for name in names}
    for name in names:
        timed[name]()
    for i in range(repeats):
        start = i % len(names)
        for name in names[start:] + names[:start]:
            seconds[name].append(timed[name]())
    return {name: median(values) for name, values in seconds.items()}


def ratios(timed, base, repeats):
    """Return two arrays: how many times the seconds of `base` were taken in each repeat, and those of `base`.

    Parameters
    ----------
    timed, base : callable
        Each does its work and returns the seconds it took. They take turns at beginning.
    repeats : int
        Pairs that count, after one that does not.
    """
    timed(), base()
    pairs = []
    for i in range(repeats):
        order = (timed, base) if i % 2 else (base, timed)
        seconds = {function: function() for function in order}
        pairs.append((seconds[timed], seconds[base]))
    ours, theirs = np.array(pairs).T
    return ours / theirs, theirs


def settle(runs, enough=99.0, budget=20.0):
    """Train on, the same number of epochs for all, until all have learned; return (accuracies, epochs added).

    Parameters
    ----------
    runs : dict
        Competitors with ``epoch()`` and ``accuracy()``, in per cent.
    enough : float
        Accuracy at which the slowest learner may stop.
    budget : float
        Seconds after which it is over in any case.
    """
    start, added = time.perf_counter(), 0
    accuracies = {name: run.accuracy() for name, run in runs.items()}
    while min(accuracies.values()) < enough and time.perf_counter() - start < budget:
        for run in runs.values():
            run.epoch()
        added += 1
        accuracies = {name: run.accuracy() for name, run in runs.items()}
    return accuracies, added
