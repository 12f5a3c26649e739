import signal

from skmtl.training._interruption import raised_by_statement


def caught(function):
    try:
        function()
    except KeyboardInterrupt as error:
        return error


def deliberate():
    for _ in range(3):
        raise KeyboardInterrupt("enough")


def struck():
    signal.raise_signal(signal.SIGINT)
    return sum(range(10))


def again():
    try:
        struck()
    finally:
        print("cleaning up")


def test_a_raise_statement_is_told_from_ctrl_c():
    assert raised_by_statement(caught(deliberate))
    assert raised_by_statement(caught(lambda: deliberate()))
    assert not raised_by_statement(caught(struck))
    assert not raised_by_statement(caught(again))
