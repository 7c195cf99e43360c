"""EnMAP L2A: metadata, background, quality layers; folders and archives of it and of DESIS."""

import pickle
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
from fake_files import TRANSFORM, UTM_33N, listing, write_geotiff
from fake_products import ENMAP_NAME, enmap_xml, write_enmap

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

CUBE = np.random.default_rng(0).integers(1, 5000, (5, 7, 6)).astype("i2")
EXPECTED = CUBE * 1e-4 + 0.01
CLOUD = np.zeros((5, 7), "u1")
CLOUD[2, 3] = 1


def check(scene, n_bands=6):
    np.testing.assert_allclose(scene.read(), EXPECTED[..., :n_bands], rtol=1e-5)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(420, 2440, 6), atol=1e-3)
    np.testing.assert_array_equal(scene.fwhm_nm, np.full(6, 7.5))
    assert scene.crs.to_epsg() == UTM_33N
    assert scene.transform == TRANSFORM


@pytest.mark.parametrize(
    ("prefix", "image", "metadata"),
    [
        (ENMAP_NAME + "-", "SPECTRAL_IMAGE.TIF", "METADATA.XML"),
        (ENMAP_NAME + "-", "SPECTRAL_IMAGE_COG.TIF", "METADATA.xml"),
        (ENMAP_NAME + "-", "SPECTRAL_IMAGE_COG.tiff", "METADATA.XML"),
        ("", "SPECTRAL_IMAGE.TIF", "METADATA.XML"),
        ("enmap01-", "spectral_image.tif", "metadata.xml"),
    ],
)
def test_the_folder_the_image_and_the_metadata_are_one_scene(tmp_path, prefix, image, metadata):
    folder = write_enmap(tmp_path / "product", CUBE, prefix, image, metadata)
    for path in (folder, folder / (prefix + image), folder / (prefix + metadata)):
        scene = pickle.loads(pickle.dumps(open_scene(path)))
        check(scene)
        assert scene.name == (prefix.rstrip("-") or "product")
        assert set(scene.files) == {folder / (prefix + image), folder / (prefix + metadata)}


def test_a_folder_within_the_folder_is_looked_into(tmp_path):
    write_enmap(tmp_path / "order" / ENMAP_NAME, CUBE)
    check(open_scene(tmp_path / "order"))


def test_of_both_an_image_and_its_cog_the_image_is_read(tmp_path):
    folder = write_enmap(tmp_path, CUBE)
    write_geotiff(folder / f"{ENMAP_NAME}-SPECTRAL_IMAGE_COG.TIF", 2 * CUBE)
    check(open_scene(folder))


def test_empty_bands_are_those_of_the_statistics(tmp_path):
    cube = CUBE.copy()
    cube[..., [2, 3]] = -32768
    scene = open_scene(write_enmap(tmp_path, cube, xml=enmap_xml(6, empty=[3, 4])))
    assert scene.band_indices.tolist() == [0, 1, 4, 5]
    assert scene.notes == ("bands left out, without value by the metadata: 3, 4",)
    assert np.isfinite(scene.read()).all()


@pytest.mark.parametrize("nodata", [0, None])
def test_a_background_of_0_is_0_in_all_bands(tmp_path, nodata):
    cube = CUBE.copy()
    cube[0, 0] = 0
    cube[1, 1, 2] = 0
    folder = write_enmap(tmp_path, cube, xml=enmap_xml(6, background=0), nodata=nodata)
    scene = open_scene(folder)
    assert np.argwhere(np.isnan(scene.read()[..., 0])).tolist() == [[0, 0]]
    # Also where only the band is asked for that is 0 in a pixel with values.
    one = scene.without_bands([1, 2, 4, 5, 6]).read()
    assert np.argwhere(np.isnan(one[..., 0])).tolist() == [[0, 0]]


def test_a_background_that_the_image_does_not_state_is_no_value(tmp_path):
    cube = CUBE.copy()
    cube[0, 0] = -32768
    scene = open_scene(write_enmap(tmp_path, cube, nodata=None))
    assert np.argwhere(np.isnan(scene.read()[..., 0])).tolist() == [[0, 0]]


