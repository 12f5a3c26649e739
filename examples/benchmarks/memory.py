"""Peak memory of fit and predict on a memory-mapped array larger than what they may use.

``python examples/benchmarks/memory.py [--gigabytes 8] [--dir FOLDER] [--json FILE]`` (Linux)

Writes a uint8 .npy file of 64 x 64 colour images (removed afterwards), then fits for one epoch in
one fresh process and predicts in another. Counted is what the kernel calls VmHWM, the largest
resident set, above that of the interpreter with skmtl imported; pages of the mapped file count as
long as they stay mapped. The anonymous part, which the kernel cannot drop, is given beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

import numpy as np

CHUNK = 4096
GIGA = 1e9
# Small enough that reading 8 GB takes minutes; what is measured does not depend on the network's size.
TRUNK = {"channels": (4,), "kernel_size": 3, "hidden": (16,)}


def write_images(path, n_bytes):
    """Write a file of real digits, chunk after chunk of them in another order; return (rows, checksum)."""
    from _problems import load_problem

    problem = load_problem(64, CHUNK, n_test=0)
    n_rows = max(2 * CHUNK, int(n_bytes) // problem.X[0].nbytes)
    rng, checksum, labels = np.random.default_rng(0), 0, []
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (n_rows, *problem.X.shape[1:]))
    offset = images.offset
    del images  # the header is written; the rest is faster as plain writes
    with path.open("r+b") as file:
        file.seek(offset)
        for start in range(0, n_rows, CHUNK):
            order = rng.permutation(CHUNK)[: n_rows - start]
            chunk = np.ascontiguousarray(problem.X[order])
            checksum = zlib.crc32(chunk, checksum)
            file.write(chunk)
            labels.append(problem.y[order])
    np.save(path.with_name("labels.npy"), np.concatenate(labels))
    return n_rows, checksum


def checksum_of(path):
    """Return the checksum of an array file's data, read piece by piece."""
    offset = np.load(path, mmap_mode="r").offset
    checksum = 0
    with path.open("rb") as file:
        file.seek(offset)
        while piece := file.read(2**24):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def resident(field):
    """Return a field of this process's memory status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


class Watch:
    """Peak memory of a block of code above that at its start, in bytes."""

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
        self.start, self.anonymous_start = resident("VmRSS"), resident("RssAnon")
        self.anonymous, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()
        self.began = time.perf_counter()
        return self

    def _sample(self):
        # The kernel keeps a peak of the whole only.
        while not self.over.wait(0.02):
            self.anonymous = max(self.anonymous, resident("RssAnon") - self.anonymous_start)

    def __exit__(self, *error):
        self.seconds = time.perf_counter() - self.began
        self.peak = resident("VmHWM") - self.start
        self.over.set()
        self.thread.join()

    def result(self, output=0):
        """Return everything in GB and seconds; `output` bytes are what the caller asked for."""
        return {
            "peak": (self.peak - output) / GIGA,
            "anonymous": (self.anonymous - output) / GIGA,
            "seconds": self.seconds,
        }


def child(what, folder):
    """Fit or predict, in a process of its own; print the result."""
    import joblib
    from _race import limit_threads

    from skmtl import MultiTaskCNNClassifier
    from skmtl.nn import ConvTrunk

    limit_threads()
    X = np.load(folder / "images.npy", mmap_mode="r")
    y = np.load(folder / "labels.npy")
    if what == "fit":
        clf = MultiTaskCNNClassifier(ConvTrunk(**TRUNK), max_epochs=1, batch_size=256, random_state=0)
        with Watch() as watch:
            clf.fit(X, y)
        joblib.dump(clf, folder / "model.joblib")
        result = watch.result()
    else:
        clf = joblib.load(folder / "model.joblib")
        with Watch() as watch:
            predicted = clf.predict(X)
        result = watch.result(predicted.nbytes) | {"accuracy": 100 * float((predicted == y).mean())}
    print(json.dumps(result))


def measure(gigabytes, parent):
    """Return the peak memory of both, and whether the file stayed as it was."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        path = folder / "images.npy"
        n_rows, checksum = write_images(path, gigabytes * GIGA)
        modified = path.stat().st_mtime_ns
        result = {"gigabytes": path.stat().st_size / GIGA, "rows": n_rows}
        for what in ("fit", "predict"):
            command = [sys.executable, __file__, "--child", what, "--dir", name]
            found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            result[what] = json.loads(found.splitlines()[-1])
        result["unchanged"] = path.stat().st_mtime_ns == modified and checksum_of(path) == checksum
    return result


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=8.0, help="size of the file (at least 0.1)")
    parser.add_argument("--dir", type=Path, help="where to write it; a temporary folder by default")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--child", choices=("fit", "predict"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.dir)
        return
    result = measure(options.gigabytes, options.dir)
    for what in ("fit", "predict"):
        part = result[what]
        print(
            f"{what} on {result['gigabytes']:.2f} GB ({result['rows']:,} images): peak {part['peak']:.3f} GB above the "
            f"imported interpreter, anonymous {part['anonymous']:.3f} GB, {part['seconds']:.0f} s"
        )
    print(f"file unchanged: {result['unchanged']}")
    if options.json:
        options.json.write_text(json.dumps(result))
    if not result["unchanged"]:
        sys.exit("The file was changed.")


if __name__ == "__main__":
    main()
