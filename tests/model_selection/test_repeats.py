import numpy as np
import pytest
from sklearn.utils.parallel import delayed

from skmtl.model_selection._repeats import deviation, mean_and_error, run_jobs


def test_mean_and_standard_error():
    mean, error = mean_and_error(np.array([[[1.0, 4]], [[2, 4]], [[6, 4]]]))
    np.testing.assert_allclose(mean, [[3, 4]])
    np.testing.assert_allclose(error, [[(14 / 2 / 3) ** 0.5, 0]])  # squares 4 + 1 + 9


def test_one_repeat_has_no_error_and_gaps_do_not_count():
    assert np.isnan(mean_and_error(np.ones((1, 2, 2)))[1]).all()
    gaps = np.array([[1.0, np.nan], [np.nan, np.nan], [3, np.nan]])
    assert deviation(gaps)[0] == pytest.approx(2**0.5)
    mean, error = mean_and_error(gaps)
    np.testing.assert_allclose(mean, [2, np.nan])
    np.testing.assert_allclose(error, [1, np.nan])  # sqrt(2) over the root of the two that are known


def test_jobs_come_back_in_order(capsys):
    jobs = [delayed(pow)(i, 2) for i in range(4)]
    assert run_jobs(jobs, "fit", None, 0) == [0, 1, 4, 9]
    assert capsys.readouterr().err == ""
    run_jobs(jobs, "fit", None, 1)
    assert "/4" in capsys.readouterr().err
