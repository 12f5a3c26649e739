"""From a batch to the losses of the tasks and their weighted mean, taken note of."""

import numpy as np
import torch

__all__ = ["TaskLosses"]


class TaskLosses:
    """The part of `MultiTaskNet` that computes and records losses."""

    def infer(self, x, module=None, input_of=None, **fit_params):
        """Return the logits of a batch of images, in the heads' dtype.

        Parameters
        ----------
        x : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        module : MultiTaskModule, default=None
            Computes them instead of the net's own.
        input_of : tuple of int, default=None
            For every task, which of several inputs is its own; the net's own module reads them as in training.
        **fit_params : dict
            Not used.
        """
        x = x.to(self.device, non_blocking=True)
        with self.precision.autocast():
            return self.module_(x, self.input_of) if module is None else module(x, input_of)

    def features(self, x):
        """Return what the heads read of a batch of images.

        Parameters
        ----------
        x : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        """
        with self.precision.autocast():
            return self.module_(x.to(self.device, non_blocking=True), self.input_of, only_features=True)

    def task_losses(self, y_pred, y_true):
        """Return (losses, codes, weights of the cells or None), on the device of the logits.

        Parameters
        ----------
        y_pred : tensor of shape (batch, sum of class counts)
            Logits.
        y_true : tuple
            Codes, and the weights of the cells, if any.
        """
        codes, *weights = (part.to(y_pred.device, non_blocking=True) for part in y_true)
        codes, weights = codes.long(), weights[0] if weights else None
        return self.criterion_(y_pred, codes, weights), codes, weights

    def labelled_means(self, losses, weights):
        """Return (means of the losses over the labelled cells, without gradient; whether the batch has a label).

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
        weights : tensor of shape (batch, n_tasks) or None
            Of the cells. Without them every task has labels, and the second result is None.
        """
        losses = losses.detach()
        if weights is None or self.step_weights_.fixed is not None:
            return losses, None
        totals = weights.sum(0)
        return torch.where(totals > 0, losses * len(weights) / totals, 0), totals > 0

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return ``1/T sum_t w_t L_t``, where the weights w average 1."""
        losses, codes, weights = self.task_losses(y_pred, y_true)
        if training:
            return self.record_step(losses, self.step_weights_(*self.labelled_means(losses, weights)), len(codes))
        labelled = codes >= 0
        right = (self.criterion_.predict(y_pred) == codes) & labelled
        self.meter.add_share("valid_score", right.sum(0), labelled.sum(0))
        loss = (self.step_weights_.importance * losses).mean()
        self.meter.add("valid_loss", losses.detach(), len(codes))
        self.meter.add("valid_total", loss.detach(), len(codes))
        return loss

    def record_step(self, losses, weights, n_samples):
        """Return the loss of a training step, taken note of.

        Parameters
        ----------
        losses, weights : tensor of shape (n_tasks,)
        n_samples : int
        """
        loss = (weights * losses).mean()
        self.meter.add("train_loss", losses.detach(), n_samples)
        if weights is not self.step_weights_.fixed:
            self.meter.add("weight", weights, 1)
            self.meter.add("train_total", loss.detach(), n_samples)
        return loss

    def epoch_means(self):
        """Return the meter's means since the last call, with those that need no adding up."""
        means = self.meter.flush()
        fixed = self.step_weights_.fixed
        if fixed is not None and "train_loss" in means:
            means["weight"] = fixed.tolist()
            means["train_total"] = float(np.dot(means["weight"], means["train_loss"])) / len(means["weight"])
        if "train_loss" in means:
            self.step_weights_.end_epoch(means["train_loss"])
        return means
