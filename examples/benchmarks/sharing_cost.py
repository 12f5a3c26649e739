"""What every way of sharing costs beside hard sharing: parameters, time and memory.

``python examples/benchmarks/sharing_cost.py [--repeats N] [--images N] [--tasks 2 5] [--json FILE]`` (memory: Linux)

28 x 28 images, batches of 128, Adam, float32, two threads; with the default trunk for each number of tasks, and with
``ResNetTrunk(width=16)`` for the first. An epoch and a prediction of each in turn, in rotating order; medians. Peak
memory is VmHWM above the interpreter with skmtl imported, each way in a process of its own. Nothing else should run
meanwhile; the load at the start is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _race import limit_threads, machine, race

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import SHARINGS, ConvTrunk, ResNetTrunk

TRUNKS = {"cnn": ConvTrunk(), "resnet": ResNetTrunk(width=16)}
SIDE = 28


def images(n_images, n_tasks):
    """Return images of two digits on a canvas of 28 x 28, and as many tasks of ten classes."""
    X, y = load_two_digits(n_images, return_X_y=True)
    canvas = np.zeros((n_images, SIDE, SIDE), np.uint8)
    canvas[:, 10:18, 6:22] = X
    # Their sums and differences, modulo ten: how long a task takes does not depend on what it asks.
    return canvas, np.stack([(y[:, 0] + t * y[:, 1]) % 10 for t in range(n_tasks)], axis=1)


def classifier(trunk, sharing, **params):
    """Return an unfitted classifier; every fit is an epoch."""
    options = {"optimizer": "adam", "lr": 1e-3, "lr_scheduler": "constant", "batch_size": 128, "device": "cpu"}
    return MultiTaskCNNClassifier(
        TRUNKS[trunk], sharing=sharing, max_epochs=1, precision="float32", random_state=0, **options, **params
    )


def measure(trunk, n_tasks, n_images, repeats, ways):
    """Return a row per way of sharing, of which the first is hard sharing."""
    X, y = images(n_images, n_tasks)
    runs = {name: classifier(trunk, name, warm_start=True) for name in ways}
    train = race({name: lambda clf=clf: clf.fit(X, y).history_[-1]["seconds"] for name, clf in runs.items()}, repeats)
    predict = race({name: lambda clf=clf: _predict_seconds(clf, X) for name, clf in runs.items()}, repeats)
    return [
        {
            "trunk": trunk,
            "tasks": n_tasks,
            "sharing": name,
            "parameters": sum(p.numel() for p in clf.net_.module_.parameters()),
            "epoch seconds": train[name],
            "predict seconds": predict[name],
            "peak bytes": _peak(trunk, name, n_tasks, n_images),
        }
        for name, clf in runs.items()
    ]


def _predict_seconds(clf, X):
    start = time.perf_counter()
    clf.predict(X)
    return time.perf_counter() - start


def _peak(trunk, sharing, n_tasks, n_images):
    """Return the bytes that a fit and a prediction take in a fresh process, None where the system does not count."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    words = [sys.executable, __file__, "--child", trunk, sharing, str(n_tasks), str(n_images)]
    found = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(found.splitlines()[-1])


def child(trunk, sharing, n_tasks, n_images):
    """Fit and predict in this process; print the peak memory."""
    from memory import Watch

    limit_threads()
    X, y = images(int(n_images), int(n_tasks))
    # What the first fit of any network loads and keeps is no cost of a way of sharing.
    classifier("cnn", "hard").fit(X[:256], y[:256])
    with Watch() as watch:
        classifier(trunk, sharing).fit(X, y).predict(X)
    print(json.dumps(watch.peak))


def ratios(rows):
    """Return the table: parameters, and everything else as a multiple of hard sharing."""
    table = pd.DataFrame(rows).set_index(["trunk", "tasks", "sharing"])
    hard = table.xs("hard", level="sharing").reindex(table.index.droplevel("sharing")).set_axis(table.index)
    out = pd.DataFrame({"parameters": table["parameters"].map("{:,}".format)})
    for column, name in (
        ("parameters", "x"),
        ("epoch seconds", "training"),
        ("predict seconds", "prediction"),
        ("peak bytes", "memory"),
    ):
        out[name] = (table[column] / hard[column]).map("{:.2f}".format)
    return out


def main(arguments=None):
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count; the medians are reported")
    parser.add_argument("--images", type=int, default=1000, help="number of images (a quarter for the ResNet)")
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 5], help="numbers of tasks")
    parser.add_argument("--trunks", nargs="+", choices=list(TRUNKS), default=list(TRUNKS), help="which trunks")
    parser.add_argument("--ways", nargs="+", choices=list(SHARINGS), default=list(SHARINGS), help="beside hard sharing")
    parser.add_argument("--json", type=Path, help="write everything measured here")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(*options.child)
        return
    limit_threads()
    load = os.getloadavg()
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"load average at the start {load[0]:.1f}, {load[1]:.1f}, {load[2]:.1f}")
    cells = [("cnn", n, options.images) for n in options.tasks] + [("resnet", options.tasks[0], options.images // 4)]
    ways = ["hard", *(name for name in options.ways if name != "hard")]
    rows = []
    for trunk, n_tasks, n_images in cells:
        if trunk in options.trunks:
            rows += measure(trunk, n_tasks, n_images, options.repeats, ways)
    hard = [row for row in rows if row["sharing"] == "hard"]
    for row in hard:
        print(f"{row['trunk']}, {row['tasks']} tasks, hard sharing: {1e3 * row['epoch seconds']:.0f} ms an epoch")
    print(ratios(rows).to_string())
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "load": load, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
