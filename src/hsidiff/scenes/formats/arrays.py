"""Choose an array of a file that holds arrays by name: .mat (v5, v7.3), .npz, .npy.

Scenes and label rasters choose with the same code, so that both may be in one file.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from hsidiff.errors import MissingFileError, SceneError
from hsidiff.files import is_special
from hsidiff.scenes.formats import matlab, numpy_file
from hsidiff.scenes.formats.named_array import NamedArray

ARRAY_SUFFIXES = (".mat", ".npz", ".npy")
"""Lower-case suffixes of the files that :func:`find_raster` reads."""

_MOST_BANDS_OF_A_PICTURE = 4
_SIDE_NAMES = (
    ("nrow", "ncol"), ("nrows", "ncols"), ("rows", "cols"), ("row", "col"), ("lines", "samples"),
    ("h", "w"), ("height", "width"), ("m", "n"),
)  # fmt: skip


def find_raster(path: Path, variable: str | None) -> NamedArray:
    """Find the label raster of a ``.mat``, ``.npz`` or ``.npy`` file, without reading its numbers.

    Args:
        path: the file.
        variable: the array's name, or None if the file holds only one of two dimensions; vectors
            (one side is 1) are passed over unless named.

    Returns:
        The array; its ``load()`` reads the numbers, ``name``, ``shape`` and ``dtype`` are known.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if the file is broken, no array fits, several fit (the message lists them with
            their shapes), or the named one does not exist or does not fit.
    """
    arrays = list_arrays(path)
    if variable is not None:
        return _named(path, arrays, variable, (2,))
    return _only(path, arrays, _with_dimensions(arrays, 2), "2-D", "--labels-variable")


def find_cube(
    path: Path, arrays: Sequence[NamedArray], variable: str | None, option: str
) -> NamedArray:
    """Find the cube among the arrays of a file, as :func:`find_raster` finds labels.

    A picture of at most four bands beside one real cube is passed over. A two-dimensional array,
    which is how MATLAB keeps a cube of one band, is taken if it is named and never otherwise: it
    may as well be a table of pixels by bands.

    Raises:
        SceneError: if there is no cube, or several; the message lists them.
    """
    if variable is not None:
        return _named(path, arrays, variable, (2, 3))
    cubes = _with_dimensions(arrays, 3)
    tables = _with_dimensions(arrays, 2)
    if not cubes and tables:
        raise SceneError(_advice_for_tables(path, arrays, tables, option))
    more_than_pictures = [cube for cube in cubes if cube.shape[2] > _MOST_BANDS_OF_A_PICTURE]
    return _only(path, arrays, more_than_pictures or cubes, "3-D", option)


def _advice_for_tables(
    path: Path, arrays: Sequence[NamedArray], tables: Sequence[NamedArray], option: str
) -> str:
    """What to do with a file whose largest arrays are two-dimensional, such as bands by pixels."""
    table = max(tables, key=lambda array: math.prod(array.shape))
    sides = _image_sides(arrays)
    advice = "reshape it to (rows, cols, bands)"
    if sides is not None and math.prod(sides) in table.shape:
        rows, cols = sides
        flat, n_bands = (".T", table.shape[0])
        if table.shape[0] == rows * cols:
            flat, n_bands = ("", table.shape[1])
        advice = (
            f"reshape it with NumPy: {table.name.rpartition('/')[2]}{flat}.reshape("
            f'{rows}, {cols}, {n_bands}, order="F"), which is the order of MATLAB'
        )
    return (
        f"{path}: {table.name} is two-dimensional ({' x '.join(map(str, table.shape))}), a scene "
        f"has rows, columns and bands: {advice}, or name it as a scene of one band with variable= "
        f"or {option}"
    )


def _image_sides(arrays: Sequence[NamedArray]) -> tuple[int, int] | None:
    """Rows and columns that stand in the file as numbers: ``nRow`` and ``nCol``, say."""
    numbers = {a.last_name.replace("_", ""): a for a in arrays if math.prod(a.shape) == 1}
    for names in _SIDE_NAMES:
        if all(name in numbers for name in names):
            rows, cols = (float(numbers[name].load().ravel()[0]) for name in names)
            if all(side > 0 and side.is_integer() for side in (rows, cols)):
                return int(rows), int(cols)
    return None


def list_arrays(path: Path) -> list[NamedArray]:
    """Every numeric array of a ``.mat``, ``.npz`` or ``.npy`` file, without its numbers.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if the file is broken.
    """
    if not path.exists():
        raise MissingFileError(f"{path} does not exist")
    if is_special(path):
        raise SceneError(f"{path} is a pipe or a device: give a file")
    module = matlab if path.suffix.lower() == ".mat" else numpy_file
    return module.list_arrays(path)


def _with_dimensions(arrays: Sequence[NamedArray], n_dimensions: int) -> list[NamedArray]:
    """Arrays of so many dimensions; vectors, which lists of wavelengths are, do not count."""
    fitting = [array for array in arrays if len(array.shape) == n_dimensions]
    return [array for array in fitting if n_dimensions != 2 or min(array.shape) > 1]


def _named(
    path: Path, arrays: Sequence[NamedArray], variable: str, dimensions: tuple[int, ...]
) -> NamedArray:
    expected = " or ".join(f"{n}-D" for n in dimensions)
    if all(array.name != variable for array in arrays):
        variable = variable.replace(".", "/")  # as MATLAB writes a field of a struct
    for array in arrays:
        if array.name == variable and len(array.shape) in dimensions:
            return array
        if array.name == variable:
            raise SceneError(f"{path}: {variable} has shape {array.shape}: expected {expected}")
    raise SceneError(f"{path} has no array {variable!r}; it holds {_held(path, arrays)}")


def _only(
    path: Path,
    arrays: Sequence[NamedArray],
    fitting: Sequence[NamedArray],
    expected: str,
    option: str,
) -> NamedArray:
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise SceneError(f"{path} has no {expected} array; it holds {_held(path, arrays)}")
    raise SceneError(
        f"{path} holds several {expected} arrays: {_listed(fitting)}: "
        f"choose one with variable= or {option}"
    )


def _held(path: Path, arrays: Sequence[NamedArray]) -> str:
    """What a file holds; if that is no array, what else, and how to make arrays of it."""
    others = matlab.list_others(path) if not arrays and path.suffix.lower() == ".mat" else []
    if not others:
        return _listed(arrays)
    name = others[0].partition(" ")[0]
    return (
        f"{', '.join(others)}: save what is inside as arrays in MATLAB, such as "
        f"cube = {name}{{1}} or {name}(1).field, then save('scene.mat', 'cube')"
    )


def _listed(arrays: Sequence[NamedArray]) -> str:
    shapes = [f"{array.name} {'x'.join(map(str, array.shape)) or 'number'}" for array in arrays]
    return ", ".join(shapes) or "no array of numbers"
