"""Two inputs and two outputs, in both readings: one trunk for both inputs, or a trunk for each.

Run it with ``python examples/two_inputs.py [--n-images 512] [--epochs 10] [--seed 0] [--size 224] [--part 8]``.
It takes some ten minutes of processor time, shared by the cores there are.

The network: two inputs of 224 x 224 x 3; a convolution with 64 kernels of 3 x 3, "same" padding and ReLU; 2 x 2 max
pooling; a fully connected layer of 128 with ReLU; a softmax output per task with its own number of classes. Adam at
its usual rate of 0.001, cross-entropy, accuracy, ten epochs, batches of 32. Described is one trunk that both inputs
pass through (``sharing="hard"``); listed are two trunks of the same shape, one per input, which have nothing in
common but the step (``sharing="none"``). Both are fitted here, on the same images, from the same seed.

Between pooling and the fully connected layer the listing has no flatten layer. Taken literally, its dense layer acts
on each of the 112 x 112 pixels alone and the outputs are maps of 112 x 112 probability vectors, which no label fits.
Flattened, the map needs 112 * 112 * 64 * 128 = 102,760,448 weights in one layer: with their gradient and the two
moments of Adam 1.6 GB a trunk before the first image, 3.3 GB for two, and 100,000 weights per training image. So the
map is averaged to 8 x 8 before it is flattened (``max_map_size=8``, the trunk's default), which leaves
8 * 8 * 64 * 128 = 524,288 weights, and keeps where in the image something is.

The images: the first input shows a capital letter, the second one a digit, both rendered in the sixteen fonts that
come with Matplotlib, in a dark colour on a light one. The tasks: which of 26 letters, and which of the four font
families the digit is set in.

Memory: a batch is 2 * 32 images, and the convolution makes 64 * 224 * 224 values of each. All of them, the places of
the maxima and the gradients are needed at once, several GiB in float32. So the trunk runs on 8 images at a time
and once more for their gradient (gradient checkpointing): the same numbers but for the order of the additions, for
less memory and more time. ``--part 0`` runs whole batches. Each reading has a process of its own, which reports its
largest resident memory, that of Python, PyTorch and the images included.

Reference: Chen et al. (2016), Training deep nets with sublinear memory cost, arXiv:1604.06174, for the checkpoints.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from string import ascii_uppercase, digits

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs
from skmtl.nn import ConvTrunk

TRUNK = ConvTrunk(channels=(64,), kernel_size=3, padding="same", hidden=(128,), max_map_size=8)
# task -> the characters of its images
CHARACTERS = {"character": ascii_uppercase, "family": digits}
READINGS = {"one trunk": "hard", "two trunks": "none"}


class InParts(nn.Module):
    """Runs a trunk on a few images at a time, and again for the gradient, instead of keeping the maps of all."""

    def __init__(self, image_shape, part):
        super().__init__()
        self.trunk = TRUNK.build(image_shape)
        self.part = part

    def forward(self, images):
        """Return the features, shape (batch, 128)."""
        if not torch.is_grad_enabled():
            return self.trunk(images)
        parts = images.contiguous(memory_format=torch.channels_last).split(self.part)
        run = partial(checkpoint, self.trunk, use_reentrant=False, preserve_rng_state=False)  # nothing random in it
        return torch.cat([run(part) for part in parts])


def coloured_glyphs(characters, n_images, size, rng):
    """Return images of shape (n_images, size, size, 3), dark on light, and their labels, in random order."""
    seed = int(rng.integers(2**31))
    ink, y = load_glyphs(n_images, size=size, characters=characters, random_state=seed, return_X_y=True, as_frame=True)
    X = np.empty((*ink.shape, 3), np.uint8)
    order = rng.permutation(n_images)
    for image, i in zip(X, order, strict=True):
        light, dark = rng.integers(128, 256, 3), rng.integers(0, 128, 3)
        image[:] = light + ink[i][..., None] / 255 * (dark - light)
    return X, y.iloc[order].reset_index(drop=True)


def render(folder, options):
    """Write the images of both inputs and the labels of both tasks."""
    rng = np.random.default_rng(options.seed)
    n_images = options.n_images + options.n_images // 2
    labels = {}
    for task, characters in CHARACTERS.items():
        X, y = coloured_glyphs(characters, n_images, options.size, rng)
        np.save(folder / f"{task}.npy", X)
        labels[task] = y[task]
    pd.DataFrame(labels).to_csv(folder / "labels.csv", index=False)
    return {"images": n_images}


def fit_and_test(folder, options):
    """Fit one reading of the network, and return what it has, takes and reaches."""
    images = {task: np.load(folder / f"{task}.npy", mmap_mode="r") for task in CHARACTERS}
    y = pd.read_csv(folder / "labels.csv")
    n = options.n_images
    clf = MultiTaskCNNClassifier(
        partial(InParts, part=options.part) if options.part else TRUNK,
        sharing=READINGS[options.stage],
        optimizer="adam",
        lr=1e-3,
        weight_decay=0.0,
        lr_scheduler="constant",
        max_epochs=options.epochs,
        batch_size=32,
        random_state=options.seed,
    )
    start, start_cpu = time.perf_counter(), time.process_time()
    clf.fit({task: X[:n] for task, X in images.items()}, y[:n])
    fitted, fitted_cpu = time.perf_counter(), time.process_time()
    predicted = clf.predict({task: X[n:] for task, X in images.items()})
    predict_seconds = time.perf_counter() - fitted
    accuracy = (predicted == y[n:].to_numpy()).mean(axis=0)
    return {
        "parameters": sum(p.numel() for p in clf.net_.module_.parameters()),
        "fit": fitted - start,
        "fit cpu": fitted_cpu - start_cpu,
        "predict": predict_seconds,
        "accuracy": dict(zip(y.columns, accuracy.tolist(), strict=True)),
        "precision": str(clf.net_.precision.dtype or torch.float32).removeprefix("torch."),
    }


def run_stage(stage, folder, options):
    """Return what a stage prints in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", folder]
    for name in ("n_images", "epochs", "seed", "size", "part"):
        command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])


