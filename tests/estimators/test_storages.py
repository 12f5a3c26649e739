"""The same images in any storage train the same model, to the last bit, and give the same predictions."""

import copy
import functools
import re
from dataclasses import dataclass, field

import h5py
import numpy as np
import pytest
import torch
import zarr
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split

from skmtl.datasets import LazyRows, load_two_digits
from skmtl.model_selection import multi_task_train_test_split

N = 200  # x 8 x 16 pixels: too many for the float64 of tiny data


def mapped(path, array, mode="r", order="C"):
    np.memmap(path, array.dtype, "w+", shape=array.shape, order=order)[...] = array
    return np.memmap(path, array.dtype, mode, shape=array.shape, order=order)


def in_hdf5(path, array):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=array, chunks=(7, *array.shape[1:]))
    return h5py.File(path, "r")["x"]


def in_zarr(path, array):
    stored = zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, chunks=(7, *array.shape[1:]))
    stored[...] = array
    return zarr.open_array(str(path), mode="r")


def picked(path, array):
    order = np.random.default_rng(1).permutation(len(array))
    return LazyRows(mapped(path, array[np.argsort(order)]), order)


def tensor(path, array):
    return torch.from_numpy(array.copy())


STORAGES = {
    "memmap r": mapped,
    "memmap r+": functools.partial(mapped, mode="r+"),
    "memmap c": functools.partial(mapped, mode="c"),
    "memmap fortran": functools.partial(mapped, order="F"),
    "memmap asarray": lambda path, array: np.asarray(mapped(path, array)),
    "tensor": tensor,
    "zarr": in_zarr,
    "h5py": in_hdf5,
    "lazy ndarray": lambda path, array: LazyRows(array),
    "lazy memmap": lambda path, array: LazyRows(mapped(path, array)),
    "lazy tensor": lambda path, array: LazyRows(tensor(path, array)),
    "lazy zarr": lambda path, array: LazyRows(in_zarr(path, array)),
    "lazy h5py": lambda path, array: LazyRows(in_hdf5(path, array)),
    "lazy picked": picked,
}
STORED = [name for name in STORAGES if name not in ("tensor", "lazy ndarray", "lazy tensor")]


@pytest.fixture(params=STORAGES)
def store(request, tmp_path):
    return functools.partial(STORAGES[request.param], tmp_path / "x")


@functools.cache
def two_digits():
    X, y = load_two_digits(N, return_X_y=True)
    X.setflags(write=False)
    return X, y


def some_missing(y):
    y = y.astype(float)
    y[::3, 0] = y[::2, 1] = np.nan  # every sixth row has no label at all
    return y


def cell_weights(y):
    weights = np.random.default_rng(0).integers(0, 3, y.shape).astype(float)
    weights[5:20] = 0
    return weights


@dataclass
class Case:
    """One way to train: what becomes of the images and labels, and the parameters of the classifier."""

    params: dict = field(default_factory=dict)
    images: callable = lambda X: X
    labels: callable = lambda y: y
    weight: callable = lambda y: None
    fit: callable = lambda clf, X, y, w: clf.fit(X, y, w)


def in_chunks(clf, X, y, w):
    lazy, classes = LazyRows(X), [np.unique(column) for column in y.T]
    for start in range(0, N, 60):
        clf.partial_fit(lazy[start : start + 60], y[start : start + 60], classes=classes)
    return clf


