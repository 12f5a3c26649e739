"""Warnings of skmtl; errors are scikit-learn's and Python's own."""

__all__ = [
    "InterruptedFitWarning",
    "PixelUnitWarning",
    "SkmtlWarning",
    "UncalibratedTaskWarning",
    "UndefinedGainWarning",
    "UnlabelledTaskWarning",
    "UnreadableImageWarning",
    "UnstableAffinityWarning",
]


class SkmtlWarning(UserWarning):
    """Base of every warning skmtl issues, so that one filter covers them all."""


class InterruptedFitWarning(SkmtlWarning):
    """Training was stopped by the user (Ctrl-C); the epochs done are kept."""


class PixelUnitWarning(SkmtlWarning):
    """Images at predict come in another dtype than at fit, perhaps in other units."""


class UncalibratedTaskWarning(SkmtlWarning):
    """A task is left uncalibrated, or no decision threshold of it is better than predicting always the same."""


class UndefinedGainWarning(SkmtlWarning):
    """A single-task model scores 0, to which no gain can be relative."""


class UnlabelledTaskWarning(SkmtlWarning):
    """A task has no labelled cell where a score was asked for."""


class UnreadableImageWarning(SkmtlWarning):
    """Image files could not be read; blank, masked images take their places."""


class UnstableAffinityWarning(SkmtlWarning):
    """The repeats of an affinity between tasks rank the tasks differently."""
