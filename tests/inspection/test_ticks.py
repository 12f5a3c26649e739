from matplotlib import pyplot as plt

from skmtl.inspection._ticks import label_ticks


def drawn(names, **params):
    _, ax = plt.subplots()
    label_ticks(ax, names, **params)
    assert [label.get_text() for label in ax.get_yticklabels()] == [label.get_text() for label in ax.get_xticklabels()]
    labels = ax.get_xticklabels()
    return ax.get_xticks().tolist(), [label.get_text() for label in labels], {label.get_rotation() for label in labels}


def test_short_names_lie_side_by_side_and_long_ones_stand():
    assert drawn(["a", 2], most=10, length=5, level=2) == ([0, 1], ["a", "2"], {0})
    assert drawn(["a", 22], most=10, length=5, level=3) == ([0, 1], ["a", "22"], {90})


def test_of_many_names_some_are_written():
    ticks, texts, _ = drawn([f"a long name {i:02}" for i in range(40)], most=10, length=5, level=14)
    assert ticks == list(range(0, 40, 4))
    assert texts[:2] == ["a …00", "a …04"]
