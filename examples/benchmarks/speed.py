"""Epoch and prediction times beside PyTorch, skorch and Keras, on two cores.

``python examples/benchmarks/speed.py [--cells quick|all] [--repeats N] [--json FILE] [--plot FILE]``

Keras needs a virtual environment of its own with the extra ``bench``; name its interpreter with
``--keras-python`` or in SKMTL_BENCH_PYTHON, or the table goes without. All cells take about 25
minutes, the quick ones three; nothing else should run meanwhile.

The same architecture, batch size, learning rate, images and number of epochs for all, two threads
for each; one epoch of each in turn, in rotating order; medians. Epochs are timed by everyone's own
clock (``history_``, skorch's ``dur``, Keras' callbacks), so that what a fit does once counts for
nobody; the headline cells say what that is for skmtl, and how much of an epoch its own clock
misses. Peers are given standardised float32 images in memory, skmtl the integers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _cells import measure_cell
from _peer_keras import KerasProcess
from _problems import all_cells, quick_cells
from _race import limit_threads, machine
from _report import cells_table, draw, once_lines, targets_table
from _rows import measure_linearity, measure_overhead, measure_predict, measure_tasks
from _targets import targets

PARTS = ("cells", "predict", "tasks", "overhead", "linear", "grid", "memory")
SLOW = ("linear", "grid", "memory")
HERE = Path(__file__).parent


def main():
    """Measure what the command line asks for, print it, and fail where accuracies differ."""
    options = _options()
    if options.show:
        results = json.loads(options.show.read_text())
    else:
        limit_threads()
        results = measure(options)
    results["targets"] = targets(results)
    _save(results, options.json)
    show(results)
    if options.plot:
        draw(results, options.plot)
    apart = {row["cell"]: row["accuracies"] for row in results.get("cells", []) if row["spread"] > 1}
    if apart and results["share"] == 1:
        lines = [f"{cell}: {accuracies}" for cell, accuracies in apart.items()]
        sys.exit("The models compared differ by more than a point of accuracy:\n" + "\n".join(lines))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", choices=("quick", "all"), default="all", help="quick: four cells, no slow parts")
    parser.add_argument("--repeats", type=int, help="rounds that count, 5 (quick: 3); the medians are reported")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="what to measure (all; quick: all but the slow)")
    parser.add_argument("--json", type=Path, help="write everything measured here, after every part")
    parser.add_argument("--plot", type=Path, help="draw the ratios here")
    parser.add_argument("--show", type=Path, help="measure nothing: print (and draw) what a --json file holds")
    parser.add_argument("--keras-python", default=os.environ.get("SKMTL_BENCH_PYTHON"), help="interpreter with Keras")
    parser.add_argument("--share", type=float, default=1.0, help="share of the images; below 1 tries it out")
    options = parser.parse_args()
    if options.parts is None:
        options.parts = [p for p in PARTS if options.cells == "all" or p not in SLOW]
    options.repeats = options.repeats or (5 if options.cells == "all" else 3)
    return options


def measure(options):
    """Return all results, saving them as they come."""
    keras = _keras(options.keras_python)
    results = {"machine": machine() | (keras.versions if keras else {})}
    results |= {"repeats": options.repeats, "share": options.share}
    try:
        for part in options.parts:
            start = time.perf_counter()
            _measure_part(part, options, keras, results)
            _save(results, options.json)
            _say(f"{part}: {time.perf_counter() - start:.0f} s")
    finally:
        if keras:
            keras.close()
    return results


def _measure_part(part, options, keras, results):
    repeats, share = options.repeats, options.share
    if part == "cells":
        results["cells"] = []
        for cell in all_cells() if options.cells == "all" else quick_cells():
            _say(str(cell))
            results["cells"] += measure_cell(cell, repeats, keras, share)
            _save(results, options.json)
    elif part == "predict":
        n_images = 20_000 if options.cells == "all" else 5_000
        results[part] = measure_predict(repeats, keras, int(share * n_images))
    elif part == "tasks":
        results[part] = measure_tasks(repeats, share)
    elif part == "overhead":
        results[part] = measure_overhead(repeats)
    elif part == "linear":
        sizes = (1_000, 10_000, 100_000) if share == 1 else (500, 1_000, 2_000)
        results[part] = measure_linearity(min(repeats, 3), sizes)
    elif part == "grid":
        results[part] = _other_command("search.py", *(["--max-epochs", "1"] if share < 1 else []))
    else:
        results[part] = _other_command("memory.py", "--gigabytes", str(8 * share))


def _keras(python):
    if not python:
        _say("Keras is left out: name an interpreter with the extra 'bench' by --keras-python or SKMTL_BENCH_PYTHON.")
        return None
    try:
        return KerasProcess(python)
    except RuntimeError as error:
        _say(f"Keras is left out: {error}")
        return None


def _other_command(script, *arguments):
    """Run a script in a fresh process: workers and peak memory start from nothing there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        subprocess.run([sys.executable, HERE / script, "--json", path, *arguments], check=True, stdout=sys.stderr)
        return json.loads(path.read_text())


def _save(results, path):
    if path:
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def _say(message):
    print(message, file=sys.stderr, flush=True)


def show(results):
    """Print the tables."""
    print(", ".join(f"{key} {value}" for key, value in results["machine"].items()), "\n")
    if results.get("cells"):
        print(cells_table(results["cells"]), "\n")
        print(once_lines(results["cells"]), "\n")
    print(targets_table(results["targets"]))


if __name__ == "__main__":
    main()
