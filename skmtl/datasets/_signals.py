"""Made-up signals: which waveform, faster or slower, which channel leads."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from ._amounts import check_amounts
from ._bunch import as_random_state, pack

__all__ = ["make_signals"]

SWEEPS = ("falling", "constant", "rising")
# Samples per cycle in the middle of a signal: enough for the shape of a cycle, few enough for several cycles.
PERIODS = (12.0, 24.0)
# Change of the frequency over the whole signal, as a share of the middle one.
SPEEDS = (0.6, 1.0)
# In cycles: a lead of half a cycle would be no lead.
LAGS = (0.1, 0.4)
GAINS = (0.5, 1.5)

DESCR = """\
Signals
-------
Made-up periodic signals of several channels in white noise, float32. All channels of a signal carry one
waveform at one frequency; one of them is ahead of the others. Phase, frequency and amplitude are random.
Tasks: waveform (sine, square, sawtooth or triangle), sweep of the frequency (falling, constant or rising),
leader (the channel that is ahead; with two channels or more).
period: samples per cycle in the middle of a signal; lag: by how much the leader is ahead, in cycles;
gain: root mean square of the signal without its noise.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "length": [Interval(Integral, 32, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_signals(
    n_samples=1000, *, length=128, n_channels=2, noise=0.3, random_state=0, return_X_y=False, as_frame=False
):
    """Make signals of several channels with three labels each.

    Each task has its own cue: the form of a cycle, the change of frequency along the signal, the order of the
    channels. Since the phase is random, every class has the same mean signal, zero: a linear classifier of the
    values is at chance in all three.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of signals.
    length : int, default=128
        Length of a signal in samples, at least 32. A cycle takes 12 to 24 samples in the middle of the signal.
    n_channels : int, default=2
        Number of channels. With one there is no task ``"leader"``.
    noise : float, default=0.3
        Standard deviation of the white noise, as a multiple of the root mean square of the signal. The signals
        beneath do not depend on it.
    random_state : int, RandomState instance or None, default=0
        Seed of everything random. An int gives the same arrays in every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task, each in its own dtype.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        images : ndarray of shape (n_samples, n_channels, length), float32
            The signals, under the name that all data sets share.
        target : ndarray of shape (n_samples, 3), object, or DataFrame
            Strings, strings, ints; without the last for one channel.
        task_names : list
            ``["waveform", "sweep", "leader"]``.
        target_names : list of ndarray
            Every task's classes.
        period : ndarray of shape (n_samples,)
            Samples per cycle in the middle of the signal, 12 to 24. A sweep changes the frequency, linearly,
            by 0.6 to 1 times the one in the middle.
        lag : ndarray of shape (n_samples,)
            By how much the leader is ahead of the other channels, 0.1 to 0.4 cycles.
        gain : ndarray of shape (n_samples,)
            Root mean square of the signal without noise, 0.5 to 1.5.
        DESCR : str
            Description.
        frame : DataFrame
            Target, ``period``, ``lag`` and ``gain``; with `as_frame` only.

    Raises
    ------
    ValueError
        If a parameter is outside its range; the message names it.

    Examples
    --------
    >>> from skmtl.datasets import make_signals
    >>> data = make_signals(100, n_channels=3)
    >>> data.images.shape, data.task_names
    ((100, 3, 128), ['waveform', 'sweep', 'leader'])
    >>> [names.tolist() for names in data.target_names]
    [['sawtooth', 'sine', 'square', 'triangle'], ['constant', 'falling', 'rising'], [0, 1, 2]]
    """
    check_amounts(noise=noise)
    rng = as_random_state(random_state)
    waveform, sweep, leader = (rng.randint(k, size=n_samples) for k in (len(WAVES), len(SWEEPS), n_channels))
    period, speed, lag, gain = (rng.uniform(*r, size=n_samples) for r in (PERIODS, SPEEDS, LAGS, GAINS))
    behind = lag[:, None] * (np.arange(n_channels) != leader[:, None])
    start = rng.uniform(size=n_samples)[:, None] - behind
    cycles = start[:, :, None] + _cycles(length, period, speed * (sweep - 1))[:, None]
    values = np.empty(cycles.shape)
    for code, wave in enumerate(WAVES.values()):
        values[waveform == code] = wave(cycles[waveform == code] % 1)
    values += noise * rng.standard_normal(values.shape)
    signals = (gain[:, None, None] * values).astype(np.float32)
    columns = {
        "waveform": np.array(list(WAVES), dtype=object)[waveform],
        "sweep": np.array(SWEEPS, dtype=object)[sweep],
        "leader": leader,
    }
    if n_channels == 1:
        del columns["leader"]
    facts = {"period": period, "lag": lag, "gain": gain}
    return pack(signals, columns, facts=facts, descr=DESCR, return_X_y=return_X_y, as_frame=as_frame)


def _cycles(length, period, change):
    """Return the cycles gone by at every sample, counted from the middle, (n_samples, length)."""
    t = np.arange(length) - (length - 1) / 2
    # The integral of a frequency that is linear in t.
    return (t + np.multiply.outer(change, t**2 / (2 * length))) / period[:, None]


# One cycle from 0 to 1, of root mean square 1: the power says nothing about the form.
WAVES = {
    "sine": lambda p: np.sqrt(2) * np.sin(2 * np.pi * p),
    "square": lambda p: np.where(p < 0.5, 1.0, -1.0),
    "sawtooth": lambda p: np.sqrt(3) * (2 * p - 1),
    "triangle": lambda p: np.sqrt(3) * (4 * np.abs(p - 0.5) - 1),
}
