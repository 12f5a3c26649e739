"""More images than memory: what a fit and a prediction take beside them, and that their file stays as it is."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skmtl
from skmtl.datasets import LazyRows, load_two_digits

PREAMBLE = """
import sys
import numpy as np
from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk

def classifier(**params):
    return MultiTaskCNNClassifier(**{"max_epochs": 1, "random_state": 0, "precision": "float32", **params})

def labels(X):
    return np.arange(len(X))[:, None] // [1, 2] % 2
"""

# Between the two the highest so far is set back: that of the fit says nothing about the prediction.
MEASURE = """
def memory(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))

def growth(function, *args):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = memory("VmRSS")
    out = function(*args)
    return memory("VmHWM") - before, out

trunk = ConvTrunk(channels=(2,), kernel_size=1, hidden=(4,))
fit, clf = growth(classifier(trunk=trunk).fit, X, labels(X))
predict, probabilities = growth(clf.predict_proba, X)
print(fit, predict, len(probabilities[0]), len(clf.history_))
"""


def start(script, path):
    env = {**os.environ, "PYTHONPATH": str(Path(skmtl.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PREAMBLE + script, str(path)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def measured(script, path):
    process = start(script + MEASURE, path)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return [float(number) for number in out.split()]


@pytest.fixture
def large_file(tmp_path):
    """16,384 images of 128 x 128 x 3 bytes, 768 MiB, most of them holes in the file."""
    path = tmp_path / "x.npy"
    X = np.lib.format.open_memmap(path, "w+", np.uint8, (16_384, 128, 128, 3))
    X[::2, 5] = np.arange(3) * 80
    yield path
    path.unlink()


LINUX = pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux to tell the memory")


@LINUX
def test_memory_map_is_not_kept_in_memory(large_file):
    """In MiB; as much for twice the images. A copy of them would take 768, in float32 3072."""
    fit, predict, *done = measured('X = np.load(sys.argv[1], mmap_mode="r")', large_file)
    assert done == [16_384, 1]
    assert fit < 700  # 530 to 545 measured, 140 of it code of PyTorch that is read on first use
    assert predict < 350  # 85 to 245 measured


@LINUX
def test_images_in_memory_are_not_copied(tmp_path):
    """In MiB; the images take 300. In float32 they would take 1200."""
    fit, predict, *done = measured("X = np.full((6400, 128, 128, 3), 7, np.uint8); X[::2, 5] = 90", tmp_path)
    assert done == [6400, 1]
    assert fit < 280  # 145 measured
    assert predict < 150  # 40 measured


# ---- The file


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def small_file(tmp_path):
    """Float32 images, so that nothing on their way has to be cast, which would be a copy."""
    path = tmp_path / "x.npy"
    X, y = load_two_digits(200, return_X_y=True)
    np.save(path, X.astype(np.float32))
    return path, y


@pytest.mark.parametrize("lazy", [False, True], ids=["map", "LazyRows"])
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_file_is_untouched(mode, lazy, make, small_file):
    path, y = small_file
    before, changed = checksum(path), path.stat().st_mtime_ns
    X = np.load(path, mmap_mode=mode)
    values = np.array(X)
    images = LazyRows(X) if lazy else X
    clf = make(early_stopping=True, augment=lambda batch: batch.zero_().add_(1))
    clf.fit(images, y).score(images, y)
    clf.set_params(early_stopping=False, augment=None).partial_fit(images, y).predict_proba(images)
    np.testing.assert_array_equal(X, values)
    del clf, images
    if mode != "c":
        X.flush()
    del X
    assert checksum(path) == before
    assert path.stat().st_mtime_ns == changed


def test_what_the_file_holds_is_what_the_checksum_sees(small_file):
    """A map that is written to does change the checksum."""
    path, _ = small_file
    before = checksum(path)
    np.load(path, mmap_mode="r+")[3, 4, 5] += 1
    assert checksum(path) != before


TRAIN = """
from skorch.callbacks import Callback

class Tell(Callback):
    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == 3:
            print("in the middle", flush=True)

X = np.load(sys.argv[1], mmap_mode="r+")
clf = classifier(max_epochs=10**6, callbacks=[Tell()], augment=lambda batch: batch.zero_().add_(1), batch_size=16)
clf.fit(X, labels(X))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nothing can handle")
def test_killed_while_training_from_a_writable_map(small_file):
    path, _ = small_file
    before = checksum(path)
    process = start(TRAIN, path)
    try:
        assert process.stdout.readline() == "in the middle\n"
    finally:
        process.kill()
        process.stdout.close()
    assert process.wait(60) == -signal.SIGKILL
    assert checksum(path) == before
