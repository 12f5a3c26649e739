"""The skorch side: the only package that imports it."""

from ._callbacks import build_callbacks
from ._data import BatchDataset, batch_size_for
from ._net import MultiTaskNet, build_net
from ._net_params import check_net_params
from ._optimization import OPTIMIZERS, SCHEDULERS, check_optimizer, resolve_optimizer, resolve_scheduler
from ._own_callbacks import copy_callbacks
from ._random import RandomStream
from ._train import train

__all__ = [
    "OPTIMIZERS",
    "SCHEDULERS",
    "BatchDataset",
    "MultiTaskNet",
    "RandomStream",
    "batch_size_for",
    "build_callbacks",
    "build_net",
    "check_net_params",
    "check_optimizer",
    "copy_callbacks",
    "resolve_optimizer",
    "resolve_scheduler",
    "train",
]
