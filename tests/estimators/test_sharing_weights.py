"""What a fitted model says about how its tasks share."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from skmtl.nn import CGC, MTAN, PLE, SHARINGS, ConvTrunk, CrossStitch, MMoE
from skmtl.training import _infer

NAMES = ["digit", "parity"]
SILENT = {"hard", "none"}
TRUNK = ConvTrunk(channels=(3, 4), hidden=(6,))


@pytest.fixture(scope="module")
def fits(make, digits):
    """One fit of every sharing, on 40 images."""
    X, y = digits.images[:40], digits.frame[:40]
    return {name: make(sharing=name, trunk=TRUNK).fit(X, y) for name in SHARINGS}


@pytest.fixture(scope="module")
def pair(digits):
    return {"digit": digits.images[:40], "parity": np.ascontiguousarray(digits.images[40:80])}


@pytest.mark.parametrize("sharing", SHARINGS)
def test_a_table_per_place_with_a_row_per_task(sharing, fits, digits):
    tables = fits[sharing].sharing_weights(digits.images)
    assert isinstance(tables, list)
    assert bool(tables) is (sharing not in SILENT)
    for table in tables:
        assert type(table) is pd.DataFrame
        assert table.index.tolist() == NAMES
        assert np.isfinite(table.to_numpy()).all()
        assert table.columns.is_unique


SOURCES = {
    "cross-stitch": (CrossStitch(), [NAMES] * 3),
    "mmoe": (MMoE(n_experts=3), [["expert 0", "expert 1", "expert 2"]]),
    "cgc": (CGC(n_shared=1, n_specific=2), [["shared 0", "digit 0", "digit 1", "parity 0", "parity 1"]]),
    "ple": (PLE(n_shared=2, n_specific=1), [["shared 0", "shared 1", "digit 0", "parity 0"]] * 2),
    "mtan": (MTAN(), [[f"channel {c}" for c in range(n)] for n in (3, 4, 6)]),
}


@pytest.mark.parametrize("sharing", SOURCES)
def test_places_and_sources_by_name(sharing, make, digits):
    spec, columns = SOURCES[sharing]
    clf = make(sharing=spec, trunk=TRUNK).fit(digits.images[:40], digits.frame[:40])
    assert [table.columns.tolist() for table in clf.sharing_weights(digits.images)] == columns
    assert set(SOURCES) == set(SHARINGS) - SILENT


def test_tasks_without_names(make, digits):
    clf = make(sharing=CGC(n_shared=1, n_specific=1), trunk=TRUNK).fit(digits.images[:40], digits.codes[:40])
    [table] = clf.sharing_weights(digits.images)
    assert table.index.tolist() == ["task0", "task1"]
    assert table.columns.tolist() == ["shared 0", "task0 0", "task1 0"]


@pytest.mark.parametrize("names", [[7, 0], ["{0}", "a {b} c"], [("a", 1), ("b", 2)]], ids=str)
def test_names_are_what_they_are(names, make, digits):
    y = digits.frame[:40].set_axis(pd.Index(names, tupleize_cols=False), axis=1)
    clf = make(sharing=CrossStitch(), trunk=TRUNK).fit(digits.images[:40], y)
    for table in clf.sharing_weights(digits.images):
        assert table.index.tolist() == names
        assert table.columns.tolist() == [str(name) for name in names]


@pytest.mark.parametrize("sharing", ["mmoe", "cgc", "ple"])
def test_gates_are_shares(sharing, fits, digits):
    for table in fits[sharing].sharing_weights(digits.images):
        assert (table.to_numpy() >= 0).all()
        np.testing.assert_allclose(table.sum(axis=1), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("sharing", ["cgc", "ple"])
def test_nobody_chooses_another_tasks_experts(sharing, fits, digits):
    for table in fits[sharing].sharing_weights(digits.images):
        for task, other in (NAMES, NAMES[::-1]):
            own, theirs = ([c for c in table if c.startswith(name)] for name in (task, other))
            assert own
            assert (table.loc[task, theirs] == 0).all()
            assert (table.loc[task, own] > 0).all()


def test_masks_are_between_0_and_1(fits, digits):
    for table in fits["mtan"].sharing_weights(digits.images):
        assert ((table > 0) & (table < 1)).all(axis=None)


def test_stitches_are_the_weights_themselves(fits, digits):
    clf = fits["cross-stitch"]
    stitches = [stitch.detach().numpy() for stitch in clf.net_.module_.trunk.stitches]
    for table, stitch in zip(clf.sharing_weights(digits.images), stitches, strict=True):
        np.testing.assert_allclose(table.to_numpy(), stitch, rtol=1e-12)
        assert (table.to_numpy() != CrossStitch().self_weight).any(), "they have been trained"


def test_gates_by_hand(fits, digits):
    # softmax(W m + b) of the mean m of every feature map of the stem, averaged over the images.
    clf = fits["mmoe"]
    module = clf.net_.module_.eval()
    gates = {name: p.detach().numpy() for name, p in module.trunk.levels[0].task_gates.named_parameters()}
    with torch.no_grad():
        maps = module.trunk.stem(module.inputs(torch.tensor(digits.images[:, None]))).numpy()
    means = maps.mean(axis=(2, 3))
    [table] = clf.sharing_weights(digits.images)
    for t, task in enumerate(NAMES):
        powers = np.exp(means @ gates["weight"][t].T + gates["bias"][t])
        expected = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
        np.testing.assert_allclose(table.loc[task], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sharing", ["mmoe", "ple", "mtan"])
def test_the_mean_over_all_images(sharing, fits, digits):
    clf = fits[sharing]
    whole = clf.sharing_weights(digits.images[:60])
    parts = [clf.sharing_weights(digits.images[part]) for part in (slice(20), slice(20, 60))]
    for place, table in enumerate(whole):
        expected = (20 * parts[0][place] + 40 * parts[1][place]) / 60
        np.testing.assert_allclose(table, expected, rtol=0, atol=1e-10)
    one = [table.to_numpy() for table in clf.sharing_weights(digits.images[:1])]
    assert any(np.abs(a - b.to_numpy()).max() > 1e-6 for a, b in zip(one, whole, strict=True))


@pytest.mark.parametrize("sharing", sorted(set(SHARINGS) - SILENT))
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_size_of_a_batch_does_not_matter(size, sharing, fits, digits, monkeypatch):
    clf = fits[sharing]
    expected = clf.sharing_weights(digits.images)
    monkeypatch.setattr(clf.net_, "iterator_valid__batch_size", size)
    chunks = len(list(_infer._chunks(clf.net_, *clf._arranged(digits.images)[:2])))
    assert chunks == -(-120 // size)
    for table, other in zip(clf.sharing_weights(digits.images), expected, strict=True):
        pd.testing.assert_frame_equal(table, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_nothing_is_changed(sharing, fits, digits):
    clf = fits[sharing]
    before = {name: value.clone() for name, value in clf.net_.module_.state_dict().items()}
    clf.net_.module_.train()
    first, again = clf.sharing_weights(digits.images), clf.sharing_weights(digits.images)
    for table, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(table, other, check_exact=True)
        table.iloc[:] = 0
    assert all(torch.equal(value, before[name]) for name, value in clf.net_.module_.state_dict().items())


@pytest.mark.parametrize("sharing", SHARINGS)
def test_equal_images_per_task_are_one_set(sharing, make, digits, pair):
    X = {"digit": pair["digit"], "parity": pair["digit"].copy()}
    y = digits.frame[:40]
    clf, single = (make(sharing=sharing, trunk=TRUNK).fit(images, y) for images in (X, pair["digit"]))
    for table, other in zip(clf.sharing_weights(X), single.sharing_weights(pair["digit"]), strict=True):
        pd.testing.assert_frame_equal(table, other, rtol=0, atol=1e-9)
    same = dict.fromkeys(NAMES, pair["digit"])
    for table, other in zip(clf.sharing_weights(same), clf.sharing_weights(X), strict=True):
        pd.testing.assert_frame_equal(table, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sharing", ["mmoe", "cgc", "ple", "mtan"])
def test_every_task_is_averaged_over_its_own_images(sharing, make, digits, pair):
    clf = make(sharing=sharing, trunk=TRUNK).fit(pair, digits.frame[:40])
    tables = clf.sharing_weights(pair)
    turned = clf.sharing_weights({"parity": pair["parity"], "digit": pair["digit"]})
    dark = clf.sharing_weights({**pair, "parity": pair["parity"] * 0.1})
    for table, other, changed in zip(tables, turned, dark, strict=True):
        pd.testing.assert_frame_equal(table, other, check_exact=True)
        np.testing.assert_allclose(changed.loc["digit"], table.loc["digit"], rtol=0, atol=1e-12)
    assert max(np.abs(a.loc["parity"] - b.loc["parity"]).max() for a, b in zip(tables, dark, strict=True)) > 1e-6


def test_three_tasks_on_two_inputs(make, digits, pair):
    y = digits.frame[:40].assign(big=digits.digit[:40] > 1)
    X = {**pair, "big": pair["digit"]}
    clf = make(sharing=CGC(n_shared=1, n_specific=1), trunk=TRUNK).fit(X, y)
    [table] = clf.sharing_weights(X)
    assert table.index.tolist() == [*NAMES, "big"]
    assert table.columns.tolist() == ["shared 0", "digit 0", "parity 0", "big 0"]
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("sharing", sorted(set(SHARINGS) - SILENT))
def test_one_task(sharing, make, digits):
    clf = make(sharing=sharing, trunk=TRUNK).fit(digits.images[:40], digits.frame["digit"][:40])
    for table in clf.sharing_weights(digits.images):
        assert table.index.tolist() == ["digit"]


@pytest.mark.parametrize(("spatial_dims", "shape"), [(1, (64,)), (3, (4, 4, 4))])
def test_signals_and_volumes(spatial_dims, shape, make, digits):
    X = digits.images[:40].reshape(40, *shape)
    clf = make(sharing="mmoe", spatial_dims=spatial_dims, trunk=TRUNK).fit(X, digits.frame[:40])
    [table] = clf.sharing_weights(X)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=0, atol=1e-6)


def test_before_a_fit(make, digits):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        make(sharing="mmoe").sharing_weights(digits.images)


def test_wrong_images(fits, digits):
    with pytest.raises(ValueError, match=r"X has rows of shape \(8, 7\)"):
        fits["mmoe"].sharing_weights(digits.images[:, :, :7])
