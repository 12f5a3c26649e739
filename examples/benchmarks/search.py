"""Wall time of a grid search with two workers, against one.

``python examples/benchmarks/search.py [--max-epochs N] [--json FILE]``

Eight candidates in two folds on pairs of real digits. Each fit lasts seconds, as real ones do, so
that the start of the workers is a small part.
"""

import argparse
import json
import time
from pathlib import Path

from _peer_skmtl import classifier
from _problems import Cell, load_problem
from _race import limit_threads
from sklearn.model_selection import GridSearchCV

from skmtl.model_selection import MultiTaskStratifiedKFold

GRID = {"lr": [5e-4, 1e-3, 2e-3, 4e-3], "trunk__hidden": [(64,), (128,)]}
CELL = Cell(28, "default", 128)
N_IMAGES = 4096


def search(n_jobs, problem, max_epochs):
    """Return (seconds of the search, median seconds of a fit)."""
    grid = GridSearchCV(
        classifier(CELL, max_epochs=max_epochs),
        GRID,
        cv=MultiTaskStratifiedKFold(2, shuffle=True, random_state=0),
        n_jobs=n_jobs,
        refit=False,
        error_score="raise",
    )
    start = time.perf_counter()
    grid.fit(problem.X, problem.y)
    wall = time.perf_counter() - start
    return wall, float(sorted(grid.cv_results_["mean_fit_time"])[len(grid.cv_results_["params"]) // 2])


def main():
    """Search with one process, then with two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-epochs", type=int, default=12, help="epochs of every fit, 3 s or more")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    limit_threads()
    problem = load_problem(CELL.side, N_IMAGES)
    result = {"seconds": {}, "fit_seconds": {}}
    for n_jobs in (1, 2):
        result["seconds"][str(n_jobs)], result["fit_seconds"][str(n_jobs)] = search(n_jobs, problem, options.max_epochs)
    one, two = result["seconds"].values()
    print(f"grid of 8 candidates: n_jobs=1 {one:.1f} s, n_jobs=2 {two:.1f} s, ratio {two / one:.2f}")
    print("a fit: " + ", ".join(f"n_jobs={n} {s:.1f} s" for n, s in result["fit_seconds"].items()))
    if options.json:
        options.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
