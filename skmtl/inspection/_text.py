"""Names in pictures, where room is short."""

__all__ = ["shortened"]


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
