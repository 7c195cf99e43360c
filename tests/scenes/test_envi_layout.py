"""Header fields that say where the numbers lie, and files that lie elsewhere than they say."""

import gzip

import numpy as np
import pytest
from fake_files import ENVI_ORDERS, cube, write_envi
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.errors import HsidiffWarning, MissingFileError, SceneError
from hsidiff.scenes.formats.envi import EnviSource
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window


def framed(values, interleave, major, minor):
    """The bytes of an ENVI file with filler around each frame, laid one after the other."""
    content = b""
    for frame in values.transpose(ENVI_ORDERS[interleave]):
        content += b"\x7f" * major[0]
        for part in frame:
            content += b"\x7f" * minor[0] + np.ascontiguousarray(part).tobytes()
            content += b"\x7f" * minor[1]
        content += b"\x7f" * major[1]
    return content


def write_framed(path, values, interleave, major, minor, compress=False):
    write_envi(
        path,
        values,
        interleave,
        compression=int(compress),
        major_frame_offsets=f"{{{major[0]}, {major[1]}}}",
        minor_frame_offsets=f"{{{minor[0]}, {minor[1]}}}",
    )
    content = framed(values, interleave, major, minor)
    path.write_bytes(gzip.compress(content) if compress else content)
    return path


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("interleave", sorted(ENVI_ORDERS))
@pytest.mark.parametrize(
    ("major", "minor"),
    [((16, 8), (0, 0)), ((0, 0), (4, 0)), ((3, 0), (1, 2)), ((0, 0), (0, 0))],
)
def test_bytes_around_frames_are_skipped(tmp_path, interleave, major, minor, compress):
    values = cube()
    path = write_framed(tmp_path / "a.img", values, interleave, major, minor, compress)
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), values)
    np.testing.assert_array_equal(scene.read(Window(1, 2, 3, 4)), values[1:4, 2:6])


offsets = st.tuples(st.integers(0, 5), st.integers(0, 5))


@settings(max_examples=60)
@given(
    interleave=st.sampled_from(sorted(ENVI_ORDERS)),
    major=offsets,
    minor=offsets,
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
)
def test_any_offsets_of_any_layout_equal_the_array(
    tmp_path_factory, interleave, major, minor, shape
):
    values = cube(shape)
    path = tmp_path_factory.mktemp("frames") / "a.img"
    path.write_bytes(framed(values, interleave, major, minor))
    source = EnviSource(path, interleave, shape, values.dtype, 0, "none", major, minor)
    source.check_size()
    whole = source.read(Window.whole(shape[:2]), np.arange(shape[2]))
    np.testing.assert_array_equal(whole, values)


def test_a_file_without_the_bytes_that_its_header_says_lie_around_frames_is_refused(tmp_path):
    write_envi(tmp_path / "a.img", cube(), major_frame_offsets="{16, 8}")
    with pytest.raises(SceneError, match="correct 'major frame offsets'"):
        open_scene(tmp_path / "a.img")


@pytest.mark.parametrize("text", ["{16}", "{-1, 0}", "{1.5, 0}", "{1, 2, 3}"])
def test_offsets_that_are_not_two_whole_numbers_are_refused(tmp_path, text):
    write_envi(tmp_path / "a.img", cube(), minor_frame_offsets=text)
    with pytest.raises(SceneError, match=r"'minor frame offsets = .*two whole numbers of bytes"):
        open_scene(tmp_path / "a.img")


def test_bytes_that_the_header_does_not_speak_of_are_noted(tmp_path):
    path = write_envi(tmp_path / "a.img", cube())
    path.write_bytes(bytes(512) + path.read_bytes())
    with pytest.warns(HsidiffWarning, match=r"holds 932 bytes, its header promises 420.*offset"):
        open_scene(path)


@pytest.mark.parametrize("field", ["byte order", "file compression"])
def test_a_choice_that_does_not_exist_is_refused(tmp_path, field):
    path = write_envi(tmp_path / "a.img", cube(), compression=1)
    header = tmp_path / "a.hdr"
    lines = [f"{field} = 2" if x.startswith(field) else x for x in header.read_text().splitlines()]
    header.write_text("\n".join(lines))
    with pytest.raises(SceneError, match=f"'{field} = 2' must be 0 or 1"):
        open_scene(path)


