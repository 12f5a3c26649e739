"""A process that builds, trains and times Keras models; run by an interpreter that has TensorFlow.

Reads one JSON request a line and answers each with a line of JSON. It knows nothing of skmtl.
"""

import json
import os
import sys
import time

import numpy as np

N_THREADS = 2


def main():
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever TensorFlow prints is no answer
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(N_THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(N_THREADS)
    import keras

    runs = {}
    for line in sys.stdin:
        request = json.loads(line)
        command, name = request.pop("command"), request.pop("name", None)
        if command == "versions":
            answer = {"tensorflow": tf.__version__, "keras": keras.__version__}
        elif command == "build":
            runs[name], answer = KerasRun(keras, **request), None
        elif command == "close":
            answer = runs.pop(name) and None
        else:
            answer = getattr(runs[name], command)(**request)
        print(json.dumps(answer), file=answers, flush=True)


class KerasRun:
    """One model and its data, in the worker."""

    def __init__(self, keras, arrays, layers, n_classes, batch_size, precision):
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
        self.data = dict(np.load(arrays))
        self.batch_size = batch_size
        self.model = _model(keras, self.data["X"].shape[1:], layers, n_classes)
        losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in n_classes]
        self.model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=losses)
        self.clock = _clock(keras)

    def epoch(self):
        """Train for one epoch; return its seconds."""
        X, y = self.data["X"], self.data["y"]
        self.model.fit(
            X, [y[:, 0], y[:, 1]], batch_size=self.batch_size, shuffle=True, verbose=0, callbacks=[self.clock]
        )
        return self.clock.seconds

    def predict(self, arrays):
        """Return the seconds of the faster of two batch sizes: the default, and a large one."""
        X = np.load(arrays)["X"]
        times = []
        for batch_size in (32, 512):
            start = time.perf_counter()
            self.model.predict(X, batch_size=batch_size, verbose=0)
            times.append(time.perf_counter() - start)
        return min(times)

    def accuracy(self):
        """Return the mean of the tasks' accuracies, in per cent."""
        logits = self.model.predict(self.data["X_test"], batch_size=512, verbose=0)
        hits = [(z.argmax(1) == self.data["y_test"][:, t]).mean() for t, z in enumerate(logits)]
        return 100 * float(np.mean(hits))


def _model(keras, image_shape, layers, n_classes):
    inputs = keras.Input(image_shape)
    x = inputs
    for channels in layers["channels"]:
        x = keras.layers.Conv2D(channels, layers["kernel_size"], padding=layers["padding"], activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    if x.shape[1] > 8:
        x = keras.layers.AveragePooling2D(x.shape[1] // 8)(x)
    x = keras.layers.Flatten()(x)
    for width in layers["hidden"]:
        x = keras.layers.Dense(width, activation="relu")(x)
    outputs = [keras.layers.Dense(k, dtype="float32")(x) for k in n_classes]
    return keras.Model(inputs, outputs)


def _clock(keras):
    class Clock(keras.callbacks.Callback):
        """Seconds of the last epoch, without what `fit` does around it."""

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.start

    return Clock()


if __name__ == "__main__":
    main()
