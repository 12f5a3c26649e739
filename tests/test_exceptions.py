import pytest

from skmtl import exceptions


@pytest.mark.parametrize("name", sorted(set(exceptions.__all__) - {"SkmtlWarning"}))
def test_one_filter_covers_every_warning(name):
    warning = getattr(exceptions, name)
    assert issubclass(warning, exceptions.SkmtlWarning)
    assert issubclass(warning, UserWarning)
    assert warning.__doc__
