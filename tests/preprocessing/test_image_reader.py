import os
import pickle
import re
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from skmtl.exceptions import UnreadableImageWarning
from skmtl.preprocessing import ImageReader

VALUES = [10, 20, 30, 40, 50]


def flatten(images):
    return images.reshape(len(images), -1)


@pytest.fixture
def bad(tmp_path, files):
    """A missing and a truncated file among good ones."""
    with open(files[4], "r+b") as file:
        file.truncate(50)
    return [files[0], str(tmp_path / "none.png"), files[1], files[4]]


@pytest.mark.parametrize(
    ("mode", "tail"), [("L", ()), ("RGB", (3,)), ("RGBA", (4,))], ids=["grey", "colour", "colour and alpha"]
)
@pytest.mark.parametrize("cached", [False, True], ids=["files", "cache"])
def test_one_array_of_8_bit_pixels(files, mode, tail, cached, tmp_path):
    reader = ImageReader((2, 3), mode=mode, cache=tmp_path / "cache" if cached else None)
    for X in (files, pd.Series(files), np.array(files)[:, None]):
        images = reader.fit_transform(X)
        assert images.shape == (5, 2, 3, *tail)
        assert images.dtype == np.uint8
        assert type(images) is (np.memmap if cached else np.ndarray)
        assert flatten(images)[:, 0].tolist() == VALUES
        if mode == "RGBA":
            assert (images[..., 3] == 255).all()


def test_the_default_is_what_a_reader_of_the_table_expects():
    assert ImageReader().get_params() == {
        "size": (64, 64),
        "mode": "RGB",
        "resize": "stretch",
        "resample": "bilinear",
        "fill": 0,
        "base_folder": None,
        "cache": None,
        "max_pixels": None,
        "on_error": "raise",
        "n_jobs": None,
        "verbose": 0,
    }


def test_scikit_learn_finds_it_stateless(files):
    reader = ImageReader(2, mode="L")
    check_is_fitted(reader)
    tags = get_tags(reader)
    assert (tags.requires_fit, tags.input_tags.string, tags.input_tags.one_d_array) == (False, True, True)
    assert not hasattr(reader, "set_output")
    assert not hasattr(reader, "get_feature_names_out")
    assert reader.fit(files) is reader
    assert not [name for name in vars(reader) if name.endswith("_")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Can't test estimator ImageReader")
        check_estimator(reader)
    for same in (clone(reader), pickle.loads(pickle.dumps(reader))):
        np.testing.assert_array_equal(same.transform(files), reader.transform(files))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("size", 0),
        ("size", "64"),
        ("fill", 256),
        ("fill", -1),
        ("cache", 3),
        ("base_folder", 3),
        ("max_pixels", 0),
        ("n_jobs", 1.5),
        ("mode", None),
        ("verbose", -1),
    ],
)
def test_parameters_are_checked_without_and_with_a_fit(parameter, value):
    reader = ImageReader(**{parameter: value})
    for call in (reader.fit, reader.transform):
        with pytest.raises(ValueError, match=f"The '{parameter}' parameter of ImageReader must be"):
            call(["a.png"])


def test_names_are_checked_without_and_with_a_fit():
    reader = ImageReader(resize="padd")
    for call in (reader.fit, reader.transform):
        with pytest.raises(ValueError, match="Did you mean 'pad'"):
            call(["a.png"])


def test_names_start_at_the_base_folder(files, tmp_path):
    names = [Path(file).name for file in files]
    images = ImageReader(2, mode="L", base_folder=tmp_path).transform(names)
    assert images[:, 0, 0].tolist() == VALUES


def test_a_missing_file_is_named(bad):
    message = f"X[1], the file {bad[1]!r}, cannot be read: there is no such file. Check the path, and base_folder. Or"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        ImageReader(2).transform(bad)


@pytest.mark.parametrize("cached", [False, True], ids=["files", "cache"])
def test_a_damaged_file_is_named(bad, cached, tmp_path):
    reader = ImageReader(2, cache=tmp_path / "cache" if cached else None)
    message = re.escape(f"X[1], the file {bad[3]!r}, cannot be read: it is truncated or damaged (OSError")
    with pytest.raises(ValueError, match=message):
        reader.transform([bad[0], bad[3]])
    if cached:
        assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


def test_an_oversized_file_is_named_with_its_size(files):
    with pytest.raises(ValueError, match=re.escape("it has 4 x 4 = 16 pixels, more than max_pixels=15")):
        ImageReader(2, max_pixels=15).transform(files)