def test_quality_layers_hide_pixels(tmp_path):
    haze = np.full((5, 7), 255, "u1")
    haze[0, :] = 0
    haze[0, 6] = 1
    folder = write_enmap(tmp_path, CUBE, CLOUD=CLOUD, HAZE=haze, SNOW=np.ones((5, 7)))
    with pytest.warns(
        HsidiffWarning, match=r"hide 2 of 35 pixels \(cloud 1, haze 1\): apply_masks"
    ):
        scene = open_scene(folder)
    hidden = np.argwhere(np.isnan(scene.read()[..., 0])).tolist()
    assert hidden == [[0, 6], [2, 3]]
    window = Window(2, 2, 2, 4)
    np.testing.assert_array_equal(scene.read(window), scene.read()[window.slices])
    assert len(scene.files) == 4
    check(open_scene(folder, apply_masks=False))


def test_a_quality_layer_of_another_size_is_refused(tmp_path):
    folder = write_enmap(tmp_path, CUBE, CLOUD=CLOUD[:3])
    with pytest.raises(SceneError, match="is of another product: remove it"):
        open_scene(folder)


def test_only_the_expected_channels_of_more_count(tmp_path):
    lists = "".join(
        f"<{detector}ProductQuality><expectedChannelsList>{numbers}</expectedChannelsList>"
        f"</{detector}ProductQuality>"
        for detector, numbers in (("vnir", "2,3,4"), ("swir", "5, 6,8"))
    )
    xml = enmap_xml(8).replace("<specific>", "<specific>" + lists)
    scene = open_scene(write_enmap(tmp_path, CUBE, xml=xml))
    np.testing.assert_allclose(
        scene.wavelengths_nm, np.linspace(420, 2440, 8)[[1, 2, 3, 4, 5, 7]], atol=1e-3
    )


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (enmap_xml(8), "speaks of 8 bands, the image has 6"),
        (enmap_xml(6)[:-30], "is broken"),
        (enmap_xml(6, gain="abc"), "holds no numbers where it should"),
        (enmap_xml(6, gain="nan"), "GainOfBand is nan"),
    ],
)
def test_wrong_metadata_are_refused(tmp_path, xml, message):
    with pytest.raises(SceneError, match=message):
        open_scene(write_enmap(tmp_path, CUBE, xml=xml))


def test_a_gain_that_is_absent_is_that_of_the_product(tmp_path):
    xml = enmap_xml(6).replace("<GainOfBand>0.0001</GainOfBand>", "")
    check(open_scene(write_enmap(tmp_path, CUBE, xml=xml)))


def test_an_image_without_metadata_is_a_geotiff_with_a_note(tmp_path):
    folder = write_enmap(tmp_path, CUBE)
    (folder / f"{ENMAP_NAME}-METADATA.XML").unlink()
    image = next(folder.glob("*SPECTRAL_IMAGE*"))
    for named in (folder, image):
        with pytest.warns(HsidiffWarning, match="METADATA.XML .* is not beside it, so wavelengths"):
            scene = open_scene(named)
        np.testing.assert_array_equal(scene.read(), CUBE)


def test_files_that_macos_laid_beside_others_are_none(tmp_path):
    folder = write_enmap(tmp_path / "a", CUBE)
    for path in sorted(folder.iterdir()):
        (folder / f"._{path.name}").write_bytes(b"\0\5\26\7")
    check(open_scene(folder))
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.iterdir()):
            hidden = path.name.startswith("._")
            file.write(path, ("__MACOSX/" if hidden else "") + path.name)
    check(open_scene(archive))
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        file.add(archive, "a.zip")
        file.add(next(folder.glob("._*IMAGE*")), "._image-SPECTRAL_IMAGE.TIF")
    check(open_scene(tmp_path / "a.tar.gz"))


