"""Names in pictures, where room is short."""

__all__ = ["LEGEND", "lines", "shortened", "shortened_all"]

LEGEND = 20  # characters of a name in the legend of a panel


def shortened(name, length=28):
    """Return `name` as text of at most `length` characters, its middle left out where it is longer.

    The ends of long names are what tells them apart more often than their middle.

    Examples
    --------
    >>> shortened("left"), shortened("attribute_of_the_left_digit", 15)
    ('left', 'attribu…t_digit')
    """
    text = str(name)
    if len(text) > length:
        head = length // 2
        text = f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"
    return text.replace("$", r"\$")  # between two of these matplotlib expects formulas


def shortened_all(names, length=28):
    """Return `shortened` names in which those that differ in the middle only still differ.

    Examples
    --------
    >>> shortened_all(["digit_3_of_the_left", "digit_7_of_the_left", "odd"], 12)
    ['…3_of_…_left', '…7_of_…_left', 'odd']
    """
    texts = [str(name) for name in names]
    short = [shortened(text, length) for text in texts]
    for text in {text for text in short if short.count(text) > 1}:
        alike = [i for i, other in enumerate(short) if other == text]
        letters = zip(*(texts[i] for i in alike), strict=False)
        start = next((i for i, some in enumerate(letters) if len(set(some)) > 1), None)
        for i in alike if start else []:
            short[i] = shortened(f"…{texts[i][start:]}", length)
    return short


def lines(first, second, length):
    r"""Return two texts in a line of at most `length` characters, else in two lines.

    Examples
    --------
    >>> lines("left:", "3", 24), lines("attribute_17:", "strongly_so", 24)
    ('left: 3', 'attribute_17:\nstrongly_so')
    """
    together = f"{first} {second}".rstrip()
    return together if len(together) <= length else f"{first}\n{second}"