def test_compression_that_the_header_does_not_speak_of_is_named(tmp_path):
    path = write_envi(tmp_path / "a.img", np.zeros((50, 70, 60), np.uint8))
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(SceneError, match="it is compressed: unpack it, or say 'file compression"):
        open_scene(path)


@pytest.mark.parametrize("kind", ["ENVI Spectral Library", "ENVI Meta File"])
def test_a_header_of_no_image_is_refused(tmp_path, kind):
    path = write_envi(tmp_path / "a.img", cube(), file_type=kind)
    with pytest.raises(SceneError, match=f"'file type = {kind}' is no image"):
        open_scene(path)


@pytest.mark.parametrize(
    ("begin", "name"), [(b"EHFA_HEADER_TAG\0", "ERDAS Imagine"), (b"II*\0", "TIFF")]
)
def test_a_header_beside_a_file_of_another_format_does_not_make_it_bare_numbers(
    tmp_path, begin, name
):
    path = write_envi(tmp_path / "a.img", cube())
    path.write_bytes(begin + path.read_bytes()[len(begin) :])
    with pytest.raises(SceneError, match=f"a.img is a file of {name}, not the bare numbers"):
        open_scene(path)


@pytest.mark.parametrize("fields", [{"x_start": "101", "y_start": "7"}, {"sensor_type": "CASI"}])
def test_where_a_part_was_cut_from_moves_neither_numbers_nor_map(tmp_path, fields):
    info = "{UTM, 1, 1, 364095, 5809965, 30, 30, 33, North, WGS-84}"
    scene = open_scene(write_envi(tmp_path / "a.img", cube(), map_info=info, **fields))
    np.testing.assert_array_equal(scene.read(), cube())
    assert (scene.transform.c, scene.transform.f) == (364095, 5809965)


@pytest.mark.parametrize("pixel", ["1, 1, 364095, 5809965", "1.5, 1.5, 364110, 5809950"])
def test_the_reference_pixel_of_map_info_counts_from_1_at_the_corner(tmp_path, pixel):
    info = f"{{UTM, {pixel}, 30, 30, 33, North, WGS-84}}"
    scene = open_scene(write_envi(tmp_path / "a.img", cube(), map_info=info))
    assert (scene.transform.c, scene.transform.f) == (364095, 5809965)


# -- which file belongs to which -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "header"),
    [
        ("scene.dat", "scene.Hdr"),
        ("scene.dat", "SCENE.HDR"),
        ("Scene.DAT", "scene.hdr"),
        ("scene.img", "scene.img.Hdr"),
        ("flight.cc.dc_g.pix", "flight.cc.dc_g.pix.hdr"),
        ("scene", "scene.HDR"),
    ],
)
def test_header_and_numbers_are_a_pair_in_any_case(tmp_path, data, header):
    write_envi(tmp_path / data, cube(), header_path=tmp_path / header)
    for name in (data, header):
        scene = open_scene(tmp_path / name)
        np.testing.assert_array_equal(scene.read(), cube())
        assert [path.name for path in scene.files] == [data, header]


@pytest.mark.parametrize("name", ["flight.cc.dc_g.pix", "flight.cc.dc_g.pix.hdr"])
def test_an_airborne_file_of_another_program_is_read_by_its_header(tmp_path, name):
    write_envi(
        tmp_path / "flight.cc.dc_g.pix",
        cube(dtype="uint16"),
        "bip",
        byte_order=1,
        header_offset=82432,
        header_path=tmp_path / "flight.cc.dc_g.pix.hdr",
        file_type="PCI",
        read_procedures="{pci_read_spatial, pci_read_spectral}",
        map_info="{ UTM, 1, 1, 321711.200, 5561737.600,    0.80,    0.80, 33, North, WGS-84 }",
        pixel_size="{   0.800,    0.800, units=meters }",
    )
    scene = open_scene(tmp_path / name)
    np.testing.assert_array_equal(scene.read(), cube())
    assert scene.crs.to_epsg() == 32633
    assert tuple(scene.transform)[:6] == pytest.approx((0.8, 0, 321711.2, 0, -0.8, 5561737.6))


def test_of_several_files_that_a_header_may_speak_of_none_is_guessed(tmp_path):
    write_envi(tmp_path / "a.bsq", cube())
    write_envi(tmp_path / "a.dat", cube() + 1)
    with pytest.raises(SceneError, match=r"may be the header of a\.bsq, a\.dat: name the file"):
        open_scene(tmp_path / "a.hdr")
    write_envi(tmp_path / "a.dat", cube() + 1, header_path=tmp_path / "a.dat.hdr")
    np.testing.assert_array_equal(open_scene(tmp_path / "a.hdr").read(), cube())


