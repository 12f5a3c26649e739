"""Parameters that say how much of something there is."""

__all__ = ["check_amounts"]


def check_amounts(**amounts):
    """Raise ValueError for a True, which scikit-learn's checks take for 1 where "some" is meant.

    Parameters
    ----------
    **amounts : object
        Parameters by name. False is none of it, as meant.

    Examples
    --------
    >>> check_amounts(noise=True)
    Traceback (most recent call last):
        ...
    ValueError: noise must say how much. Got True instead, which would be read as 1: pass a number.
    """
    for name, value in amounts.items():
        if value is True:
            raise ValueError(f"{name} must say how much. Got True instead, which would be read as 1: pass a number.")
