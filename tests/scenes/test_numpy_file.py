import pickle
import zipfile

import numpy as np
import pytest
from fake_files import cube

from hsidiff.errors import SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window


def save(path, values):
    if path.suffix == ".npz":
        np.savez_compressed(path, any_name=values)
    else:
        np.save(path, values)
    return path


@pytest.fixture(params=["a.npy", "a.npz"])
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.mark.parametrize("dtype", ["bool", "uint8", ">i2", "float32", "float64", "uint64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_window_equals_the_slice_of_the_array(path, dtype, order):
    values = cube((5, 7, 6)).astype(dtype, order=order)
    scene = open_scene(save(path, values), drop_bands=[6])
    np.testing.assert_array_equal(scene.read(Window(1, 2, 3, 4)), values[1:4, 2:6, :5])
    assert scene.source.dtype == values.dtype


def test_a_pickled_scene_reads_the_same_and_travels_without_its_pixels(path):
    values = cube((40, 50, 20))
    scene = open_scene(save(path, values))
    scene.read()
    pickled = pickle.dumps(scene)
    assert len(pickled) < 5000
    np.testing.assert_array_equal(pickle.loads(pickled).read(), values)


@pytest.mark.parametrize("n_bands", [1, 2, 500])
def test_one_to_500_bands_are_read(path, n_bands):
    values = cube((2, 3, n_bands), "int32")
    np.testing.assert_array_equal(open_scene(save(path, values)).read(), values)


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.99])
def test_a_truncated_file_is_refused(path, kept):
    save(path, np.random.default_rng(0).normal(size=(20, 20, 30)))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(SceneError, match="not a readable") as caught:
        open_scene(path).read()
    assert "\n" not in str(caught.value)


def test_damaged_content_of_an_archive_is_refused_when_it_is_read(tmp_path):
    path = save(tmp_path / "a.npz", np.random.default_rng(0).normal(size=(20, 20, 30)))
    content = bytearray(path.read_bytes())
    content[20000:20100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(SceneError, match="not a readable"):
        open_scene(path).read()


def test_pickled_objects_are_never_loaded(path):
    np_save = {".npy": np.save, ".npz": np.savez}[path.suffix]
    np_save(path, np.full((2, 3, 4), {"a": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(SceneError, match=r"not a readable|no 3-D array"):
        open_scene(path)


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]"])
def test_what_is_not_a_real_number_is_refused(path, dtype):
    values = np.zeros((2, 3, 4), dtype)
    with pytest.raises(SceneError, match=r"complex|expected real numbers|no 3-D array"):
        open_scene(save(path, values))


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 4, 0)])
def test_an_array_without_pixels_or_bands_is_refused(path, shape):
    with pytest.raises(SceneError, match=r"at least one of each|not a readable"):
        open_scene(save(path, np.zeros(shape)))


def test_an_archive_that_holds_something_else_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "hello")
        file.writestr("b.npy", "hello")
    with pytest.raises(SceneError, match="not a readable"):
        open_scene(path)


def test_an_archive_named_npy_is_refused(tmp_path):
    save(tmp_path / "a.npz", cube()).rename(tmp_path / "a.npy")
    with pytest.raises(SceneError, match="not a readable"):
        open_scene(tmp_path / "a.npy")


def test_a_damaged_header_is_refused(path):
    np.save(path, cube()) if path.suffix == ".npy" else np.savez(path, cube())
    content = path.read_bytes()
    place = content.index(b"'shape': (")
    path.write_bytes(content[:place] + b"('shape' \x9a" + content[place + 10 :])
    with pytest.raises(SceneError, match="not a readable") as caught:
        open_scene(path)
    assert "\n" not in str(caught.value)
