"""The life of the data: check, layout, encode, build, train, publish."""

import warnings
from collections.abc import Mapping

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .._inputs import ImageLayout, pixel_scale
from .._rows import check_finite, read_rows
from .._targets import MISSING, TargetEncoder, read_targets
from .._validation import values_per_task
from ..exceptions import InterruptedFitWarning, PixelUnitWarning
from ..nn import MultiTaskLoss
from ..training import (
    BatchDataset,
    batch_size_for,
    build_callbacks,
    corrected_weights,
    expected_draws,
    for_each_chunk,
    resolve_scheduler,
    train,
)
from ._build import build
from ._cell_weights import cell_weights, read_sample_weight, resolve_class_weight
from ._check_gradients import check_gradients
from ._fewer_tasks import params_for_tasks
from ._hold_out import hold_out
from ._images import read_images
from ._lone_image import check_lone_image
from ._nested_params import with_specs
from ._publish import publish_tasks
from ._read_images import check_images_readable, check_rows
from ._setting import resolve_setting
from ._snapshot import snapshot
from ._standardize import input_stage

BUILT_ONCE = (
    "trunk",
    "head",
    "sharing",
    "weighting",
    "gradient_level",
    "image_shape",
    "channel_axis",
    "spatial_dims",
    "standardize",
    "optimizer",
    "weight_decay",
    "precision",
    "device",
)
# Of the net, by every fit that continues it.
SET_ANEW = ("task_weights", "lr", "record_conflicts", "iterator_train__batch_size")


