from matplotlib import pyplot as plt

from skmtl.inspection._text import shortened


def test_short_names_stay():
    assert shortened(3) == "3"
    assert shortened("x" * 28) == "x" * 28


def test_long_names_lose_their_middle_and_have_the_length_asked_for():
    assert shortened("abcdefghij", 5) == "ab…ij"
    assert shortened("abcdefghij", 6) == "abc…ij"
    assert len(shortened("x" * 100, 7)) == 7


def test_dollars_are_no_formulas():
    assert shortened("$5 to $10") == r"\$5 to \$10"
    text = plt.figure().text(0, 0, shortened(r"$\nonsense$"))
    text.figure.canvas.draw()  # raises for bad formulas
