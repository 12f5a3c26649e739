"""Keras on TensorFlow: this side of the process that _keras_worker.py runs in."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

__all__ = ["Keras", "KerasProcess"]

WORKER = Path(__file__).with_name("_keras_worker.py")


class KerasProcess:
    """A running worker.

    Parameters
    ----------
    python : str
        Interpreter of an environment with ``skmtl[bench]``'s tensorflow-cpu and keras.

    Raises
    ------
    RuntimeError
        If it cannot import them.
    """

    def __init__(self, python):
        environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "OMP_NUM_THREADS")}
        environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        self.folder = tempfile.TemporaryDirectory()
        # A file, not a pipe: nobody reads while TensorFlow talks, and a full pipe would stop it.
        self.errors = Path(self.folder.name) / "stderr"
        pipe = subprocess.PIPE
        try:
            with self.errors.open("w") as stderr:
                self.process = subprocess.Popen(
                    [python, WORKER], text=True, env=environ, stdin=pipe, stdout=pipe, stderr=stderr
                )
        except OSError as error:
            raise RuntimeError(f"{python} does not run ({error})") from error
        self.versions = self.ask("versions")

    def ask(self, command, **arguments):
        """Send one request, return its answer."""
        try:
            print(json.dumps({"command": command, **arguments}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            lines = self.errors.read_text().strip().splitlines()
            raise RuntimeError(f"Keras' process ended: {lines[-1] if lines else 'without a word'}")
        return json.loads(line)

    def save(self, **arrays):
        """Hand arrays over through a file; return its path."""
        path = Path(self.folder.name) / "arrays.npz"
        np.savez(path, **arrays)
        return str(path)

    def close(self):
        """End the worker."""
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.folder.cleanup()


class Keras:
    """A functional model with one output per task, trained by ``model.fit``."""

    def __init__(self, process, problem, cell, precision="float32"):
        self.process = process
        self.name = f"{cell}, {precision}"
        arrays = {"X": problem.floats(problem.X), "y": problem.y}
        arrays |= {"X_test": problem.floats(problem.X_test), "y_test": problem.y_test}
        process.ask(
            "build",
            name=self.name,
            arrays=process.save(**arrays),
            layers=cell.layers,
            n_classes=problem.n_classes,
            batch_size=cell.batch_size,
            precision=precision,
        )

    def epoch(self):
        """Train for one epoch; return its seconds, from Keras' own callbacks."""
        return self.process.ask("epoch", name=self.name)

    def predict_seconds(self, images):
        """Return the seconds ``model.predict`` takes, the better of batches of 32 and of 512."""
        return self.process.ask("predict", name=self.name, arrays=self.process.save(X=images))

    def accuracy(self):
        """Return the accuracy on the images held out, in per cent."""
        return self.process.ask("accuracy", name=self.name)

    def close(self):
        """Let the worker forget model and data."""
        self.process.ask("close", name=self.name)
