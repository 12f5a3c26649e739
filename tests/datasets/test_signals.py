import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state

from skmtl.datasets import make_signals


def wave(name, cycle):
    """One waveform of root mean square 1, a value at a time."""
    cycle -= math.floor(cycle)
    if name == "sine":
        return math.sqrt(2) * math.sin(2 * math.pi * cycle)
    if name == "square":
        return 1.0 if cycle < 0.5 else -1.0
    if name == "sawtooth":
        return math.sqrt(3) * (2 * cycle - 1)
    return math.sqrt(3) * (1 - 4 * cycle if cycle < 0.5 else 4 * cycle - 3)


def quadratic_cycles(signal, length):
    """Cycles gone by at every sample of a clean signal, from where it crosses zero upwards, as a parabola."""
    t = np.arange(length) - (length - 1) / 2
    up = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    crossing = t[up] + signal[up] / (signal[up] - signal[up + 1])
    return np.polyfit(crossing, np.arange(len(crossing)), 2)


def test_clean_signals_are_what_the_labels_and_facts_say():
    data = make_signals(60, noise=0, length=200, n_channels=3)
    assert data.images.dtype == np.float32
    assert data.images.shape == (60, 3, 200)
    sines = np.flatnonzero(data.target[:, 0] == "sine")
    for i in sines:
        _, sweep, leader = data.target[i]
        channels = [quadratic_cycles(channel, 200) for channel in data.images[i].astype(float)]
        for curvature, slope, _ in channels:
            assert slope * data.period[i] == pytest.approx(1, abs=0.02)
            change = 2 * curvature * 200 * data.period[i]
            assert abs(change) < 0.03 if sweep == "constant" else 0.55 < change * (-1) ** (sweep == "falling") < 1.05
        # The zero crossings are numbered from each channel's first, so a lag is known up to whole cycles.
        behind = [(channels[leader][2] - c[2]) % 1 for c in channels]
        for c, lag in enumerate(behind):
            assert min(lag, 1 - lag) < 0.02 if c == leader else lag == pytest.approx(data.lag[i], abs=0.02)


def test_values_of_one_signal_of_every_waveform():
    data = make_signals(40, noise=0, random_state=3)
    t = np.arange(128) - 63.5
    for name in ["sine", "square", "sawtooth", "triangle"]:
        i = next(i for i, labels in enumerate(data.target.tolist()) if labels[:2] == [name, "constant"])
        leader = data.images[i, data.target[i, 2]].astype(float)
        errors = []
        # All that is not said of a signal is its phase.
        for start in np.linspace(0, 1, 400, endpoint=False):
            expected = [data.gain[i] * wave(name, start + x / data.period[i]) for x in t]
            errors.append(np.median(np.abs(leader - expected)))
        assert min(errors) < 0.01


def test_bunch_names_and_ranges():
    data = make_signals(300)
    assert data.task_names == ["waveform", "sweep", "leader"]
    assert [names.tolist() for names in data.target_names] == [
        ["sawtooth", "sine", "square", "triangle"],
        ["constant", "falling", "rising"],
        [0, 1],
    ]
    assert {type(label) for label in data.target[:, 2]} == {int}
    for fact, low, high in [("period", 12, 24), ("lag", 0.1, 0.4), ("gain", 0.5, 1.5)]:
        assert low <= data[fact].min() < low * 1.1
        assert high * 0.9 < data[fact].max() <= high
    assert "waveform" in data.DESCR


def test_noise_is_added_to_the_same_signals():
    clean, noisy = make_signals(200, noise=0), make_signals(200, noise=0.5)
    np.testing.assert_array_equal(clean.target, noisy.target)
    noise = (noisy.images - clean.images) / clean.gain[:, None, None]
    assert noise.std() == pytest.approx(0.5, abs=0.01)
    assert abs(noise.mean()) < 0.01


def test_a_single_channel_has_no_leader():
    data = make_signals(20, n_channels=1)
    assert data.images.shape == (20, 1, 128)
    assert data.task_names == ["waveform", "sweep"]


def test_a_linear_classifier_of_the_values_is_at_chance():
    data = make_signals(1200)
    X, train, test = data.images.reshape(1200, -1), slice(800), slice(800, None)
    for task, chance in enumerate([1 / 4, 1 / 3, 1 / 2]):
        y = data.target[:, task].astype(str)
        score = LogisticRegression(C=0.01, max_iter=200).fit(X[train], y[train]).score(X[test], y[test])
        assert abs(score - chance) < 0.09  # 4 standard errors of 400 signals at most


def test_simple_cues_tell_the_labels_apart():
    data = make_signals(300, noise=0.1)
    half = [data.images[:, 0, part] for part in (slice(64), slice(64, None))]
    crossings = [(np.diff(np.sign(h - h.mean(axis=1, keepdims=True)), axis=1) != 0).sum(axis=1) for h in half]
    rising, falling = (data.target[:, 1] == s for s in ("rising", "falling"))
    assert (crossings[1] > crossings[0])[rising].mean() > 0.9
    assert (crossings[1] < crossings[0])[falling].mean() > 0.9
    # A leader's past is more like the other channel's present than the other way round.
    first, second = data.images[:, 0].astype(float), data.images[:, 1].astype(float)
    ahead = sum((first[:, :-s] * second[:, s:] - first[:, s:] * second[:, :-s]).sum(axis=1) for s in range(1, 6))
    assert ((ahead > 0) == (data.target[:, 2] == 0)).mean() > 0.97


def test_same_seed_same_arrays_and_another_seed_others():
    first, again, other = (make_signals(40, random_state=s) for s in (7, 7, 8))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.target, again.target)
    assert (first.target != other.target).any()


def test_global_generator_is_neither_read_nor_moved():
    before = check_random_state(None).get_state()
    make_signals(10, random_state=None)
    make_signals(10)
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_as_frame_and_return_X_y():
    X, y = make_signals(20, return_X_y=True, as_frame=True)
    data = make_signals(20, as_frame=True)
    np.testing.assert_array_equal(X, data.images)
    pd.testing.assert_frame_equal(y, data.target)
    assert list(data.frame) == ["waveform", "sweep", "leader", "period", "lag", "gain"]
    assert y["leader"].dtype == np.int64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "'n_samples' parameter of make_signals must be an int in the range"),
        ({"length": 31}, "'length' parameter"),
        ({"n_channels": 0}, "'n_channels' parameter"),
        ({"noise": -0.1}, "'noise' parameter"),
        ({"noise": True}, "noise must say how much. Got True"),
        ({"random_state": "zero"}, "'random_state' parameter"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_signals(**options)
