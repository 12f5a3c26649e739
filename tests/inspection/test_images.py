import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import LazyRows, TaskImages
from skmtl.inspection._images import blank_rows, images_of_model, images_of_rows, inner_model

X = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
ROWS = np.array([3, 0, 4])


@pytest.mark.parametrize(
    "wrap",
    [np.asarray, LazyRows, torch.tensor, list, lambda X: X.reshape(5, 6), lambda X: pd.DataFrame(X.reshape(5, 6))],
)
def test_rows_come_in_order_whatever_holds_them(wrap):
    given = wrap(X)
    layout = {"image_shape": (2, 3)} if np.ndim(given) == 2 else {}
    images = images_of_rows(given, ROWS, 0, ["a"], **layout)
    assert images.tolist() == X[ROWS, None].tolist()


def test_hdf5_and_zarr_are_read(tmp_path):
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", data=X)
        assert images_of_rows(stored, ROWS, 0, ["a"]).tolist() == X[ROWS, None].tolist()
    assert images_of_rows(zarr.array(X), ROWS, 0, ["a"]).tolist() == X[ROWS, None].tolist()


def test_of_a_store_only_the_rows_asked_for_are_read():
    values, read = np.arange(1000 * 32 * 32).reshape(1000, 32, 32), []

    class Store:
        shape, dtype, ndim = values.shape, values.dtype, 3

        def __getitem__(self, key):
            read.append(len(values[key]))
            return values[key]

        def __len__(self):
            return len(values)

    rows = np.array([900, 0, 500])
    assert images_of_rows(LazyRows(Store()), rows, 0, ["a"]).tolist() == values[rows, None].tolist()
    assert sum(read) == 3


def test_channels_come_first():
    colour = np.arange(5 * 5 * 6 * 3).reshape(5, 5, 6, 3)
    assert images_of_rows(colour, ROWS, 0, ["a"]).tolist() == np.moveaxis(colour[ROWS], -1, 1).tolist()
    assert images_of_rows(colour, ROWS, 0, ["a"], channel_axis=1).tolist() == colour[ROWS].tolist()
    assert images_of_rows(colour, ROWS, 0, ["a"], channel_axis=None, spatial_dims=3).shape == (3, 1, 5, 6, 3)


@pytest.mark.parametrize("wrap", [dict, TaskImages, lambda images: SliceDict(**images)])
def test_every_task_has_its_own_images(wrap):
    images = wrap({"b": X + 100, "a": X})
    assert images_of_rows(images, ROWS, 1, ["a", "b"]).tolist() == (X + 100)[ROWS, None].tolist()
    assert images_of_model(None, images, ROWS, 0, ["a", "b"]).tolist() == X[ROWS, None].tolist()


def pipeline(**params):
    # Halves, then folds: what the network sees has another shape than the input.
    return make_pipeline(FunctionTransformer(lambda X: X[:, :4] / 2), MultiTaskCNNClassifier(**params))


def test_of_a_pipeline_the_input_of_the_last_step_is_returned_for_the_rows_only():
    seen = []

    def first_four(X):
        seen.append(len(X))
        return X[:, :4] / 2

    model = Pipeline([("cut", FunctionTransformer(first_four)), ("clf", MultiTaskCNNClassifier(image_shape=(2, 2)))])
    images = images_of_model(model, X.reshape(5, 6), ROWS, 0, ["a"])
    assert images.tolist() == (X.reshape(5, 6)[ROWS, :4] / 2).reshape(3, 1, 2, 2).tolist()
    assert seen == [3]


def test_the_model_is_found_in_searches_and_meta_estimators():
    class Meta:
        pass

    search = GridSearchCV(MultiTaskCNNClassifier(), {})
    search.best_estimator_ = pipeline(image_shape=(2, 2))
    holder, group = Meta(), Meta()
    holder.estimator_ = search
    group.estimators_ = [holder, None]
    for estimator in (search, holder, group):
        model, _ = inner_model(estimator, X.reshape(5, 6))
        assert model is search.best_estimator_[-1]


def test_an_estimator_of_another_kind_has_images_as_they_are():
    assert inner_model(FunctionTransformer(), X)[0] is None
    assert images_of_model(FunctionTransformer(), X, ROWS, 0, ["a"]).tolist() == X[ROWS, None].tolist()


def test_rows_masked_as_a_whole_are_blank():
    masked = np.ma.masked_array(X, mask=np.zeros(X.shape, bool))
    assert blank_rows(masked, 0, ["a"]) is None
    assert blank_rows(X, 0, ["a"]) is None
    masked[2] = np.ma.masked
    assert blank_rows(masked, 0, ["a"]).tolist() == [False, False, True, False, False]
    assert not blank_rows({"a": X, "b": masked}, 0, ["a", "b"]).any()
    assert blank_rows({"a": X, "b": masked}, 1, ["a", "b"])[2]
