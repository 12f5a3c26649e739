import pickle

from sklearn.base import clone
from torch import nn

from skmtl.nn import HardSharing


def test_hard_sharing_is_the_trunk():
    made = []

    def make_trunk():
        made.append(nn.Linear(2, 2))
        return made[-1]

    trunk = HardSharing().build(make_trunk, 3, (2,))
    assert made == [trunk]


def test_spec_is_cloned_and_pickled():
    assert isinstance(clone(HardSharing()), HardSharing)
    assert isinstance(pickle.loads(pickle.dumps(HardSharing())), HardSharing)
