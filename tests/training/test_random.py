import copy
import pickle
import threading

import pytest
import torch

from skmtl.training import RandomStream


def test_global_state_is_as_it_was():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with RandomStream(0):
        torch.rand(100)
        torch.manual_seed(3)
    assert torch.equal(torch.rand(3), expected)


def test_global_state_is_as_it_was_after_an_error():
    before = torch.get_rng_state()
    stream = RandomStream(0)

    def draw_and_stop():
        with stream:
            torch.rand(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_and_stop()
    assert torch.equal(torch.get_rng_state(), before)
    with stream:  # and the lock is free
        torch.rand(1)


def test_a_stream_goes_on_where_it_was():
    torch.manual_seed(11)
    expected = torch.rand(4)
    stream, got = RandomStream(11), []
    for _ in range(4):
        with stream:
            got.append(torch.rand(1))
        torch.rand(5)
    # Uneven pieces of torch.rand agree with one call, as long as each draws less than 16 numbers.
    assert torch.equal(torch.cat(got), expected)


def test_nested_streams():
    alone = []
    for seed in (1, 2):
        with RandomStream(seed):
            alone.append(torch.rand(2))
    outer, inner = RandomStream(1), RandomStream(2)
    with outer:
        first = torch.rand(1)
        with inner:
            second = torch.rand(1)
            with inner:
                third = torch.rand(1)
        last = torch.rand(1)
    assert torch.equal(torch.cat([first, last]), alone[0])
    assert torch.equal(torch.cat([second, third]), alone[1])


def draws(seed, barrier=None, rounds=30):
    stream, out = RandomStream(seed), []
    for _ in range(rounds):
        if barrier is not None:
            barrier.wait(timeout=20)
        with stream:
            out.append(torch.nn.functional.dropout(torch.ones(50), 0.5))
    return torch.stack(out)


def test_interleaved_streams_in_threads_equal_running_alone():
    alone = [draws(seed) for seed in (1, 2, 3)]
    before = torch.get_rng_state()
    together, barrier = [None] * 3, threading.Barrier(3)

    def work(i):
        together[i] = draws(i + 1, barrier)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_go_on_alike(duplicate):
    stream = RandomStream(5)
    with stream:
        torch.rand(3)
    twin = duplicate(stream)
    with stream:
        expected = torch.rand(3)
    with twin:
        assert torch.equal(torch.rand(3), expected)


def test_fit_and_predict_leave_the_global_generator_alone(small, digits):
    before = torch.get_rng_state()
    small(trunk="cnn", early_stopping=True).fit(*digits).predict(digits[0])
    assert torch.equal(torch.get_rng_state(), before)
