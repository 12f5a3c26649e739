"""The transformer from paths of image files to one array of pixels."""

import os
import warnings
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval

from ..exceptions import UnreadableImageWarning
from ._cache import ImageCache
from ._cached_read import read_through
from ._paths import list_paths
from ._read_files import read_chunks
from ._settings import Settings

__all__ = ["ImageReader"]

MOST_NAMED = 5


class ImageReader(TransformerMixin, BaseEstimator):
    """Read image files of any size and kind into one array of 8-bit pixels.

    The first step of a pipeline that starts from a column of paths. Whatever Pillow opens is read: the first frame,
    upright (the orientation in its EXIF data is applied), in one mode and one size. Nothing is learnt in `fit`.

    Parameters
    ----------
    size : int or (height, width), default=(64, 64)
        Size of the images in pixels, **height first**, as in the shape of an array. Pillow's own functions
        take (width, height). An int makes squares.
    mode : {"RGB", "RGBA", "L"}, default="RGB"
        Colour, colour with alpha, or grey (ITU-R 601-2 luma). Where it has no alpha, transparent images are laid
        onto `fill`. Grey of 16 or 12 bits is scaled to 8, its largest possible value becoming 255. Signed and
        32-bit integers and floats are refused, for no value of theirs is known to be white.
    resize : {"stretch", "crop", "pad"}, default="stretch"
        How an image of other proportions gets to `size`. ``"stretch"``: each axis by its own factor; the whole
        image is there and nothing else. ``"crop"``: as small as covers `size`, then its centre, so that the
        proportions stay and the borders go. ``"pad"``: as large as fits into `size`, centred on `fill`.
    resample : {"bilinear", "nearest", "bicubic", "lanczos"}, default="bilinear"
        Pillow's filter. All but ``"nearest"`` are antialiased: they average over all pixels that
        make up one pixel of a smaller image.
    fill : int or tuple of int, default=0
        Colour from 0 to 255 behind transparent images, around padded ones and of blank ones. An int is a grey,
        fully transparent with ``mode="RGBA"``; a tuple has one entry per channel of `mode`.
    base_folder : str or path-like, default=None
        Where relative paths start. None: the current folder.
    cache : str or path-like, default=None
        Folder to keep the images in, made if missing. None: they are read again each time. See the notes.
    max_pixels : int, default=None
        Largest height times width of a file; larger ones are not decoded. None: ``PIL.Image.MAX_IMAGE_PIXELS``,
        which is 89 million unless you set it. Pillow itself refuses files of more than twice that number.
    on_error : {"raise", "warn"}, default="raise"
        What to do where a file is missing, truncated, too large or no image: raise an error that names it, or
        issue one warning and put a blank, masked image in its place.
    n_jobs : int, default=None
        Number of threads. None means 1 unless in a :obj:`joblib.parallel_config` context; -1 all processors. They
        help with photographs; reading icons of 1 kB is no faster for them.
    verbose : int, default=0
        1 or more: a progress bar.

    See Also
    --------
    skmtl.MultiTaskCNNClassifier : Takes the images; labels of masked ones count as missing.

    Notes
    -----
    **Memory.** Without a cache the result takes ``n_samples * height * width * channels`` bytes, allocated once and
    written in place; beside it, each thread holds the one file it decodes. JPEG files are decoded at a half, a
    quarter or an eighth of their size where that leaves at least twice `size`, which is faster and differs by a few
    levels from decoding them whole.

    **Cache.** Images are found again by the path, size in bytes and times of change of their file, and by the
    parameters that decide the pixels: a file that changed is read again, and so is every file after a change of
    parameters or of Pillow's version. Any number of processes may share the folder. While it is filled, memory holds
    a few hundred images at a time. A list of files that was read as a whole comes back as a read-only memory map;
    other selections, such as the folds of a cross-validation, are put together in memory. Unreadable files are not
    cached. Nothing is ever removed: delete the folder when you like.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmtl.preprocessing import ImageReader
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (40, 20), "red").save(Path(folder) / "wide.png")
    ...     Image.new("L", (30, 30), 128).save(Path(folder) / "grey.jpg")
    ...     images = ImageReader((8, 10), base_folder=folder).transform(["wide.png", "grey.jpg"])
    >>> images.shape, images.dtype
    ((2, 8, 10, 3), dtype('uint8'))
    >>> images[:, 0, 0]
    array([[255,   0,   0],
           [128, 128, 128]], dtype=uint8)
    """

    _parameter_constraints = {
        "size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "mode": [str],
        "resize": [str],
        "resample": [str],
        "fill": [Interval(Integral, 0, 255, closed="both"), tuple, list],
        "base_folder": [str, os.PathLike, None],
        "cache": [str, os.PathLike, None],
        "max_pixels": [Interval(Integral, 1, None, closed="left"), None],
        "on_error": [str],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        size=(64, 64),
        *,
        mode="RGB",
        resize="stretch",
        resample="bilinear",
        fill=0,
        base_folder=None,
        cache=None,
        max_pixels=None,
        on_error="raise",
        n_jobs=None,
        verbose=0,
    ):
        self.size = size
        self.mode = mode
        self.resize = resize
        self.resample = resample
        self.fill = fill
        self.base_folder = base_folder
        self.cache = cache
        self.max_pixels = max_pixels
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, False
        tags.transformer_tags.preserves_dtype = []
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters.

        Parameters
        ----------
        X : object
            Ignored.
        y : object, default=None
            Ignored.

        Returns
        -------
        ImageReader
            Itself.
        """
        Settings.of(self)
        return self

    def transform(self, X):
        """Read the files.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, 1)
            Paths, as strings or :class:`pathlib.Path`: a list, array, Series or data frame of one column.

        Returns
        -------
        ndarray of shape (n_samples, height, width, 3), (n_samples, height, width, 4) or (n_samples, height, width)
            uint8 pixels in RGB, RGBA or L. A read-only :class:`numpy.memmap` where the cache holds exactly this
            list. A :class:`numpy.ma.MaskedArray` if files were unreadable: their rows, filled with `fill`, are
            masked throughout.

        Raises
        ------
        FileNotFoundError
            If a file is missing, unless ``on_error="warn"``.
        ValueError
            If no image comes of a file, unless ``on_error="warn"``; if a row has no path.
        TypeError
            If X is not a column of paths.
        OSError
            If the cache cannot be written.
        """
        self._validate_params()
        settings, paths = Settings.of(self), list_paths(X, self.base_folder)
        failures = {}
        if self.cache is None:
            images = np.empty((len(paths), *settings.shape), np.uint8)
            for _, failed in self._read(paths, range(len(paths)), settings, images):
                failures.update(failed)
        else:
            images, failures = read_through(
                ImageCache(self.cache, settings), paths, settings, lambda rows: self._read(paths, rows, settings)
            )
        return self._mask(images, failures, paths, settings) if failures else images

    def _read(self, paths, rows, settings, images=None):
        for chunk, failed in read_chunks(paths, rows, settings, images, n_jobs=self.n_jobs, verbose=self.verbose):
            if failed and self.on_error == "raise":
                row, why = next(iter(failed.items()))
                raise (FileNotFoundError if why.missing else ValueError)(
                    f"X[{row}], the file {paths[row]!r}, cannot be read: {why.reason}. {why.remedy} Or set "
                    "on_error='warn' for a blank, masked image in its place."
                ) from why
            yield chunk, failed

    def _mask(self, images, failures, paths, settings):
        rows = sorted(failures)
        named = "; ".join(f"X[{row}], {paths[row]!r}: {failures[row].reason}" for row in rows[:MOST_NAMED])
        more = f"; and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
        warnings.warn(
            f"{len(rows)} of {len(paths)} files cannot be read; blank, masked images take their places "
            f"({named}{more}). Replace the files, or drop their rows.",
            UnreadableImageWarning,
            stacklevel=4,  # _mask, transform, scikit-learn's wrapper of it, the caller
        )
        images[rows] = settings.fill if settings.mode != "L" else settings.fill[0]
        mask = np.zeros(images.shape, bool)
        mask[rows] = True
        return np.ma.MaskedArray(images, mask, fill_value=0)
