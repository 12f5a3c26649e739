"""What happens around an epoch: records, learning rate, stopping, printing."""

import math
import time

import numpy as np
from skorch.callbacks import Callback
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm.auto import tqdm

from ._stop_early import StopEarly

__all__ = ["EpochRecord", "LearningRate", "PrintEpoch", "Progress", "build_callbacks"]


class EpochRecord(Callback):
    """Write one row per epoch: losses, scores, weights, seconds, in the names the user gave."""

    def __init__(self, task_names, monitor=None):
        self.task_names = task_names
        self.monitor = monitor

    def on_epoch_begin(self, net, **kwargs):
        net.meter.flush()
        self.start_ = time.perf_counter()

    def on_epoch_end(self, net, **kwargs):
        means = net.epoch_means()
        row = {"seconds": time.perf_counter() - self.start_, "lr": net.optimizer_.param_groups[0]["lr"]}
        row["train_loss"] = means["train_total"]
        per_task = {"train_loss": means["train_loss"], "weight": means["weight"]}
        if "valid_total" in means:
            scores = means["valid_score"]
            per_task |= {"valid_loss": means["valid_loss"], "valid_score": scores}
            # A task that is turned off has no say in when to stop.
            trained = np.asarray(scores)[net.task_weights.numpy() > 0]
            row |= {"valid_loss": means["valid_total"], "valid_score": float(np.nanmean(trained))}
            # The name under which skorch's Checkpoint looks for it.
            row["valid_loss_best"] = all(
                row["valid_loss"] < past["valid_loss"] for past in net.history[:-1] if "valid_loss" in past
            )
            row["monitor"] = row["valid_score"] if self.monitor is None else scores[self.monitor]
        row |= {k: means[k] for k in ("gradient_cosine", "gradient_conflict", "conflict_rate") if k in means}
        for kind, values in per_task.items():
            row |= {f"{name}_{kind}": value for name, value in zip(self.task_names, values, strict=True)}
        for key, value in row.items():
            net.history.record(key, value)
        if not math.isfinite(row["train_loss"]):
            raise ValueError(
                f"Training diverged: the loss of epoch {net.history[-1, 'epoch']} is {row['train_loss']}. Lower lr "
                f"(now {net.lr}), or clip the gradients with skorch.callbacks.GradientNormClipping in callbacks."
            )


class LearningRate(Callback):
    """Step a schedule that spans this fit, whatever the net has been through before.

    skorch's own ``LRScheduler`` counts the epochs of earlier fits in, so that a warm start
    would begin at the end of the schedule.
    """

    def __init__(self, factory, step_every, total_steps):
        self.factory = factory
        self.step_every = step_every
        self.total_steps = total_steps

    def on_train_begin(self, net, **kwargs):
        for group in net.optimizer_.param_groups:
            group["lr"] = net.lr * group.get("lr_factor", 1.0)
            group.pop("initial_lr", None)
        self.scheduler_ = self.factory(net.optimizer_, net.lr, self.total_steps)
        _check_factors(self.scheduler_, net.optimizer_.param_groups)
        self.steps_ = 0

    def on_batch_end(self, net, training=False, **kwargs):
        # float16 may skip the first steps of the optimiser, before which PyTorch warns of a schedule's.
        started = net.scaler is None or getattr(net.optimizer_, "_opt_called", False)
        if training and started and self.step_every == "batch" and self.steps_ < self.total_steps:
            self.steps_ += 1
            self.scheduler_.step()

    def on_epoch_end(self, net, **kwargs):
        if self.step_every != "epoch":
            return
        if isinstance(self.scheduler_, ReduceLROnPlateau):
            row = net.history[-1]
            self.scheduler_.step(row.get("valid_loss", row["train_loss"]))
        else:
            self.scheduler_.step()

    def on_train_end(self, net, **kwargs):
        # The factory may be a closure, which would keep the fitted net from being pickled.
        self.scheduler_ = None

    def __getstate__(self):
        return {**self.__dict__, "factory": None, "scheduler_": None}


def _check_factors(scheduler, groups):
    # Some schedules set the rate of all parameters to one that is their own argument.
    for group in groups:
        if not math.isclose(group["lr"], groups[0]["lr"] * group.get("lr_factor", 1.0), rel_tol=1e-6):
            raise ValueError(
                f"lr_scheduler: {type(scheduler).__name__} sets learning rates of its own, and not the ones by which "
                f"trunk or sharing ask to be trained (lr_factor={group['lr_factor']}): use 'one-cycle', 'cosine' or "
                "'constant', or set lr_factor=1."
            )


class PrintEpoch(Callback):
    """Print a line an epoch: each task's loss and score, seconds."""

    most_tasks = 8

    def __init__(self, task_names, max_epochs):
        self.task_names = task_names
        self.max_epochs = max_epochs

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        line = f"epoch {row['epoch']}/{self.max_epochs}  loss {self._values(row, 'train_loss')}"
        if "valid_score" in row:
            line += f"  valid loss {self._values(row, 'valid_loss')}  valid score {self._values(row, 'valid_score')}"
        tqdm.write(f"{line}  {row['seconds']:.2f} s")

    def _values(self, row, kind):
        shown = self.task_names[: self.most_tasks]
        values = ", ".join(f"{n} {row[f'{n}_{kind}']:.4f}" for n in shown)
        rest = len(self.task_names) - len(shown)
        return f"{row[kind]:.4f} ({values}{f', {rest} more' if rest else ''})"


class Progress(Callback):
    """A bar over all steps of the fit, with the time left; in terminals and notebooks."""

    def __init__(self, total_steps):
        self.total_steps = total_steps

    def on_train_begin(self, net, **kwargs):
        self.bar_ = tqdm(total=self.total_steps, unit="batch", desc="fit", leave=False)

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
        self.bar_ = None


def build_callbacks(user, *, task_names, verbose, scheduler, n_batches, max_epochs, epochs_done, stopping, monitor):
    """Return the callbacks of one fit as (name, callback) pairs.

    Parameters
    ----------
    user : list
        The user's own callbacks; they come after the record, so that they can read it.
    scheduler : tuple
        (factory, "batch" or "epoch").
    n_batches, max_epochs, epochs_done : int
        Batches an epoch, epochs of this fit, epochs before it.
    stopping : dict or None
        ``patience`` and ``threshold`` of early stopping.
    monitor : int or None
        Task that drives early stopping; None for the mean.
    """
    steps = n_batches * max_epochs
    callbacks = [("skmtl_record", EpochRecord(task_names, monitor))]
    callbacks.append(("skmtl_learning_rate", LearningRate(*scheduler, total_steps=steps)))
    callbacks += user
    if verbose >= 1:
        callbacks.append(("skmtl_print", PrintEpoch(task_names, epochs_done + max_epochs)))
    if verbose >= 2:
        callbacks.append(("skmtl_progress", Progress(steps)))
    if stopping is not None:
        # Last, for it ends the epoch where it stands.
        stop = StopEarly("monitor", **stopping, lower_is_better=False, load_best=True, sink=_silent)
        callbacks.append(("skmtl_stopping", stop))
    return callbacks


def _silent(*args, **kwargs):
    """Early stopping has nothing to say that the epoch's line does not."""
