from matplotlib import pyplot as plt

from skmtl.inspection._text import lines, shortened, shortened_all


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


def test_names_that_differ_in_the_middle_only_still_differ():
    names = [f"attribute_number_{i:02d}_of_the_left_hand_digit_as_read" for i in range(40)]
    short = shortened_all(["odd", *names], 28)
    assert short[0] == "odd"
    assert short[8] == "…07_of_the_lef…digit_as_read"
    assert len(set(short)) == 41
    assert max(map(len, short)) == 28


def test_names_that_need_no_more_are_those_of_one():
    names = ["left", 3, "a_rather_long_name_indeed", "another_name_of_that_length"]
    assert shortened_all(names, 12) == [shortened(name, 12) for name in names]
    assert shortened_all(["the_same_long_name"] * 2, 8) == [shortened("the_same_long_name", 8)] * 2
    assert shortened_all([], 8) == []


def test_two_lines_where_one_is_too_long():
    assert lines("left:", "three", 11) == "left: three"
    assert lines("left:", "three", 10) == "left:\nthree"
    assert lines("left", "", 4) == "left"
