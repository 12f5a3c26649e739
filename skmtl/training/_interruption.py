"""Who stopped a training: a callback that means to, or the user who wants everything to stop."""

import dis

__all__ = ["raised_by_statement"]


def raised_by_statement(error):
    """Whether an exception comes from a ``raise`` statement, as a callback's does that stops the training.

    Ctrl-C strikes wherever Python is.

    Parameters
    ----------
    error : BaseException
        Caught.

    Examples
    --------
    >>> try:
    ...     raise KeyboardInterrupt
    ... except KeyboardInterrupt as error:
    ...     raised_by_statement(error)
    True
    """
    last = error.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