@pytest.mark.parametrize(("mode", "fill"), [("L", 9), ("RGB", (1, 2, 3)), ("RGBA", 9)])
@pytest.mark.parametrize("cached", [False, True], ids=["files", "cache"])
def test_unreadable_files_are_masked_if_asked_for(bad, mode, fill, cached, tmp_path):
    reader = ImageReader(2, mode=mode, fill=fill, on_error="warn", cache=tmp_path / "cache" if cached else None)
    for _ in range(2):
        with pytest.warns(UnreadableImageWarning, match="2 of 4 files cannot be read") as caught:
            images = reader.transform(bad)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        text = str(caught[0].message)
        assert f"X[1], '{bad[1]}': there is no such file; X[3], '{bad[3]}': it is truncated" in text
        assert isinstance(images, np.ma.MaskedArray)
        assert images.dtype == np.uint8
        blank = [*fill] if mode == "RGB" else [9, 9, 9, 0] if mode == "RGBA" else 9
        assert (images.data[[1, 3]] == blank).all()
        assert flatten(images.data)[[0, 2], 0].tolist() == [10, 20]
        assert flatten(np.ma.getmaskarray(images)).mean(axis=1).tolist() == [0, 1, 0, 1]


def test_masks_survive_what_scikit_learn_does_with_rows(bad):
    with pytest.warns(UnreadableImageWarning):
        images = ImageReader(2, on_error="warn").transform(bad)
    for part in (images[[1, 0]], images[1:3], images.take([1, 0], axis=0)):
        assert flatten(np.ma.getmaskarray(part)).mean(axis=1).tolist() == [1, 0]
    images[1] = 5
    assert not images[1].mask.any()


def test_long_lists_of_unreadable_files_are_cut_short(tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(8)]
    with pytest.warns(UnreadableImageWarning, match=r"8 of 8 files .* and 3 more\)") as caught:
        images = ImageReader(2, on_error="warn").transform(paths)
    assert "4.png" in str(caught[0].message)
    assert "5.png" not in str(caught[0].message)
    assert images.mask.all()


def test_the_second_run_opens_no_image(files, tmp_path, no_decoding):
    reader = ImageReader(2, mode="L", cache=tmp_path / "cache").fit(files)
    reader.transform(files)
    no_decoding()
    assert reader.transform(files)[:, 0, 0].tolist() == VALUES
    assert reader.transform(files[3:1:-1])[:, 0, 0].tolist() == [40, 30]
    assert clone(reader).set_params(n_jobs=2, on_error="warn").transform(files[1:])[:, 0, 0].tolist() == VALUES[1:]
    with pytest.raises(ValueError, match="was opened"):
        clone(reader).set_params(size=3).transform(files)


def test_changed_files_are_read_again(files, tmp_path, save):
    reader = ImageReader(2, mode="L", cache=tmp_path / "cache")
    reader.transform(files)
    save(np.full((4, 4), 10, np.uint8), "5.png")
    facts = os.stat(files[4])
    os.utime(files[4], ns=(facts.st_atime_ns, facts.st_mtime_ns + 10**9))
    assert reader.transform(files)[:, 0, 0].tolist() == [10, 20, 30, 40, 10]


def test_processes_share_a_cache(files, tmp_path):
    reader = ImageReader(2, mode="L", cache=tmp_path / "cache")
    rng = np.random.default_rng(0)
    lists = [rng.permutation(5)[: rng.integers(1, 6)] for _ in range(40)]
    results = Parallel(2)(delayed(reader.transform)([files[i] for i in rows]) for rows in lists)
    for rows, images in zip(lists, results, strict=True):
        assert images[:, 0, 0].tolist() == [VALUES[i] for i in rows]
    assert list((tmp_path / "cache").rglob("*.tmp")) == []


def test_a_column_of_a_frame_in_a_search(save):
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    paths = [save(rng.integers(100 * k, 100 * k + 60, (6, 6), dtype=np.uint8), f"{i}.png") for i, k in enumerate(y)]
    frame = pd.DataFrame({"path": paths, "other": 0.0})
    pipeline = make_pipeline(
        make_column_transformer(
            (make_pipeline(ImageReader(3, mode="L"), FunctionTransformer(flatten)), ["path"]), remainder="passthrough"
        ),
        DecisionTreeClassifier(random_state=0),
    )
    grid = {"columntransformer__pipeline__imagereader__size": [2, 3]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(frame, y)
    assert search.best_score_ == 1
    assert (search.predict(frame) == y).all()


def test_no_more_memory_than_the_images(save):
    paths = [save(np.full((4, 4), 10, np.uint8))] * 600
    reader = ImageReader(64)
    reader.transform(paths[:2])
    tracemalloc.start()
    images = reader.transform(paths)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert images.nbytes <= peak < 1.2 * images.nbytes


def test_global_state_of_pillow_stays(files):
    before = Image.MAX_IMAGE_PIXELS
    ImageReader(2, max_pixels=10**9).transform(files)
    assert before == Image.MAX_IMAGE_PIXELS
