"""Libraries that only some features need: imported late, and missed with the line that installs them."""

from importlib import import_module

__all__ = ["import_optional"]


def import_optional(module, extra, purpose):
    """Import `module`, or say what needs it and how to install it.

    Parameters
    ----------
    module : str
        Module to import, dotted where it lies inside a package.
    extra : str
        The extra of skmtl that installs it.
    purpose : str
        What needs it: the subject of the error message.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If `module` cannot be imported; the message holds the pip line.

    Examples
    --------
    >>> import_optional("json.decoder", "plot", "This example").__name__
    'json.decoder'
    >>> import_optional("no_such_library", "plot", "load_glyphs")
    Traceback (most recent call last):
        ...
    ImportError: load_glyphs needs no_such_library, which cannot be imported (No module named 'no_such_library'). \
Install it with: pip install "skmtl[plot]"
    """
    try:
        return import_module(module)
    except ImportError as error:
        # The cause is quoted because a library that is there but broken needs another remedy.
        raise ImportError(
            f"{purpose} needs {module.partition('.')[0]}, which cannot be imported ({error}). "
            f'Install it with: pip install "skmtl[{extra}]"',
            name=module,
        ) from error
