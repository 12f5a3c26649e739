"""Made-up volumes: which body, solid or hollow, striped along which axis."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from ._amounts import check_amounts
from ._bunch import as_random_state, pack

__all__ = ["make_volumes"]

# Body -> norm whose balls it is, half its width at a volume of 8, steepest growth of that norm per voxel.
BODIES = {
    "cube": (np.inf, 1.0, 1.0),
    "ball": (2, (6 / np.pi) ** (1 / 3), 1.0),
    "octahedron": (1, 6 ** (1 / 3), 3**0.5),
}
# In shares of the side of the volume.
HALF_WIDTHS = (0.17, 0.23)
SHIFT = 0.08
WAVELENGTH = 0.25
# In shares of the half width and of the grey scale.
CAVITY = 0.6
CONTRASTS = (0.3, 0.5)
STRIPES = 0.4
BLOCK = 256  # volumes drawn at a time

DESCR = """\
Volumes
-------
Made-up grey volumes, uint8, in noise: one body, brighter or darker than its middle grey ground, with stripes.
Bodies of one scale have the same volume, to a few per cent, whatever their form. Place, scale, contrast and
stripes are random.
Tasks: body (cube, ball or octahedron), hollow (bool), axis (0, 1 or 2: the volume's axis along which its
brightness goes up and down).
scale: half the side of the cube of the same volume, in voxels. contrast: largest difference to the ground
in shares of 255, negative for a dark body.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "size": [Interval(Integral, 12, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_volumes(n_samples=500, *, size=16, noise=0.05, random_state=0, return_X_y=False, as_frame=False):
    """Make grey volumes with three labels each.

    Each task has its own cue: the outline of a body, its inside, the direction of its stripes. Since a body is as
    often brighter as darker than the ground, every class has the same mean volume: a linear classifier of the
    voxels is at chance in all three.

    Parameters
    ----------
    n_samples : int, default=500
        Number of volumes.
    size : int, default=16
        Side of a volume in voxels, at least 12.
    noise : float, default=0.05
        Standard deviation of the white noise, in shares of the 255 grey levels. The bodies beneath do not
        depend on it.
    random_state : int, RandomState instance or None, default=0
        Seed of everything random. An int gives the same arrays in every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task, each in its own dtype.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        images : ndarray of shape (n_samples, size, size, size), uint8
            The volumes, under the name that all data sets share; 0 to 255, the ground at 128.
        target : ndarray of shape (n_samples, 3), object, or DataFrame
            Strings, bools, ints.
        task_names : list
            ``["body", "hollow", "axis"]``.
        target_names : list of ndarray
            Every task's classes.
        scale : ndarray of shape (n_samples,)
            Half the side of the cube that has the body's volume, in voxels: 0.17 to 0.23 times `size`.
        contrast : ndarray of shape (n_samples,)
            Largest difference between body and ground, in shares of 255: 0.3 to 0.5, negative for dark bodies.
        DESCR : str
            Description.
        frame : DataFrame
            Target, ``scale`` and ``contrast``; with `as_frame` only.

    Raises
    ------
    ValueError
        If a parameter is outside its range; the message names it.

    Examples
    --------
    >>> from skmtl.datasets import make_volumes
    >>> data = make_volumes(50)
    >>> data.images.shape, data.images.dtype, data.task_names
    ((50, 16, 16, 16), dtype('uint8'), ['body', 'hollow', 'axis'])
    >>> [names.tolist() for names in data.target_names]
    [['ball', 'cube', 'octahedron'], [False, True], [0, 1, 2]]
    """
    check_amounts(noise=noise)
    rng = as_random_state(random_state)
    body, hollow, axis, dark = (rng.randint(k, size=n_samples) for k in (len(BODIES), 2, 3, 2))
    scale = size * rng.uniform(*HALF_WIDTHS, size=n_samples)
    contrast = rng.uniform(*CONTRASTS, size=n_samples) * (1 - 2 * dark)
    centre = (size - 1) / 2 + size * SHIFT * rng.uniform(-1, 1, size=(n_samples, 3))
    phase = rng.uniform(size=n_samples)
    volumes = np.empty((n_samples, size, size, size), dtype=np.uint8)
    for start in range(0, n_samples, BLOCK):
        of = slice(start, start + BLOCK)
        offsets = _offsets(size, centre[of])
        grey = contrast[of, None, None, None] * _cover(body[of], hollow[of], scale[of], offsets)
        grey *= _stripes(size, axis[of], phase[of])
        grey += noise * rng.standard_normal(grey.shape)
        volumes[of] = np.clip(np.rint(128 + 255 * grey), 0, 255)
    columns = {"body": np.array(list(BODIES), dtype=object)[body], "hollow": hollow.astype(bool), "axis": axis}
    facts = {"scale": scale, "contrast": contrast}
    return pack(volumes, columns, facts=facts, descr=DESCR, return_X_y=return_X_y, as_frame=as_frame)


def _offsets(size, centre):
    """Return each voxel's distance from the centre along each axis: three arrays that broadcast."""
    axes = [np.abs(np.arange(size) - centre[:, j, None]) for j in range(3)]
    return axes[0][:, :, None, None], axes[1][:, None, :, None], axes[2][:, None, None, :]


def _cover(body, hollow, scale, offsets):
    """Return the share of each voxel that the body fills, 0 to 1, (n_samples, size, size, size)."""
    cover = np.zeros(np.broadcast_shapes(*(o.shape for o in offsets)))
    for code, (norm, width, steepness) in enumerate(BODIES.values()):
        of = body == code
        x, y, z = (o[of] for o in offsets)
        if norm == 1:
            distance = x + y + z
        else:
            distance = np.sqrt(x**2 + y**2 + z**2) if norm == 2 else np.maximum(np.maximum(x, y), z)
        outer = (width * scale[of])[:, None, None, None]
        # The surface is smoothed over one voxel, as an average over the voxel would be.
        inside = np.clip(0.5 - (distance - outer) / steepness, 0, 1)
        cavity = np.clip(0.5 - (distance - CAVITY * outer) / steepness, 0, 1)
        cover[of] = inside - hollow[of, None, None, None] * cavity
    return cover


def _stripes(size, axis, phase):
    """Return brightness factors, 1 - 2 * STRIPES to 1, that vary along one axis of each volume."""
    wave = np.sin(2 * np.pi * (np.arange(size) / (WAVELENGTH * size) + phase[:, None]))
    factors = 1 - STRIPES + STRIPES * wave
    stripes = np.empty((len(axis), size, size, size))
    for j, shape in enumerate([(-1, size, 1, 1), (-1, 1, size, 1), (-1, 1, 1, size)]):
        stripes[axis == j] = factors[axis == j].reshape(shape)
    return stripes
