"""Early stopping with scikit-learn's meaning of ``tol``."""

import copy

import numpy as np
from skorch.callbacks import EarlyStopping

__all__ = ["StopEarly"]


class StopEarly(EarlyStopping):
    """Early stopping as in scikit-learn's MLP: `threshold` sets the patience, any rise the best weights.

    skorch's own keeps only weights that are better by the threshold.
    """

    def on_train_begin(self, net, **kwargs):
        super().on_train_begin(net, **kwargs)
        self.best_score_ = -np.inf

    def on_epoch_end(self, net, **kwargs):
        score = net.history[-1, self.monitor]
        self.misses_ = 0 if score >= self.best_score_ + self.threshold else self.misses_ + 1
        if score > self.best_score_:
            self.best_score_, self.best_epoch_ = score, net.history[-1, "epoch"]
            self.best_model_weights_ = copy.deepcopy(net.module_.state_dict())
        if self.misses_ == self.patience:
            raise KeyboardInterrupt

    def on_train_end(self, net, **kwargs):
        # Whoever else stopped the training, the last epoch's score counts, and ours are the weights kept.
        row = net.history[-1]
        if row.get(self.monitor, -np.inf) > self.best_score_:
            self.best_score_, self.best_epoch_ = row[self.monitor], row["epoch"]
        elif self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)
