"""A folder of real image files, from the table of their paths to a searched network."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs
from skmtl.exceptions import UnreadableImageWarning
from skmtl.metrics import multi_task_scorer
from skmtl.nn import ConvTrunk
from skmtl.preprocessing import ImageReader

COLOURS = {"red": (255, 60, 60), "green": (60, 255, 60)}
N_EACH = 12
TURNED = 3  # row whose file lies on its side


def pictures():
    """Yield digits in 16 x 16 and glyphs in 20 x 20 pixels, with what they are."""
    digits = load_digits()
    for image, digit in zip(digits.images[:N_EACH], digits.target, strict=False):
        yield np.kron(image / 16 * 255, np.ones((2, 2))).astype(np.uint8), "digit" if digit >= 0 else None
    for image in load_glyphs(N_EACH, size=20, characters="ABC", return_X_y=True)[0]:
        yield image, "letter"


def in_mode(pixels, mode, colour):
    """Paint ink of a colour; grey files keep its brightness, RGBA files have nothing but ink."""
    rgb = (pixels[..., None] / 255 * np.array(colour)).astype(np.uint8)
    if mode == "RGBA":
        full = np.full_like(rgb, colour)
        return Image.fromarray(np.dstack([full, pixels]))
    return Image.fromarray(rgb).convert(mode)


@pytest.fixture
def table(tmp_path):
    """Paths and labels of PNG and JPEG files in grey, RGB and RGBA."""
    rows = []
    for i, (pixels, category) in enumerate(pictures()):
        mode = ["L", "RGB", "RGBA"][i % 3]
        suffix = "jpg" if i % 2 and mode != "RGBA" else "png"
        name = list(COLOURS)[i // 3 % 2]
        path = tmp_path / f"{i}.{suffix}"
        image, options = in_mode(pixels, mode, COLOURS[name]), {}
        if i == TURNED:
            # Stored a quarter turn counter-clockwise, to be shown a quarter turn clockwise.
            image, options = image.transpose(Image.Transpose.ROTATE_90), {"exif": Image.Exif(), "quality": 95}
            options["exif"][0x0112] = 6
        image.save(path, **options)
        rows.append({"path": str(path), "category": category, "colour": None if mode == "L" else name})
    return pd.DataFrame(rows)


def with_unreadable(table, tmp_path):
    """Add a truncated and a missing file, labelled like the others."""
    content = (tmp_path / "1.jpg").read_bytes()
    (tmp_path / "truncated.jpg").write_bytes(content[: len(content) // 2])
    more = [
        {"path": str(tmp_path / name), "category": "digit", "colour": "red"} for name in ("truncated.jpg", "no.png")
    ]
    # In the middle, so that both folds have one.
    return pd.concat([table[:5], pd.DataFrame(more[:1]), table[5:], pd.DataFrame(more[1:])], ignore_index=True)


def model(cache, **kwargs):
    network = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=(4,)), max_epochs=1, random_state=0)
    return make_pipeline(ImageReader(16, cache=cache, **kwargs), network)


def test_every_kind_of_file_comes_upright_and_in_its_colours(table):
    images = ImageReader(16).transform(table["path"])
    assert images.shape == (2 * N_EACH, 16, 16, 3)
    for i, (pixels, _) in zip(range(N_EACH), pictures(), strict=False):
        colour = COLOURS[list(COLOURS)[i // 3 % 2]]
        expected = pixels[..., None] / 255 * np.array(colour)
        if i % 3 == 0:
            expected = (expected @ [0.299, 0.587, 0.114])[..., None]
        # JPEG keeps brightness better than colour.
        off = images[i].astype(int) - expected
        assert np.abs(off @ [0.299, 0.587, 0.114]).mean() < 6, i
        assert np.abs(off).mean() < (2 if table["path"][i].endswith("png") else 40), i
    turned = np.rot90(images[TURNED]).astype(int)
    assert np.abs(turned - images[TURNED]).mean() > 20


def test_a_search_reads_around_unreadable_files_and_then_from_the_cache(table, tmp_path, no_decoding):
    df = with_unreadable(table, tmp_path)
    cache = tmp_path / "cache"
    grid = {"multitaskcnnclassifier__lr": [1e-3, 1e-2]}
    search = GridSearchCV(
        model(cache, on_error="warn"), grid, cv=KFold(2, shuffle=True, random_state=0), n_jobs=2, error_score="raise"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreadableImageWarning)
        search.fit(df["path"], df[["category", "colour"]])
        predicted = search.predict(df["path"])
        score = search.score(df["path"], df[["category", "colour"]])
        worst = multi_task_scorer()(search, df["path"], df[["category", "colour"]])["min_accuracy"]
    assert predicted.shape == (len(df), 2)
    assert set(predicted[:, 0]) <= {"digit", "letter"}
    assert set(predicted[:, 1]) <= {"red", "green"}
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()

    n_files = len(list(cache.rglob("*.npy")))
    readable = table["path"]
    no_decoding()
    assert score == search.score(readable, table[["category", "colour"]])
    assert worst == multi_task_scorer()(search, readable, table[["category", "colour"]])["min_accuracy"]
    np.testing.assert_array_equal(search.predict(readable), predicted[df["path"].isin(readable)])
    again = clone(search).set_params(n_jobs=None, estimator__imagereader__on_error="raise")
    again.fit(readable, table[["category", "colour"]])
    assert len(list(cache.rglob("*.npy"))) == n_files


def test_readable_files_fit_predict_pickle_clone_and_search(table, tmp_path):
    X, y = table["path"], table[["category", "colour"]]
    pipeline = model(tmp_path / "cache").fit(X, y)
    predicted = pipeline.predict(X)
    for same in (pickle.loads(pickle.dumps(pipeline)), clone(pipeline).fit(X, y)):
        np.testing.assert_array_equal(same.predict(X), predicted)
    images = ImageReader(16).transform(X)
    network = clone(pipeline[-1]).fit(images, y)
    np.testing.assert_array_equal(network.predict(images), predicted)

    grid = {"imagereader__size": [8, (12, 16)], "imagereader__mode": ["RGB", "L"]}
    search = GridSearchCV(pipeline, grid, cv=KFold(2, shuffle=True, random_state=0), n_jobs=2, error_score="raise").fit(
        X, y
    )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["imagereader__size"] in grid["imagereader__size"]
    size = search.best_params_["imagereader__size"]
    height, width = (size, size) if isinstance(size, int) else size
    assert search.best_estimator_[-1].image_shape_[1:] == (height, width)