class BaseMultiTaskCNN(ClassifierMixin, BaseEstimator):
    """Validation, building, training; subclasses declare the parameters and predict."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_label = True
        tags.input_tags.three_d_array = True
        return tags

    def set_params(self, **params):
        """Set parameters; ``trunk__channels=...`` turns a name such as ``trunk="cnn"`` into its spec.

        Parameters
        ----------
        **params : dict
            Parameters of the estimator, or of its specs in the form ``<parameter>__<name>``.

        Returns
        -------
        self
        """
        return super().set_params(**with_specs(self, params))

    def _params_for_tasks(self, tasks, task_names, classes):
        return params_for_tasks(self, tasks, task_names, classes)

    def _train(self, X, y, sample_weight, **how):
        before = {k: v for k, v in vars(self).items() if k in ("n_features_in_", "feature_names_in_")}
        net_before = {k: getattr(self.net_, k) for k in SET_ANEW} if hasattr(self, "net_") else {}
        try:
            # Whatever the caller has turned off: parameters made in inference mode could not be trained.
            with torch.inference_mode(False), torch.enable_grad():
                return self._train_checked(X, y, sample_weight, **how)
        except Exception:
            # scikit-learn's check sets these first; a fit that fails must leave the last one usable.
            if hasattr(self, "net_"):
                vars(self).update(before)
                vars(self.net_).update(net_before)
            raise

    def _train_checked(self, X, y, sample_weight, *, continuing, classes=None, epochs, partial=False):
        if continuing:
            self._check_unchanged()
        images = self._read_images(X, reset=not continuing)
        layout = self._layout if continuing else self._find_layout(images)
        targets = self._check_targets(y, len(images))
        encoder = self._make_encoder(targets, classes, continuing)
        names = encoder.task_names_
        rows, batch_layout, input_of = images.arranged(layout, names, self._set_of if continuing else None)
        codes = images.without_blank(encoder.encode(targets), names)
        sample_weight = read_sample_weight(sample_weight, targets, names)
        del targets  # as long as the images are many, and needed no more
        picked, codes, weights, row_weight = self._weigh(codes, sample_weight, encoder, partial)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=3)
        # Images held out once must not have been trained on.
        split_seed = self._split_seed if continuing else seeds[0]
        setting = resolve_setting(self, names, encoder.orders_)
        train_part, valid_part = self._split(codes, split_seed, setting, names, partial)
        built_from = self._built_once()
        if continuing:
            net, set_of = self.net_, self._set_of
        else:
            set_of = None if images.set_of is None else tuple(images.sources(names))
            stage = input_stage(images, layout, picked[train_part], row_weight[train_part], self.standardize)
            n_train = len(picked[train_part])
            batch_size = self._batch_size(n_train)
            net = build(self, setting, stage, layout.image_shape, encoder.classes_, n_train, batch_size, seeds, set_of)
        check_gradients(self, setting, net.module_ if continuing else net.module, layout.image_shape, set_of)
        net.input_of = input_of
        if 1 in (len(codes[train_part]), self.batch_size):
            check_lone_image(net.module_ if continuing else net.module, layout.image_shape, input_of)
        data = self._datasets(rows, batch_layout, picked, codes, weights, train_part, valid_part, net, setting)
        interrupted = self._run(net, setting, data, epochs, continuing, partial, names)
        self._publish(net, layout, encoder)
        if not continuing:
            self._pixel_dtype, self._set_of = rows.dtype, set_of
            self._built_from, self._split_seed = built_from, split_seed
        if interrupted:
            message = f"fit was interrupted after {self.n_iter_} epochs; the model keeps what it has learned."
            warnings.warn(message, InterruptedFitWarning, stacklevel=5)
        return self

    def _check_targets(self, y, n_samples):
        targets = read_targets(y, self.missing_label)
        if n_samples != targets.n_samples:
            raise ValueError(
                f"X and y have inconsistent numbers of samples: {n_samples} images, {targets.n_samples} rows of "
                "labels. Pass one row of y per image."
            )
        return targets

    def _make_encoder(self, targets, classes, continuing):
        classes = self._split_classes(classes, targets)
        if not continuing:
            return TargetEncoder().fit(targets, classes)
        if classes is not None:
            self._check_same_classes(classes, targets)
        return self._encoder

    def _built_once(self):
        """Return a snapshot of what cannot take effect on a network that exists already."""
        built = {name: snapshot(getattr(self, name)) for name in BUILT_ONCE}
        net_params = self.net_params or {}
        built["net_params"] = {k: snapshot(v) for k, v in net_params.items() if not k.startswith("lr_scheduler__")}
        return built

    def _check_unchanged(self):
        now = self._built_once()
        for name, before in self._built_from.items():
            if now[name] != before:
                raise ValueError(
                    f"{name} is not what it was when the network was built, and cannot take effect on a trained "
                    f"network. Got {getattr(self, name)!r}: set it back, or fit a clone (or with warm_start=False)."
                )

    def _check_same_classes(self, classes, targets):
        given = TargetEncoder().fit(targets, classes)
        names = self._encoder.task_names_
        by_name = set(given.task_names_) == set(names)
        for t, (name, known) in enumerate(zip(names, self._encoder.classes_, strict=True)):
            labels = given.classes_[given.task_names_.index(name) if by_name else t]
            if not np.array_equal(labels, known):
                raise ValueError(
                    f"classes of task {name!r} are {labels.tolist()!r}, but were {known.tolist()!r} in the first call: "
                    "pass the same, or none."
                )

    def _find_layout(self, images):
        return ImageLayout.infer(images.sets[0].shape[1:], self.image_shape, self.channel_axis, self.spatial_dims)

    def _read_images(self, X, reset):
        """Return the images of X, which stay where they are."""
        images = read_images(X, lambda part: self._check_images(part, reset))
        if not reset and (images.set_of is None) != (self._set_of is None):
            now, then = "one set of images", "a mapping task -> images"
            now, then = (now, then) if images.set_of is None else (then, now)
            raise ValueError(f"X is {now}, but the model was fitted on {then}: pass X as it was at fit.")
        return images

    def _check_images(self, X, reset):
        """Return the rows of X, which stay where they are."""
        rows = read_rows(X)
        check_images_readable(X)
        if not reset and len(getattr(X, "shape", ())) > 2:
            self._layout.check(X if rows is None else rows)
        if rows is None or isinstance(X, np.ndarray):
            # Finite or not is found out below, without a temporary as long as X.
            checked = validate_data(
                self, X, reset=reset, dtype="numeric", allow_nd=True, ensure_all_finite=rows is None
            )
            rows = read_rows(checked) if rows is None else rows
        else:
            check_rows(rows)
            validate_data(self, X, reset=reset, skip_check_array=True)
        check_finite(rows)
        if not reset:
            self._layout.check(rows)
            self._check_units(rows.dtype)
        return rows

    def _check_units(self, dtype):
        if dtype != self._pixel_dtype and {pixel_scale(dtype), pixel_scale(self._pixel_dtype)} != {1.0}:
            warnings.warn(
                f"X is {dtype}, but the model was fitted on {self._pixel_dtype} pixels: values are read in the units "
                f"of the fit, so check that they are the same (0 to 255 against 0 to 1, say), or pass the same dtype.",
                PixelUnitWarning,
                stacklevel=8,
            )

    @staticmethod
    def _split_classes(classes, targets):
        if classes is None:
            return None
        if targets.one_dimensional:
            return [classes]
        if not isinstance(classes, (list, tuple, Mapping)):
            raise ValueError(
                "classes must be a list with one array of labels per task, or a mapping task -> labels, for a 2d y. "
                f"Got {type(classes).__name__} instead."
            )
        if isinstance(classes, Mapping):
            return values_per_task("classes", classes, targets.names, complete=True)
        return values_per_task("classes", classes, targets.names)

    def _weigh(self, codes, sample_weight, encoder, partial):
        names = encoder.task_names_
        if sample_weight is not None and sample_weight.ndim == 2:
            # A cell of weight 0 is a missing label: for class weights, for the split and for scores.
            codes = np.where(sample_weight > 0, codes, MISSING)
        class_weight = resolve_class_weight(self.class_weight, names, encoder.classes_)
        if partial and "balanced" in [c for c in class_weight if isinstance(c, str)]:
            raise ValueError(
                "class_weight='balanced' needs all labels at once, which partial_fit has not: pass a mapping."
            )
        labelled = codes != MISSING
        row_weight = np.broadcast_to(1.0, len(codes)) if sample_weight is None else sample_weight
        if row_weight.ndim == 2:
            # The image counts as often as its most used label, so that integer weights are
            # repeated rows for the statistics too.
            row_weight = np.where(labelled, row_weight, 0).max(axis=1)
        # A row without label or weight teaches nothing; it must not move the statistics either.
        rows = np.flatnonzero((row_weight > 0) & labelled.any(axis=1))
        if not len(rows):
            raise ValueError("y has no labelled row with a positive sample_weight: there is nothing to train on.")
        if len(rows) < len(codes):
            codes, row_weight = codes[rows], row_weight[rows]
            sample_weight = None if sample_weight is None else sample_weight[rows]
        weights = None
        if sample_weight is not None or not labelled.all() or any(entry is not None for entry in class_weight):
            weights = cell_weights(codes, sample_weight, class_weight, encoder.classes_, names, allow_empty=partial)
        if not partial:
            _check_two_classes(codes, weights, names)
        return rows, codes, None if weights is None or (weights == 1).all() else weights, row_weight

    def _split(self, codes, seed, setting, task_names, partial):
        if not self.early_stopping or partial:
            return slice(None), None
        watched = setting.task_weights.numpy() > 0
        if setting.monitor is not None:
            watched = np.arange(len(watched)) == setting.monitor
        return hold_out(codes, self.validation_fraction, int(seed), task_names, watched)

    def _batch_size(self, n_train):
        return batch_size_for(n_train) if self.batch_size == "auto" else int(self.batch_size)

    def _datasets(self, images, layout, rows, codes, weights, train_part, valid_part, net, setting):
        tasks = setting.task_weights.numpy() > 0
        draws = expected_draws(codes[train_part], self.task_sampling, tasks)
        dtype = np.float64 if net.module.heads.dtype == torch.float64 else np.float32

        def part_of(part, draws=None):
            own = None if weights is None else weights[part]
            own = corrected_weights(own, codes[part], draws)
            own = None if own is None else own.astype(dtype)
            picked = None if len(rows[part]) == len(images) else rows[part]
            return BatchDataset(images, layout, codes[part], own, picked, draws)

        return part_of(train_part, draws), None if valid_part is None else part_of(valid_part)

    def _run(self, net, setting, data, epochs, continuing, partial, task_names):
        train_data, valid_data = data
        if continuing:
            net.task_weights, net.lr, net.record_conflicts = setting.task_weights, self.lr, self.record_conflicts
            if not (partial and self.batch_size == "auto"):
                net.iterator_train__batch_size = self._batch_size(len(train_data))
        stopping = {"patience": self.n_iter_no_change, "threshold": self.tol} if valid_data is not None else None
        callbacks = build_callbacks(
            setting.callbacks,
            task_names=task_names,
            verbose=self.verbose,
            scheduler=resolve_scheduler("constant", {}) if partial else setting.scheduler,
            n_batches=len(net.get_iterator(train_data, training=True)),
            max_epochs=epochs,
            epochs_done=len(self.history_) if continuing else 0,
            stopping=stopping,
            monitor=setting.monitor,
        )
        interrupted = train(net, train_data, valid_data, callbacks, epochs, self.augment, self.compile)
        self.best_score_ = _best_score(net) if valid_data is not None else None
        return interrupted

    def _publish(self, net, layout, encoder):
        self.net_ = net
        self._layout = layout
        publish_tasks(self, encoder)
        self.image_shape_ = layout.image_shape
        self.history_ = _tidy_history(net.history)
        self.n_iter_ = len(self.history_)

    def _codes(self, X):
        """Return the code of the predicted label, shape (n_samples, n_tasks)."""
        images, layout, input_of = self._arranged(X)
        codes = np.empty((len(images), self.n_tasks_), np.int32)
        tasks = self._tasks()

        def write(start, stop, logits):
            codes[start:stop] = tasks.predict(logits).numpy()

        for_each_chunk(self.net_, images, layout, write, input_of)
        return codes

    def _distributions(self, X, function):
        """Return function(logits of a task), shape (n_samples, n_classes), of every task."""
        images, layout, input_of = self._arranged(X)
        tasks = self._tasks()
        out = [np.empty((len(images), k)) for k in tasks.n_classes]

        def write(start, stop, logits):
            # float64: the rows then sum to 1 as closely as scikit-learn's metrics ask.
            values = [column for part in tasks.by_size(logits.double()) for column in function(part, dim=2).unbind(1)]
            for t, column in zip(tasks.tasks.tolist(), values, strict=True):
                out[t][start:stop] = column.numpy()

        for_each_chunk(self.net_, images, layout, write, input_of)
        return out[0] if self._encoder.one_dimensional_ else out

    def _arranged(self, X):
        """Return (rows, layout, input_of) of images that the fitted network reads."""
        check_is_fitted(self, "net_")
        return self._read_images(X, reset=False).arranged(self._layout, self.task_names_, self._set_of)

    def _tasks(self):
        return MultiTaskLoss([len(c) for c in self._encoder.classes_], self.net_.module_.heads.ranks)


def _check_two_classes(codes, weights, names):
    for t, name in enumerate(names):
        own = codes[:, t] if weights is None else codes[weights[:, t] > 0, t]
        if not len(own) or own.min() == own.max():
            raise ValueError(
                f"Classifier can't train when only one class is present. Task {name!r} has a single class among the "
                "samples of positive weight: drop the task or raise a weight."
            )


def _best_score(net):
    stopping = dict(net.callbacks_)["skmtl_stopping"]
    rows = [r for r in net.history if r["epoch"] == stopping.best_epoch_ and "monitor" in r]
    return rows[-1]["monitor"] if rows else None


def _tidy_history(history):
    hidden = {"batches", "train_batch_count", "valid_batch_count", "monitor", "valid_loss_best"}
    return [{k: v for k, v in row.items() if k not in hidden} for row in history if "train_loss" in row]
