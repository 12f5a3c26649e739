"""What every weighting costs beside equal weights: epoch times with 2, 10 and 40 tasks.

``python examples/benchmarks/weighting_cost.py [--quick] [--tasks 2 10 40] [--levels representation parameters]
[--methods NAME ...] [--repeats N] [--output FILE]``

Colour images of 64 x 64 pixels with two-class attributes, the default trunk, batches of 128, two threads. An epoch
with equal weights and one with the method in turn: medians of the ratios of such pairs, and their range. At the level
of the parameters there are fewer batches for more tasks, for both of a pair. The row "equal" is equal weights
beside themselves: the noise. Where TorchJD is installed, its users' loop is measured beside a loop in plain PyTorch
with equal weights, both float32. All takes about ten minutes; nothing else should run meanwhile.
"""

import argparse
import importlib.util
import os
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from _problems import load_problem
from _race import limit_threads, machine, ratios
from _report import markdown

from skmtl import MultiTaskCNNClassifier
from skmtl.weighting import WEIGHTINGS

LEVELS = ("representation", "parameters")
CONFLICTS = "equal, record_conflicts=True"
TORCHJD = "TorchJD, as its users write it: "
AGGREGATORS = ("UPGrad", "MGDA")


@cache
def attributes(n_images, n_tasks):
    """Return images (n, 64, 64, 3), and as many labels as tasks: on which side of a random plane an image lies."""
    X = load_problem(64, n_images, n_test=1).X
    coarse = X[:, ::4, ::4].reshape(n_images, -1).astype(float)
    planes = np.random.default_rng(0).normal(size=(coarse.shape[1], n_tasks))
    along = (coarse - coarse.mean(axis=0)) @ planes
    return X, (along > np.median(along, axis=0)).astype(np.int64)


def ways(options):
    """Return (method, level) of all rows; level None for those that read no gradient."""
    found = []
    for name in options.methods:
        reads_losses = name in WEIGHTINGS and WEIGHTINGS[name].reads == ("losses",)
        torchjd = name.startswith(TORCHJD)
        levels = [None] if reads_losses else ["parameters"] if torchjd else LEVELS
        found += [(name, level) for level in levels if level is None or level in options.levels]
    return found


def measure(method, level, n_tasks, options):
    """Return the row of a method: its epoch times as multiples of those of equal weights."""
    n_images, repeats = options.images, options.repeats
    if level == "parameters":
        n_images, repeats = max(2 * options.batch, min(n_images, 2 * n_images // n_tasks)), (repeats + 1) // 2
    X, y = attributes(n_images, n_tasks)
    if method.startswith(TORCHJD):
        from _peer_torchjd import BareTorch, TorchJD

        timed = TorchJD(X, y, options.batch, method.removeprefix(TORCHJD)).epoch
        base = BareTorch(X, y, options.batch).epoch
    else:
        timed = partial(_epoch, _classifier(method, level, options), X, y)
        base = partial(_epoch, _classifier("equal", None, options), X, y)
    found, seconds = ratios(timed, base, repeats)
    return {
        "method": method,
        "level": level,
        "tasks": n_tasks,
        "ratio": np.median(found),
        "low": found.min(),
        "high": found.max(),
        "equal": np.median(seconds),
    }


def _classifier(method, level, options):
    """Return an unfitted classifier; every fit is an epoch."""
    return MultiTaskCNNClassifier(
        weighting="equal" if method == CONFLICTS else method,
        gradient_level=level or "representation",
        record_conflicts=method == CONFLICTS,
        optimizer="adam",
        lr=1e-3,
        lr_scheduler="constant",
        batch_size=options.batch,
        precision=options.precision,
        device="cpu",
        warm_start=True,
        max_epochs=1,
        random_state=0,
    )


def _epoch(clf, X, y):
    return clf.fit(X, y).history_[-1]["seconds"]


def precision_used(options):
    """Return what the trunk computes in."""
    X, y = attributes(options.batch, 2)
    dtype = _classifier("equal", None, options).fit(X, y).net_.precision.dtype
    return str(dtype or "torch.float32").removeprefix("torch.")


def table(rows, counts):
    """Return a Markdown table: a row per method and level, a column per number of tasks."""
    cells = {(row["method"], row["level"], row["tasks"]): row for row in rows}
    lines = []
    for method, level in dict.fromkeys((row["method"], row["level"]) for row in rows):
        found = [cells.get((method, level, n)) for n in counts]
        texts = [f"{c['ratio']:.2f} ({c['low']:.2f} to {c['high']:.2f})" if c else "-" for c in found]
        lines.append([method, level or "-", *texts])
    lines.sort(key=lambda line: [*LEVELS, "-"].index(line[1]) if line[1] != "-" else -1)
    return markdown(["weighting", "gradient level", *(f"{n} tasks" for n in counts)], lines)


def _options(arguments):
    names = [*WEIGHTINGS, CONFLICTS]
    if importlib.util.find_spec("torchjd"):
        names += [TORCHJD + name for name in AGGREGATORS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", help="numbers of tasks, 2 10 40 (quick: 2 5)")
    parser.add_argument(
        "--levels", nargs="+", choices=LEVELS, default=list(LEVELS), help="of the methods that have one"
    )
    parser.add_argument("--methods", nargs="+", choices=names, default=names, metavar="NAME", help="which rows")
    parser.add_argument("--repeats", type=int, help="pairs that count, 5 (quick: 1)")
    parser.add_argument("--precision", choices=("auto", "float32"), default="auto", help="of the trunk")
    parser.add_argument("--threads", type=int, help="of PyTorch, 2 (quick: 1); 1 where anything else runs")
    parser.add_argument("--quick", action="store_true", help="two batches of 8: only whether it runs")
    parser.add_argument("--output", type=Path, help="write the table here")
    options = parser.parse_args(arguments)
    options.tasks = options.tasks or ([2, 5] if options.quick else [2, 10, 40])
    options.images, options.batch = (16, 8) if options.quick else (1024, 128)
    # Two threads wait for each other where something else runs, as beside tests.
    options.threads = options.threads or (1 if options.quick else 2)
    options.repeats = options.repeats or (1 if options.quick else 5)
    return options


def main(arguments=None):
    """Measure and print."""
    options = _options(arguments)
    limit_threads()
    torch.set_num_threads(options.threads)
    facts = machine() | {"threads": options.threads}
    head = ", ".join(f"{key} {value}" for key, value in facts.items())
    head += f", precision {precision_used(options)}, load at the start {os.getloadavg()[0]:.1f}"
    rows = []
    for n_tasks in options.tasks:
        for method, level in ways(options):
            rows.append(row := measure(method, level, n_tasks, options))
            said = f"{n_tasks} tasks, {method}, {level}: {row['ratio']:.2f}, of {1e3 * row['equal']:.0f} ms"
            print(said, file=sys.stderr, flush=True)
    seconds = {
        n: np.median([r["equal"] for r in rows if r["tasks"] == n and r["level"] is None] or [np.nan])
        for n in options.tasks
    }
    foot = "An epoch with equal weights: " + ", ".join(f"{n} tasks {1e3 * s:.0f} ms" for n, s in seconds.items()) + "."
    text = f"{head}\n\n{table(rows, options.tasks)}\n\n{foot}\n"
    print(text)
    if options.output:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