def test_a_header_without_numbers_says_so(tmp_path):
    write_envi(tmp_path / "a.bsq", cube()).unlink()
    with pytest.raises(MissingFileError, match=r"such as a\.bsq, lies beside"):
        open_scene(tmp_path / "a.hdr")


# -- the text of a header --------------------------------------------------------------------------

WAVELENGTHS = [400, 500, 600, 700, 800, 900]
LISTED = ", ".join(map(str, WAVELENGTHS))


def rewrite(path, change, encoding="utf-8", mark=b""):
    header = path.with_suffix(".hdr")
    header.write_bytes(mark + change(header.read_text()).encode(encoding))
    return open_scene(path)


@pytest.mark.parametrize(
    "field",
    [
        f"wavelength =\n{{{LISTED}}}",
        f"wavelength = \n\n {{\n {LISTED} }}",
        f"WaveLength\t=\t{{ {LISTED}\n}}",
        f"; a comment = {{\nwavelength = {{\n; in the middle }}\n{LISTED}}}",
        "wavelength = {400 500 600\n700 800 900}",
        f"wavelength units =\nwavelength = {{{LISTED}}}",
    ],
)
def test_a_list_is_read_wherever_its_brace_stands(tmp_path, field):
    path = write_envi(tmp_path / "a.img", cube())
    scene = rewrite(path, lambda text: text + field + "\nsensor type = x\n")
    np.testing.assert_array_equal(scene.wavelengths_nm, WAVELENGTHS)
    np.testing.assert_array_equal(scene.read(), cube())


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("latin-1", b""),
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_micrometres_are_understood_in_any_encoding(tmp_path, encoding, mark, newline):
    path = write_envi(tmp_path / "a.img", cube())
    numbers = ", ".join(str(number / 1000) for number in WAVELENGTHS)
    field = f"wavelength units = µm\nwavelength = {{{numbers}}}\n"
    scene = rewrite(path, lambda text: (text + field).replace("\n", newline), encoding, mark)
    np.testing.assert_allclose(scene.wavelengths_nm, WAVELENGTHS)


@pytest.mark.parametrize(
    ("first", "second"),
    [("header offset = 0", "header offset = 4"), ("wavelength = {1}", "Wavelength = {2}")],
)
def test_a_field_that_stands_twice_with_other_values_is_refused(tmp_path, first, second):
    path = write_envi(tmp_path / "a.img", cube())
    rewrite(path, lambda text: f"{text}bands =  6\nbands = 6\n")
    name = first.split(" =")[0]
    with pytest.raises(SceneError, match=f"'{name}' stands in it twice"):
        rewrite(path, lambda text: f"{text}{first}\n{second}\n")


def test_a_list_without_an_end_is_refused(tmp_path):
    path = write_envi(tmp_path / "a.img", cube())
    with pytest.raises(SceneError, match="the list of 'bbl' has no end"):
        rewrite(path, lambda text: f"{text}bbl = {{1, 1, 1,\n1, 1, 1")


def test_offset_and_gain_of_each_band_are_used_together(tmp_path):
    gains, offsets_ = [0.1 * i for i in range(1, 7)], [float(i) for i in range(6)]
    path = write_envi(
        tmp_path / "a.img",
        cube(),
        data_gain_values=f"{{{', '.join(map(str, gains))}}}",
        data_offset_values=f"{{{', '.join(map(str, offsets_))}}}",
        reflectance_scale_factor="10000",
    )
    expected = cube() * np.array(gains) + np.array(offsets_)
    np.testing.assert_allclose(open_scene(path).read(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [("Micrometers", WAVELENGTHS), ("Nanometers", [0.4, 0.5, 0.6]), (None, [1, 2, 150])],
)
def test_wavelengths_that_would_be_no_light_are_ignored_with_a_note(tmp_path, unit, numbers):
    values = cube((5, 7, len(numbers)))
    fields = {} if unit is None else {"wavelength_units": unit}
    path = write_envi(tmp_path / "a.img", values, wavelength=f"{{{str(numbers)[1:-1]}}}", **fields)
    with pytest.warns(HsidiffWarning, match="would be no light: correct the numbers or their unit"):
        assert open_scene(path).wavelengths_nm is None