def zipped(folder, path, inner=ENMAP_NAME, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{inner}/{file.name}" if inner else file.name)
    return path


@pytest.mark.parametrize("inner", ["", ENMAP_NAME])
def test_a_zip_is_read_without_unpacking(tmp_path, inner):
    path = zipped(write_enmap(tmp_path / "a", CUBE), tmp_path / "enmap l2a.zip", inner)
    before = listing(tmp_path)
    scene = pickle.loads(pickle.dumps(open_scene(path)))
    check(scene)
    assert scene.files == (path,)
    assert scene.sha256()
    assert listing(tmp_path) == before


@pytest.mark.parametrize("end", ["tar", "tar.gz", "tgz"])
@pytest.mark.parametrize("with_zip", [True, False])
def test_a_tar_of_a_zip_or_of_the_files_is_read(tmp_path, end, with_zip):
    folder = write_enmap(tmp_path / "a", CUBE, CLOUD=CLOUD)
    inside = zipped(folder, tmp_path / f"{ENMAP_NAME}.ZIP") if with_zip else folder
    path = tmp_path / f"dims_op_oc.{end}"
    with tarfile.open(path, "w:gz" if "gz" in end else "w") as archive:
        archive.add(inside, f"order/{inside.name}")
    before = listing(tmp_path)
    check(open_scene(path, apply_masks=False))
    with pytest.warns(HsidiffWarning, match="hide 1 of 35"):
        open_scene(path)
    assert listing(tmp_path) == before


def test_several_products_are_listed(tmp_path):
    for name in ("A", "B"):
        zipped(
            write_enmap(tmp_path / name, CUBE, prefix=f"{name}-"), tmp_path / f"{name}.zip", name
        )
    path = tmp_path / "both.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("A.zip", "B.zip"):
            archive.add(tmp_path / name, name)
    with pytest.raises(SceneError, match="holds several products: A/A-, B/B-: unpack it"):
        open_scene(path)
    with pytest.raises(SceneError, match="several products: A/A-, B/B-: name the folder of one"):
        open_scene(tmp_path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_a_truncated_archive_is_one_line(tmp_path, name):
    folder = write_enmap(tmp_path / "a", CUBE)
    if name == "a.zip":
        zipped(folder, tmp_path / name)
    else:
        with tarfile.open(tmp_path / name, "w:gz" if "gz" in name else "w") as archive:
            archive.add(folder, "a")
    with (tmp_path / name).open("rb+") as stream:
        stream.truncate((tmp_path / name).stat().st_size // 3)
    with pytest.raises(SceneError) as error:
        open_scene(tmp_path / name)
    assert "\n" not in str(error.value)


def test_metadata_that_are_broken_in_the_archive_are_one_line(tmp_path):
    path = zipped(write_enmap(tmp_path / "a", CUBE), tmp_path / "a.zip", compression=0)
    content = bytearray(path.read_bytes())
    content[content.index(b"<wavelengthCenter") + 3] ^= 1  # the sum of its bytes is another now
    path.write_bytes(content)
    with pytest.raises(SceneError, match=r"METADATA.XML cannot be read \(Bad CRC"):
        open_scene(path)


def test_an_archive_of_something_else_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    write_geotiff(tmp_path / "a" / "scene.tif", CUBE)
    path = zipped(tmp_path / "a", tmp_path / "a.zip")
    with pytest.raises(SceneError, match="is an archive: unpack it"):
        open_scene(path)


def write_desis(folder):
    name = "DESIS-HSI-L2A-DT0000000001-SPECTRAL_IMAGE"
    folder.mkdir()
    write_geotiff(folder / f"{name}.tif", CUBE)
    lists = {
        "wavelength": np.linspace(400, 1000, 6), "fwhm": [3.5] * 6,
        "data gain values": [1e-4] * 6, "data offset values": [0.01] * 6,
    }  # fmt: skip
    text = "ENVI\nsamples = 7\nlines = 5\nbands = 6\nfile type = TIFF\ndata type = 2\n"
    text += "interleave = bsq\ndata ignore value = -32768\nwavelength units = nanometers\n"
    text += "".join(f"{key} = {{{', '.join(map(str, v))}}}\n" for key, v in lists.items())
    (folder / f"{name}.hdr").write_text(text)
    return folder


def test_desis_is_read_from_a_folder_its_files_and_a_zip(tmp_path):
    folder = write_desis(tmp_path / "a")
    path = zipped(folder, tmp_path / "a.zip")
    for source in (folder, *sorted(folder.iterdir()), path):
        scene = open_scene(source)
        np.testing.assert_allclose(scene.read(), EXPECTED, rtol=1e-5)
        np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(400, 1000, 6))
        assert scene.nodata == -32768
    shutil.rmtree(folder)
    assert open_scene(path).read().shape == (5, 7, 6)