def peak_memory():
    """Return the largest resident set of this process so far, in GiB."""
    # Linux counts in KiB, macOS in bytes. Linux counts the starting process in too: that one must stay small.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1) / 2**30


def parse(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-images", type=int, default=512, help="training images of each input; half as many test")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the training images")
    parser.add_argument("--seed", type=int, default=0, help="of the images, the weights and the order of the batches")
    parser.add_argument("--size", type=int, default=224, help="height and width of the images in pixels")
    parser.add_argument("--part", type=int, default=8, help="images that a trunk trains on at a time; 0 for all")
    parser.add_argument("--stage", choices=("render", *READINGS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def report(reading, found, options):
    """Print what a reading has, takes and reaches."""
    accuracies = ", ".join(f"{task} {value:.3f}" for task, value in found["accuracy"].items())
    print(
        f"{reading}: {found['parameters']:,} parameters, test accuracy {accuracies}\n"
        f"    fit {found['fit']:.1f} s ({found['fit cpu']:.1f} s of all cores), predict {found['predict']:.2f} s "
        f"({torch.get_num_threads()} threads, {found['precision']}), peak memory {found['peak']:.2f} GiB",
        flush=True,
    )


def main(arguments=None):
    """Render the images once, then fit both readings on them."""
    options = parse(arguments)
    if options.stage:
        work = render if options.stage == "render" else fit_and_test
        found = work(options.folder, options)
        print(json.dumps({**found, "peak": peak_memory()}))
        return
    n, shape = options.n_images, f"{options.size} x {options.size} x 3"
    print(f"{n} training and {n // 2} test images of {shape} per input, {options.epochs} epochs")
    with tempfile.TemporaryDirectory() as folder:
        rendered = run_stage("render", folder, options)
        print(f"rendered: peak memory {rendered['peak']:.2f} GiB")
        for reading in READINGS:
            report(reading, run_stage(reading, folder, options), options)


if __name__ == "__main__":
    main()
