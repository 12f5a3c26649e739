"""What every weighting reaches on real images, each with its own learning rate.

``python examples/benchmarks/weighting_accuracy.py --data FOLDER [--problem multi_mnist|glyphs|both] [--seeds 5]
[--lrs 3e-3 8e-3 2e-2] [--epochs N] [--methods NAME ...] [--results FILE] [--table]``

MultiMNIST (20,000 images to train on; FOLDER has MNIST's IDX files, without it MNIST is downloaded) with the network
of Sener & Koltun (2018), and glyphs with a narrow one. Methods have their default options and ``gradient_level``, all
models the same epochs, batches and seeds. With seed 0 each is trained once for every learning rate; the one of the
highest mean accuracy on validation images is kept, and the test images are looked at once per seed. The models
of single tasks, to which Δm compares (higher is better), are tuned in the same way, each by itself.

Every fit is a line of ``--results``, written when it is done. What is there is not done again, so that a run
can be broken off and continued; ``--table`` prints what is there. With the defaults it takes about 45 minutes for
MultiMNIST and 15 for glyphs, on one core.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from _weighting_problems import PROBLEMS, load_parts
from _weighting_table import SINGLE, accuracy_table, best_lr

from skmtl import MultiTaskCNNClassifier
from skmtl.weighting import WEIGHTINGS


class Results:
    """The fits done so far, in memory and in a file of JSON lines."""

    def __init__(self, path):
        self.path = path
        self.rows = [json.loads(line) for line in path.read_text().splitlines()] if path and path.exists() else []

    def of(self, **facts):
        """Return the rows of which all `facts` are true."""
        return [row for row in self.rows if all(row[name] == fact for name, fact in facts.items())]

    def add(self, row):
        """Keep a row, and write it."""
        self.rows.append(row)
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")
        print(json.dumps(row), file=sys.stderr, flush=True)


class Runner:
    """Fits and scores the models of one problem."""

    def __init__(self, problem, options, results):
        self.problem, self.options, self.results = problem, options, results
        self.epochs = options.epochs or PROBLEMS[problem].epochs
        self.common = {"problem": problem, "epochs": self.epochs, "share": options.share}

    def rows(self):
        """Return what is known of the problem."""
        return self.results.of(**self.common)

    def run(self, model, tasks, weighting):
        """Choose the learning rate with seed 0, then score the test images for every seed."""
        kept = {}
        for lr in self.options.lrs:
            facts = self.common | {"model": model, "seed": 0, "lr": lr, "part": "valid"}
            if not self.results.of(**facts):
                kept[lr] = self.fit(tasks, weighting, lr, seed=0)
                self.results.add(facts | self.scored(tasks, 0, "valid", *kept[lr]))
        lr = best_lr(self.rows(), model)
        for seed in range(self.options.seeds):
            facts = self.common | {"model": model, "seed": seed, "lr": lr, "part": "test"}
            if not self.results.of(**facts):
                fitted = kept.get(lr) if seed == 0 else None
                fitted = fitted or self.fit(tasks, weighting, lr, seed)
                self.results.add(facts | self.scored(tasks, seed, "test", *fitted))

    def fit(self, tasks, weighting, lr, seed):
        """Return a fitted classifier and the seconds it took."""
        X, y = self.parts(seed)["train"]
        spec = PROBLEMS[self.problem]
        clf = MultiTaskCNNClassifier(
            spec.trunk,
            head=spec.head,
            weighting=weighting,
            lr=lr,
            max_epochs=self.epochs,
            device="cpu",
            random_state=seed,
        )
        start = time.perf_counter()
        clf.fit(X, y[list(tasks)])
        return clf, time.perf_counter() - start

    def scored(self, tasks, seed, part, clf, seconds):
        """Return the accuracies on a part of the images."""
        X, y = self.parts(seed)[part]
        right = np.mean(clf.predict(X) == y[list(tasks)].to_numpy(), axis=0)
        return {"accuracy": dict(zip(tasks, right.tolist(), strict=True)), "seconds": round(seconds, 2)}

    def parts(self, seed):
        """Return the images and labels of a seed."""
        return load_parts(self.problem, seed, self.options.data, self.options.share)


def _options(arguments):
    names = [SINGLE, *WEIGHTINGS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", choices=[*PROBLEMS, "both"], default="both", help="which images")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files; without it, MNIST is downloaded")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument(
        "--lrs", type=float, nargs="+", default=[3e-3, 8e-3, 2e-2], help="learning rates to choose from"
    )
    parser.add_argument("--epochs", type=int, help="passes over the training images, 15 (glyphs: 25)")
    parser.add_argument("--methods", nargs="+", choices=names, default=names, metavar="NAME", help="which models")
    parser.add_argument("--results", type=Path, help="file of JSON lines to continue")
    parser.add_argument("--table", action="store_true", help="fit nothing: print the table of --results")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument("--share", type=float, default=1.0, help="share of the images; below 1 tries it out")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Fit what is missing and print the tables."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    results = Results(options.results)
    for problem in PROBLEMS if options.problem == "both" else [options.problem]:
        runner, tasks = Runner(problem, options, results), PROBLEMS[problem].tasks
        for name in [] if options.table else options.methods:
            if name == SINGLE:
                for task in tasks:
                    runner.run(f"{SINGLE}: {task}", (task,), "equal")
            else:
                runner.run(name, tasks, name)
        print(f"{problem}, {runner.epochs} epochs, accuracy in per cent\n")
        print(accuracy_table(runner.rows(), problem), "\n", flush=True)


if __name__ == "__main__":
    main()
