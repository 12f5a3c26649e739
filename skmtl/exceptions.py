"""Warnings of skmtl; errors are scikit-learn's and Python's own."""

__all__ = [
    "InterruptedFitWarning",
    "PixelUnitWarning",
    "SkmtlWarning",
    "UnlabelledTaskWarning",
    "UnreadableImageWarning",
]


class SkmtlWarning(UserWarning):
    """Base of every warning skmtl issues, so that one filter covers them all."""


class InterruptedFitWarning(SkmtlWarning):
    """Training was stopped by the user (Ctrl-C); the epochs done are kept."""


class PixelUnitWarning(SkmtlWarning):
    """Images at predict come in another dtype than at fit, perhaps in other units."""


class UnlabelledTaskWarning(SkmtlWarning):
    """A task has no labelled cell where a score was asked for."""


class UnreadableImageWarning(SkmtlWarning):
    """Image files could not be read; blank, masked images take their places."""
