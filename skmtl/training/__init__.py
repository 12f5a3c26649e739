"""The skorch side: the only package that imports it."""

from .._random_stream import RandomStream
from ._batches import batch_size_for
from ._callbacks import build_callbacks
from ._cost import measure_cost, predict_batch_size, run_blank
from ._data import BatchDataset
from ._gradient_step import GRADIENT_LEVELS
from ._infer import for_each_chunk, mean_sharing_weights
from ._net import MultiTaskNet, build_net
from ._net_params import check_net_params
from ._optimization import OPTIMIZERS, SCHEDULERS, check_optimizer, resolve_optimizer, resolve_scheduler
from ._own_callbacks import copy_callbacks
from ._param_groups import check_groups
from ._precision import PRECISIONS, resolve_precision
from ._sampling import check_task_sampling, corrected_weights, expected_draws
from ._task_probe import TaskProbe
from ._train import train

__all__ = [
    "GRADIENT_LEVELS",
    "OPTIMIZERS",
    "PRECISIONS",
    "SCHEDULERS",
    "BatchDataset",
    "MultiTaskNet",
    "RandomStream",
    "TaskProbe",
    "batch_size_for",
    "build_callbacks",
    "build_net",
    "check_groups",
    "check_net_params",
    "check_optimizer",
    "check_task_sampling",
    "copy_callbacks",
    "corrected_weights",
    "expected_draws",
    "for_each_chunk",
    "mean_sharing_weights",
    "measure_cost",
    "predict_batch_size",
    "resolve_optimizer",
    "resolve_precision",
    "resolve_scheduler",
    "run_blank",
    "train",
]
