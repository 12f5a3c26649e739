"""skorch's training loop for many losses."""

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from torch.utils.data import DataLoader

from ._data import RandomBatches, keep_batch
from ._meter import EpochMeter

__all__ = ["MultiTaskNet", "build_net"]


class MultiTaskNet(NeuralNet):
    """A skorch net whose loss is a weighted mean of task losses.

    skorch owns the loop; this overrides the loss, the training step (private random stream) and
    the end of an epoch (one read from the device instead of one per batch).

    Parameters
    ----------
    weighting : object with ``weights(losses)``
        Built weighting; its state lives and is saved here.
    task_weights : tensor of shape (n_tasks,)
        The user's importances.
    random_stream : RandomStream
        Source of every random number of the training.
    """

    def __init__(self, *args, weighting, task_weights, random_stream, **kwargs):
        super().__init__(*args, **kwargs)
        self.weighting = weighting
        self.task_weights = task_weights
        self.random_stream = random_stream
        self.interrupted = False

    @property
    def _default_callbacks(self):
        return []

    def initialize(self):
        """Initialise everything, with a fresh meter."""
        self.meter = EpochMeter()
        return super().initialize()

    def train_step(self, batch, **fit_params):
        """Do one optimisation step with random numbers from the private stream."""
        with self.random_stream:
            return super().train_step(batch, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return ``1/T sum_t w_t L_t``, where the weights w average 1."""
        codes, cell_weights = (part.to(y_pred.device) for part in y_true)
        losses = self.criterion_(y_pred, codes, cell_weights)
        prefix = "train" if training else "valid"
        if training:
            weights = self._weights(losses.detach())
            self.meter.add("weight", weights, 1)
        else:
            weights = self.task_weights.to(losses) / self.task_weights.mean()
            self._add_accuracy(y_pred, codes)
        self.meter.add(f"{prefix}_loss", losses.detach() * len(codes), len(codes))
        loss = (weights * losses).mean()
        self.meter.add(f"{prefix}_total", loss.detach() * len(codes), len(codes))
        return loss

    def _weights(self, losses):
        weights = torch.as_tensor(self.weighting.weights(losses)).to(losses) * self.task_weights.to(losses)
        # A step in which every task has weight 0 teaches nothing; 0 / 0 would be the end of the model.
        return weights / weights.mean().clamp(min=torch.finfo(weights.dtype).tiny)

    def _add_accuracy(self, logits, codes):
        for t, task_logits in enumerate(logits.split(self.module_.heads.n_classes, dim=1)):
            labelled = codes[:, t] >= 0
            right = (task_logits.argmax(1) == codes[:, t]) & labelled
            self.meter.add(f"valid_score_{t}", right.sum(), labelled.sum())

    def get_iterator(self, dataset, training=False):
        """Return a loader; in training one that leaves no lone row for a last batch."""
        if not training:
            return super().get_iterator(dataset, training=False)
        kwargs = self.get_params_for("iterator_train")
        batches = RandomBatches(len(dataset), kwargs.pop("batch_size"), kwargs["generator"])
        return self.iterator_train(dataset, batch_sampler=batches, **kwargs)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch without waiting for the device after every batch."""
        if iterator is None:
            return
        count = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            count += 1
        self.history.record(prefix + "_batch_count", count)

    def fit_loop(self, *args, **kwargs):
        """Train; remember whether it was the user, not early stopping, who stopped it."""
        self.interrupted = False
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt:
            self.interrupted = not any(
                isinstance(cb, EarlyStopping) and cb.misses_ == cb.patience for _, cb in self.callbacks_
            )
            return self


def build_net(module, criterion, *, optimizer, optimizer_kwargs, batch_size, predict_batch_size, seed, **kwargs):
    """Return an uninitialised net with loaders that fetch whole batches.

    Parameters
    ----------
    module : MultiTaskModule
        The network.
    criterion : MultiTaskLoss
        Task losses.
    optimizer : type
        ``torch.optim.Optimizer`` subclass.
    optimizer_kwargs : dict
        Its arguments but for the learning rate.
    batch_size, predict_batch_size : int
        Rows a batch, in training and without gradients.
    seed : int
        Seeds the order of the batches.
    **kwargs : dict
        Further arguments of `MultiTaskNet`.
    """
    # The user's own optimizer__* come in kwargs and overrule those that a name stands for.
    kwargs = {f"optimizer__{k}": v for k, v in optimizer_kwargs.items()} | kwargs
    loader = {"iterator_train__" + k: v for k, v in _loader_arguments(seed).items()}
    loader |= {"iterator_valid__" + k: v for k, v in _loader_arguments(seed).items()}
    return MultiTaskNet(
        module,
        criterion=criterion,
        optimizer=optimizer,
        iterator_train=DataLoader,
        iterator_train__batch_size=batch_size,
        iterator_valid=DataLoader,
        iterator_valid__batch_size=predict_batch_size,
        **loader,
        **kwargs,
    )


def _loader_arguments(seed):
    # An own generator also keeps the loader from drawing its base seed from the global one.
    return {"collate_fn": keep_batch, "generator": torch.Generator().manual_seed(seed)}