CASES = {
    "plain": Case(),
    "early stopping": Case({"early_stopping": True, "validation_fraction": 0.2, "max_epochs": 3}),
    "missing labels": Case(labels=some_missing),
    "sample weight": Case(weight=lambda y: np.arange(N) % 3),
    "cell weights": Case({"early_stopping": True}, weight=cell_weights),
    "partial_fit": Case(fit=in_chunks),
    "warm start": Case({"warm_start": True}, fit=lambda clf, X, y, w: clf.fit(X, y).fit(X, y)),
    "channels first": Case({"channel_axis": 1}, images=lambda X: np.stack([X, 255 - X], 1)),
    "channels last": Case({"channel_axis": -1}, images=lambda X: np.stack([X, X // 2, X // 3], -1)),
    "rows": Case({"image_shape": (8, 16)}, images=lambda X: X.reshape(N, -1)),
    "augmented in place": Case({"augment": lambda batch: batch.mul_(0.5).add_(0.1)}),
}


def parameters(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


def assert_same(clf, expected):
    ours, theirs = parameters(clf), parameters(expected)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name


def train(make, case, X):
    y = case.labels(two_digits()[1])
    return case.fit(make(batch_size=32, **case.params), X, y, case.weight(y))


@pytest.fixture(scope="module")
def in_memory(make):
    """Function from the name of a case to its images as a NumPy array and the model trained on them."""

    @functools.cache
    def expected(name):
        X = CASES[name].images(two_digits()[0])
        return X, train(make, CASES[name], X)

    return expected


@pytest.mark.parametrize("name", CASES)
def test_fit_and_predict_as_in_memory(name, store, make, in_memory):
    images, expected = in_memory(name)
    X = store(images)
    clf = train(make, CASES[name], X)
    assert_same(clf, expected)
    assert [row["train_loss"] for row in clf.history_] == [row["train_loss"] for row in expected.history_]
    assert clf.n_features_in_ == images.shape[1]
    assert clf.best_score_ == expected.best_score_
    np.testing.assert_array_equal(clf.predict(X), expected.predict(images))
    for method in ("predict_proba", "predict_log_proba"):
        for ours, theirs in zip(getattr(clf, method)(X), getattr(expected, method)(images), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    y = two_digits()[1]
    assert clf.score(X, y) == expected.score(images, y)


def test_cases_train_different_models(in_memory):
    """None of the parameters above is without effect, so that equality with them says something."""
    models = [parameters(in_memory(name)[1]) for name in CASES]
    same = ("plain", "rows")
    kept = [model for name, model in zip(CASES, models, strict=True) if name != same[1]]
    weights = {tuple(model["heads.linear.weight"].flatten().tolist()) for model in kept}
    assert len(weights) == len(kept)


def test_order_of_rows_matters(make, in_memory):
    images, expected = in_memory("plain")
    clf = train(make, CASES["plain"], images[::-1])
    assert not torch.equal(parameters(clf)["heads.linear.weight"], parameters(expected)["heads.linear.weight"])


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["plain", "early stopping", "missing labels"])
def test_float_tensors_train_as_arrays_of_their_values(dtype, name, make):
    X = torch.from_numpy(two_digits()[0] / 255).to(getattr(torch, dtype))
    values = X.float().numpy() if dtype == "bfloat16" else X.numpy()
    expected = train(make, CASES[name], values)
    clf = train(make, CASES[name], X)
    assert_same(clf, expected)
    np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(values))
    assert_same(train(make, CASES[name], LazyRows(X)), expected)


@pytest.mark.parametrize("dtype", [">f4", "<f2", ">u2", "i8", "?", "f8"])
@pytest.mark.parametrize("storage", ["memmap r", "h5py", "zarr", "lazy picked"])
def test_any_dtype(dtype, storage, make, tmp_path):
    images = (two_digits()[0] // 2).astype(dtype)
    X = STORAGES[storage](tmp_path / "x", images)
    clf = train(make, CASES["plain"], X)
    assert_same(clf, train(make, CASES["plain"], images))
    np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(images))


def test_tiny_data_in_any_storage_train_in_float64(store, make, digits):
    expected = make().fit(digits.images, digits.codes)
    assert expected.net_.module_.heads.dtype == torch.float64
    assert_same(make().fit(store(digits.images), digits.codes), expected)


def test_bootstrap_of_lazy_rows(store, make):
    """Rows drawn with replacement: the same image several times in a batch."""
    X, y = two_digits()
    rows = np.random.default_rng(0).integers(0, N, N)
    lazy = LazyRows(store(X), rows)
    clf = make(batch_size=64).fit(lazy, y[rows])
    assert_same(clf, make(batch_size=64).fit(X[rows], y[rows]))
    np.testing.assert_array_equal(clf.predict_proba(lazy), clf.predict_proba(X[rows]))


def test_tensor_that_requires_grad_stays_as_it_is(make):
    X = torch.from_numpy(two_digits()[0] / np.float32(255)).requires_grad_()
    before = X.detach().clone()
    clf = train(make, CASES["plain"], X)
    assert_same(clf, train(make, CASES["plain"], before))
    np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(before))
    assert X.requires_grad
    assert X.grad is None
    assert torch.equal(X.detach(), before)


def test_memory_is_not_written_to(make):
    array = (two_digits()[0] / 255).astype(np.float32)
    before = copy.deepcopy(array)
    for X in (array, torch.from_numpy(array), LazyRows(array)):
        train(make, CASES["augmented in place"], X).predict_proba(X)
        np.testing.assert_array_equal(array, before)


# ---- Refused


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr("skmtl.estimators._base.train", lambda *args, **kwargs: pytest.fail("training had begun"))


@pytest.fixture(scope="module")
def fitted(make):
    """A model of floats, and of float images no warning tells."""
    X, y = two_digits()
    return make(max_epochs=1, trunk="cnn", precision="float32").fit(X.astype(np.float32), y)


def refused(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(("value", "said"), [(np.nan, "Input X contains NaN"), (-np.inf, "Input X contains infinity")])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_pixels_that_are_no_numbers(value, said, dtype, store, make, fitted):
    images = two_digits()[0].astype(dtype)
    images[150, 4, 5] = value
    X = store(images)
    refused(lambda: make().fit(X, two_digits()[1]), ValueError, said)
    refused(lambda: fitted.predict(X), ValueError, said)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_in_a_bfloat16_tensor(value, make, fitted):
    X = torch.from_numpy(two_digits()[0].astype(np.float32)).bfloat16()
    X[150, 4, 5] = value
    said = "Input X contains NaN" if np.isnan(value) else "Input X contains infinity"
    refused(lambda: make().fit(X, two_digits()[1]), ValueError, said)
    refused(lambda: fitted.predict_proba(X), ValueError, said)


SHAPES = "X must have shape (n, n_features), (n, H, W), (n, H, W, C) or (n, C, H, W). Got"
ROWS = "but the model was fitted on rows of shape (8, 16): resize the images to the training size, or fit again."
BAD = {  # what becomes of X; said by fit, said by predict
    "1-D": (lambda X: X[:, 0, 0], f"{SHAPES} an array of shape (200,)", f"{SHAPES} an array of shape (200,)"),
    "5-D": (lambda X: X[:, None, None], SHAPES, f"X has rows of shape (1, 1, 8, 16), {ROWS}"),
    "other size": (lambda X: X[:, :7], None, f"X has rows of shape (7, 16), {ROWS}"),
    "rows": (lambda X: X.reshape(N, -1), None, "X has 128 features, but MultiTaskCNNClassifier is expecting 8"),
    "no axis fits": (lambda X: np.stack([X] * 8, -1), "(n_samples, 8, 16, 8) is ambiguous", f"(8, 16, 8), {ROWS}"),
    "no samples": (lambda X: X[:0], "Found array with 0 sample(s) (shape=(0, 8, 16))", "Found array with 0 sample(s)"),
    "fewer rows": (lambda X: X[:150], "150 images, 200 rows of labels", None),
    "complex": (lambda X: X.astype(complex), "Complex data not supported", "Complex data not supported"),
}


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("storage", [s for s in STORAGES if s not in ("lazy picked", "memmap fortran")])
def test_bad_shapes_and_numbers(name, storage, make, fitted, tmp_path):
    change, in_fit, in_predict = BAD[name]
    X = bad_storage(storage, tmp_path / "x", change(two_digits()[0].astype(np.float32)))
    if in_fit:
        refused(lambda: make().fit(X, two_digits()[1]), ValueError, in_fit)
    if in_predict:
        refused(lambda: fitted.predict(X), ValueError, in_predict)
        refused(lambda: fitted.predict_proba(X), ValueError, in_predict)


def bad_storage(storage, path, array):
    if not len(array) and "memmap" in storage:
        return STORAGES[storage](path, np.zeros((3, *array.shape[1:]), array.dtype))[:0]
    if not len(array) and "h5py" in storage:
        with h5py.File(path, "w") as file:
            file["x"] = array
        X = h5py.File(path, "r")["x"]
        return LazyRows(X) if "lazy" in storage else X
    return STORAGES[storage](path, array)


NO_NUMBERS = {
    "text": (lambda: np.full((N, 8, 16), "a"), "<U1"),
    "numbers as text": (lambda: np.full((N, 8, 16), "12"), "<U2"),
    "bytes": (lambda: np.full((N, 8, 16), b"12"), "|S2"),
    "dates": (lambda: np.zeros((N, 8, 16), "M8[s]"), "datetime64[s]"),
    "records": (lambda: np.zeros((N, 8, 16), [("r", "u1"), ("g", "u1")]), "[('r', 'u1'), ('g', 'u1')]"),
}


class Duck:
    """A store of the least that one can be."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key):
        return self.array[key]


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", NO_NUMBERS)
@pytest.mark.parametrize("storage", ["ndarray", "memmap r", "memmap c", "duck", "lazy memmap"])
def test_dtypes_without_numbers(name, storage, make, fitted, tmp_path):
    array, found = NO_NUMBERS[name][0](), NO_NUMBERS[name][1]
    X = {"ndarray": lambda path, a: a, "duck": lambda path, a: Duck(a), **STORAGES}[storage](tmp_path / "x", array)
    said = f"X must hold numbers, the pixel values. Got {found} instead"
    refused(lambda: make().fit(X, two_digits()[1]), ValueError, said)
    refused(lambda: fitted.predict(X), ValueError, said)


@pytest.mark.usefixtures("no_training")
def test_objects_in_hdf5(make, fitted, tmp_path):
    X = in_hdf5(tmp_path / "x", np.full((N, 4), "a", object))
    said = "X must hold numbers, the pixel values. Got object instead"
    refused(lambda: make().fit(X, two_digits()[1]), ValueError, said)
    refused(lambda: fitted.predict(X), ValueError, said)


# ---- Splits and searches


def test_scores_of_lazy_rows_equal_those_in_memory(make, tmp_path):
    X, y = two_digits()
    clf = make(max_epochs=4)
    expected = cross_val_score(clf, X, y, cv=KFold(3))
    assert len(set(expected)) > 1
    for storage in ("lazy memmap", "lazy zarr", "lazy tensor", "lazy picked"):
        lazy = STORAGES[storage](tmp_path / storage, X)
        np.testing.assert_array_equal(cross_val_score(clf, lazy, y, cv=KFold(3)), expected)


@pytest.mark.parametrize("storage", ["lazy memmap", "lazy h5py", "lazy zarr"])
def test_search_over_lazy_rows_in_two_processes(storage, make, tmp_path):
    X, y = two_digits()
    lazy = STORAGES[storage](tmp_path / "x", X)
    searches = [
        GridSearchCV(make(), {"lr": [1e-3, 0.02]}, cv=KFold(2), n_jobs=n_jobs, return_train_score=True).fit(images, y)
        for images, n_jobs in ((X, 1), (lazy, 2))
    ]
    for key in ("split0_test_score", "split1_test_score", "mean_train_score"):
        np.testing.assert_array_equal(searches[0].cv_results_[key], searches[1].cv_results_[key])
    assert_same(searches[1].best_estimator_, searches[0].best_estimator_)
    np.testing.assert_array_equal(searches[1].predict(lazy), searches[0].predict(X))


@pytest.mark.parametrize(
    "split",
    [
        functools.partial(train_test_split, random_state=0),
        lambda X, y: multi_task_train_test_split(X, y, stratify=y, random_state=0),
    ],
    ids=["scikit-learn", "skmtl"],
)
@pytest.mark.parametrize("storage", [s for s in STORAGES if s.startswith("lazy")])
def test_train_test_split_keeps_lazy_rows_lazy(split, storage, make, tmp_path):
    X, y = two_digits()
    parts = split(STORAGES[storage](tmp_path / "x", X), y)
    expected = split(X, y)
    assert all(isinstance(part, LazyRows) for part in parts[:2])
    for ours, theirs in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), theirs)
    clf, model = (make().fit(X_train, y_train) for X_train, _, y_train, _ in (parts, expected))
    assert_same(clf, model)
    assert clf.score(parts[1], parts[3]) == model.score(expected[1], expected[3])


def test_a_closed_hdf5_file_is_said_to_be_closed(make, tmp_path):
    X, y = load_two_digits(40, return_X_y=True)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        images = file.create_dataset("x", data=X)
        lazy = LazyRows(images)
        clf = make().fit(images, y)
    for closed in (images, lazy):
        for use in (lambda X: make().fit(X, y), clf.predict):
            with pytest.raises(ValueError, match="HDF5 file that is closed: keep the file open"):
                use(closed)


@pytest.mark.parametrize("size", [1e39, 1e300])
def test_pixels_beyond_float32_are_refused(make, size):
    X, y = load_two_digits(40, return_X_y=True)
    with pytest.raises(ValueError, match=r"X has pixels too large to standardise: .* Rescale X"):
        make().fit(X * size, y)


@pytest.mark.filterwarnings("ignore:Got pickle error when attempting to start a worker:UserWarning")
def test_a_map_is_not_copied_to_workers_started_afresh(make, tmp_path):
    X, y = load_two_digits(40, return_X_y=True)
    np.save(tmp_path / "x.npy", X)
    workers = {"iterator_train__num_workers": 1, "iterator_train__multiprocessing_context": "spawn"}
    with pytest.raises(TypeError, match=r"mapped file cannot be sent to worker processes .*leave out iterator_train__"):
        make(net_params=workers).fit(np.load(tmp_path / "x.npy", mmap_mode="r"), y)
