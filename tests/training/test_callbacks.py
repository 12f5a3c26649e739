import math
import re

import numpy as np
import pandas as pd
import pytest
from skorch.callbacks import Callback
from torch.optim import lr_scheduler as schedulers

from skmtl.training import build_callbacks, resolve_scheduler
from skmtl.training._callbacks import PrintEpoch

LR = 0.008


def rates(clf):
    return [row["lr"] for row in clf.history_]


def cosine(step, steps):
    return LR * (1 + math.cos(math.pi * step / steps)) / 2


def test_cosine_over_a_fit(small, digits):
    # 60 images in batches of 20: 3 steps an epoch, 12 in all; a row holds the rate at the end of its epoch.
    clf = small(max_epochs=4, lr=LR, lr_scheduler="cosine").fit(*digits)
    np.testing.assert_allclose(rates(clf), [cosine(s, 12) for s in (3, 6, 9, 12)], rtol=1e-9, atol=1e-15)


def test_one_cycle_ends_at_its_end(small, digits):
    clf = small(max_epochs=4, lr=LR).fit(*digits)
    assert rates(clf)[-1] == pytest.approx(LR / 25 / 1e4)
    assert max(rates(clf)) <= LR


def test_constant(small, digits):
    assert rates(small(lr=LR, lr_scheduler="constant").fit(*digits)) == [LR, LR]


def test_warm_start_begins_a_new_schedule(small, digits):
    clf = small(max_epochs=4, lr=LR, lr_scheduler="cosine", warm_start=True).fit(*digits)
    clf.set_params(max_epochs=2, lr=LR * 2).fit(*digits)
    expected = [cosine(s, 12) for s in (3, 6, 9, 12)] + [2 * cosine(s, 6) for s in (3, 6)]
    np.testing.assert_allclose(rates(clf), expected, rtol=1e-9, atol=1e-15)
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4, 5, 6]
    clf.set_params(max_epochs=1, lr=LR, lr_scheduler="constant").fit(*digits)
    assert rates(clf)[-1] == LR


def test_partial_fit_keeps_the_rate(small, digits):
    clf = small(lr=LR)
    for _ in range(3):
        clf.partial_fit(*digits)
    assert rates(clf) == [LR] * 3


def test_classes_step_once_an_epoch(small, digits):
    params = {"lr_scheduler__gamma": 0.5}
    clf = small(max_epochs=3, lr=LR, lr_scheduler=schedulers.ExponentialLR, net_params=params).fit(*digits)
    assert rates(clf) == pytest.approx([LR, LR / 2, LR / 4])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_plateau_watches_the_loss(small, digits, early_stopping):
    params = {"lr_scheduler__patience": 0, "lr_scheduler__threshold": 10.0, "lr_scheduler__threshold_mode": "abs"}
    plateau = {"lr_scheduler": schedulers.ReduceLROnPlateau, "net_params": params}
    split = {"early_stopping": early_stopping, "validation_fraction": 0.3}
    clf = small(max_epochs=4, lr=LR, **plateau, **split).fit(*digits)
    # No loss falls by 10, so every epoch after the first divides the rate by 10.
    assert rates(clf) == pytest.approx([LR, LR, LR / 10, LR / 100])


def test_record_of_every_epoch(small, digits):
    X, y = digits
    y = pd.DataFrame(y, columns=["digit", "odd"])
    clf = small(max_epochs=2, early_stopping=True, validation_fraction=0.3, task_weights=[1, 3]).fit(X, y)
    per_task = {f"{t}_{k}" for t in y for k in ("train_loss", "weight", "valid_loss", "valid_score")}
    assert set(clf.history_[0]) == per_task | {"epoch", "seconds", "lr", "train_loss", "valid_loss", "valid_score"}
    for row in clf.history_:
        assert (row["digit_weight"], row["odd_weight"]) == (0.5, 1.5)
        for kind in ("train_loss", "valid_loss"):
            expected = (0.5 * row[f"digit_{kind}"] + 1.5 * row[f"odd_{kind}"]) / 2
            assert row[kind] == pytest.approx(expected, rel=1e-6)
        assert row["valid_score"] == pytest.approx((row["digit_valid_score"] + row["odd_valid_score"]) / 2)
        assert row["seconds"] > 0


def test_own_callbacks_read_the_record_and_are_copied(small, digits):
    class Reader(Callback):
        def __init__(self):
            self.seen = []

        def on_epoch_end(self, net, **kwargs):
            self.seen.append(net.history[-1, "task0_train_loss"])

    mine = Reader()
    clf = small(callbacks=[("mine", mine)]).fit(*digits)
    assert mine.seen == []
    assert dict(clf.net_.callbacks_)["mine"].seen == [row["task0_train_loss"] for row in clf.history_]


def test_a_line_an_epoch(small, digits, capsys):
    X, y = digits
    clf = small(verbose=1).fit(X, pd.DataFrame(y, columns=["digit", "odd"]))
    lines = capsys.readouterr().out.splitlines()
    row = clf.history_[0]
    assert len(lines) == 2
    assert lines[0] == (
        f"epoch 1/2  loss {row['train_loss']:.4f} (digit {row['digit_train_loss']:.4f}, odd "
        f"{row['odd_train_loss']:.4f})  {row['seconds']:.2f} s"
    )


def test_lines_with_validation_and_warm_start(small, digits, capsys):
    clf = small(verbose=1, early_stopping=True, warm_start=True, validation_fraction=0.3).fit(*digits).fit(*digits)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"epoch {i}/{n}" for i, n in ((1, 2), (2, 2), (3, 4), (4, 4))]
    row = clf.history_[-1]
    assert f"valid score {row['valid_score']:.4f} (task0 {row['task0_valid_score']:.4f}, task1" in lines[-1]
    assert f"valid loss {row['valid_loss']:.4f} (task0 {row['task0_valid_loss']:.4f}, task1" in lines[-1]


def test_forty_tasks_stay_on_one_line():
    names = [f"t{i}" for i in range(40)]
    text = PrintEpoch(names, 1)._values({"train_loss": 1.0} | {f"{n}_train_loss": 2.0 for n in names}, "train_loss")
    assert re.fullmatch(r"1\.0000 \(t0 2\.0000, .*t7 2\.0000, 32 more\)", text)


def test_progress_bar_goes_to_the_end(small, digits, capsys):
    small(verbose=2).fit(*digits)
    captured = capsys.readouterr()
    assert "fit:" in captured.err
    assert re.search(r"\b6/6\b", captured.err)  # 2 epochs of 3 batches
    assert captured.out.count("epoch ") == 2


def test_silent_by_default(small, digits, capsys):
    small(early_stopping=True).fit(*digits)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("verbose", "names"), [(0, []), (1, ["skmtl_print"]), (2, ["skmtl_print", "skmtl_progress"])])
def test_order_of_callbacks(verbose, names):
    user = Callback()
    built = build_callbacks(
        [user], task_names=["a"], verbose=verbose, scheduler=resolve_scheduler("constant", {}), n_batches=2,
        max_epochs=3, epochs_done=1, stopping={"patience": 3, "threshold": 0.1}, monitor=None,
    )  # fmt: skip
    order = ["skmtl_record", "skmtl_learning_rate", user, *names, "skmtl_stopping"]
    assert [cb if cb is user else cb[0] for cb in built] == order


def test_a_diverged_fit_says_so(small, digits):
    with pytest.raises(ValueError, match=r"Training diverged: the loss of epoch \d+ is (nan|inf).*Lower lr"):
        small(optimizer="sgd", lr=1e30, lr_scheduler="constant", max_epochs=20).fit(*digits)
