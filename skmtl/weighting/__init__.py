"""Weightings: from the losses of a step to the weights of the tasks."""

from ._base import LossWeighting, build_weighting
from ._equal import EqualWeighting

__all__ = ["WEIGHTINGS", "EqualWeighting", "LossWeighting", "build_weighting"]

WEIGHTINGS = {"equal": EqualWeighting}
