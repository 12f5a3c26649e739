import numpy as np
import pandas as pd
import pytest
from sklearn.utils import check_random_state

from skmtl.datasets._bunch import as_random_state, pack

IMAGES = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
COLUMNS = {"shape": np.array(["a", "b", "a"], dtype=object), "bold": np.array([True, False, True])}
FACTS = {"angle": np.array([0.0, 1.0, 2.0]), "source": np.array([[0, 1], [2, 3], [4, 5]])}


def _pack(columns=COLUMNS, **options):
    return pack(IMAGES, columns, facts=FACTS, descr="text", **({"return_X_y": False, "as_frame": False} | options))


def test_int_seed_repeats_and_differs_from_another():
    draw = as_random_state(0).randint(1000, size=5)
    assert (draw == as_random_state(0).randint(1000, size=5)).all()
    assert (draw != as_random_state(1).randint(1000, size=5)).any()


def test_none_is_fresh_and_leaves_the_global_generator_alone():
    before = check_random_state(None).get_state()
    first, second = as_random_state(None), as_random_state(None)
    assert (first.randint(1 << 30, size=4) != second.randint(1 << 30, size=4)).any()
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_instance_is_used_as_it_is():
    generator = np.random.RandomState(3)
    assert as_random_state(generator) is generator


def test_mixed_columns_become_objects_that_keep_their_types():
    target = _pack().target
    assert target.dtype == object
    assert target.tolist() == [["a", True], ["b", False], ["a", True]]
    assert type(target[0, 1]) is bool


def test_number_columns_become_one_array():
    target = _pack({"left": np.array([1, 2, 3]), "right": np.array([1.0, np.nan, 0.0])}).target
    assert target.dtype == np.float64
    np.testing.assert_array_equal(target, [[1, 1], [2, np.nan], [3, 0]])


def test_bunch_holds_everything():
    bunch = _pack()
    assert set(bunch) == {"images", "target", "task_names", "target_names", "angle", "source", "DESCR"}
    assert bunch.images is IMAGES
    assert bunch.task_names == ["shape", "bold"]
    assert [names.tolist() for names in bunch.target_names] == [["a", "b"], [False, True]]
    assert bunch.DESCR == "text"


def test_target_names_leave_out_missing_labels():
    bunch = _pack({"left": np.array([4.0, np.nan, 1.0]), "right": np.array([1, 1, 1])})
    assert [names.tolist() for names in bunch.target_names] == [[1, 4], [1]]


def test_frame_holds_target_and_facts():
    bunch = _pack(as_frame=True)
    assert list(bunch.target) == ["shape", "bold"]
    assert bunch.target["bold"].dtype == bool
    assert list(bunch.frame) == ["shape", "bold", "angle", "source_shape", "source_bold"]
    assert bunch.frame["source_bold"].tolist() == [1, 3, 5]


@pytest.mark.parametrize("as_frame", [False, True])
def test_return_X_y_gives_the_pair(as_frame):
    X, y = _pack(return_X_y=True, as_frame=as_frame)
    assert X is IMAGES
    assert isinstance(y, pd.DataFrame) == as_frame
    assert np.asarray(y).tolist() == [["a", True], ["b", False], ["a", True]]
