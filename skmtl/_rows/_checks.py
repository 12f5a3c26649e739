"""What pixels must be, checked without a copy of all of them."""

import numpy as np
from sklearn import get_config
from sklearn.utils import assert_all_finite

from ._base import PART_BYTES

__all__ = ["check_finite", "check_numeric"]


def check_finite(rows):
    """Raise ValueError, in scikit-learn's words, if a pixel is NaN or infinite.

    Parameters
    ----------
    rows : Rows
        Read once, a part at a time; not at all where the dtype has integers or bools only.
    """
    if rows.dtype.kind != "f" or get_config()["assume_finite"]:
        return
    for part in rows.parts(PART_BYTES):
        # Older NumPy warns of the sum of float16 in which scikit-learn looks first.
        with np.errstate(over="ignore", invalid="ignore"):
            assert_all_finite(part if isinstance(part, np.ndarray) else _suspect(part), input_name="X")


def _suspect(part):
    """Return a value that is not finite, of a tensor, as an array; an empty array if all are."""
    part = part.float() if part.element_size() == 1 else part  # no isfinite for 8-bit floats
    finite = part.isfinite()
    # Without the first look, a device would have to send the values to learn that there are none.
    return np.empty(0) if finite.all() else part[~finite][:1].float().cpu().numpy()


def check_numeric(rows):
    """Raise ValueError unless the rows hold bools, integers or real floats.

    Parameters
    ----------
    rows : Rows
        Only its dtype is looked at.
    """
    if rows.dtype.kind in "biuf":
        return
    if rows.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: X is {rows.dtype}, but pixels must be real numbers. Pass X.real or np.abs(X)."
        )
    raise ValueError(
        f"X must hold numbers, the pixel values. Got {rows.dtype} instead: read image files into arrays, encode text "
        "columns as numbers."
    )
