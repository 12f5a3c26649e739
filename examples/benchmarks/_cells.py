"""The cells of the table: epoch times of everyone on one problem."""

from _peer_keras import Keras
from _peer_skmtl import Skmtl
from _peer_skorch import Skorch
from _peers_torch import PlainTorch, TunedTorch
from _problems import HEADLINE, load_problem
from _race import has_bfloat16, race, settle

__all__ = ["PEERS", "measure_cell"]

PEERS = ("plain PyTorch", "tuned PyTorch", "skorch", "Keras")


def measure_cell(cell, repeats, keras=None, share=1.0):
    """Return one row per precision, as dictionaries.

    Parameters
    ----------
    cell : Cell
        What to train.
    repeats : int
        Rounds.
    keras : KerasProcess, default=None
        None leaves Keras out.
    share : float, default=1.0
        Share of the images to use; less than 1 tries the command out.
    """
    problem = load_problem(cell.side, int(share * cell.n_images))
    precisions = ["float32", "bfloat16"] if has_bfloat16() else ["float32"]
    runs = _competitors(problem, cell, precisions, keras)
    seconds = race({name: run.epoch for name, run in runs.items()}, repeats)
    accuracies, added = settle(runs, budget=20 * share)
    rows = [_row(cell, p, len(problem.X), seconds, accuracies, 1 + repeats + added) for p in precisions]
    if cell in HEADLINE:
        for row in rows:
            row["fit"] = _check_by_the_clock(runs["skmtl", row["precision"]], max(2, repeats))
    for run in runs.values():
        if isinstance(run, Keras):
            run.close()
    return rows


def _competitors(problem, cell, precisions, keras):
    runs = {("plain PyTorch", "float32"): PlainTorch(problem, cell), ("skorch", "float32"): Skorch(problem, cell)}
    for precision in precisions:
        runs["skmtl", precision] = Skmtl(problem, cell, precision)
        runs["tuned PyTorch", precision] = TunedTorch(problem, cell, precision)
        # A policy that few users of Keras set on a CPU: for the headline only.
        if keras is not None and (precision == "float32" or cell in HEADLINE):
            runs["Keras", precision] = Keras(keras, problem, cell, precision)
    return runs


def _row(cell, precision, n_images, seconds, accuracies, epochs):
    ours = seconds["skmtl", precision]
    # Who has no variant of this precision is compared as its users run it.
    of = {peer: seconds.get((peer, "float32")) for peer in PEERS} | {
        "tuned PyTorch": seconds["tuned PyTorch", precision]
    }
    return {
        "cell": str(cell),
        "side": cell.side,
        "trunk": cell.trunk,
        "batch_size": cell.batch_size,
        "headline": cell in HEADLINE,
        "precision": precision,
        "n_images": n_images,
        "seconds": {"/".join(name): s for name, s in seconds.items()},
        "ours": ours,
        "ratios": {peer: ours / s for peer, s in of.items() if s is not None},
        "keras_bfloat16": ours / seconds["Keras", "bfloat16"] if ("Keras", "bfloat16") in seconds else None,
        "accuracies": {"/".join(name): a for name, a in accuracies.items()},
        "accuracy": accuracies["skmtl", precision],
        "spread": max(accuracies.values()) - min(accuracies.values()),
        "epochs": epochs,
    }


def _check_by_the_clock(run, epochs):
    """Time whole fits of one and of more epochs: what grows with the epochs and is not in ``history_``."""
    once = [wall - inside for wall, inside in (run.whole_fit(1), run.whole_fit(1 + epochs))]
    return {"epochs": 1 + epochs, "beside the epochs": once, "hidden an epoch": (once[1] - once[0]) / epochs}
