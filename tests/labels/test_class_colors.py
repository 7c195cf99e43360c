import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.labels.class_colors import _MEANINGS, class_colors, default_color
from hsidiff.labels.seen_colors import distances, seen
from hsidiff.scenes.benchmarks import BENCHMARKS

FAMILIES = {
    "water": ["Water", "Wasser", "lake", "River", "Open water"],
    "tree": ["trees", "Forest", "Woods", "Nadelwald", "Acacia woodlands", "Slash pine"],
    "grass": ["Grass-trees", "Meadows", "Wiese", "grassland", "GRASS", "Stressed grass"],
    "soil": ["Bare Soil", "soil", "Bare ground", "Soil_vinyard_develop", "Exposed soils"],
    "roof": ["roof", "Buildings-Grass-Trees-Drives", "Residential", "Gebäude", "Tiles"],
    "road": ["Asphalt", "Impervious", "Parking Lot 1", "roads"],
    "corn": ["Corn", "Corn-notill", "Mais"],
    "shadow": ["Shadows", "shadow"],
    "snow": ["snow", "Ice"],
    "wheat": ["Wheat", "barley"],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_names_of_one_meaning_have_one_colour_alone(family: str) -> None:
    (expected,) = class_colors([family])
    assert {name: class_colors([name])[0] for name in FAMILIES[family]} == dict.fromkeys(
        FAMILIES[family], expected
    )


def hue_is(color: str, channel: int) -> bool:
    return int(np.argmax(list(bytes.fromhex(color[1:])))) == channel


def test_water_is_blue_plants_are_green_and_soil_is_brown() -> None:
    water, tree, grass, soil = class_colors(["water", "tree", "grass", "soil"])
    assert hue_is(water, 2)
    assert hue_is(tree, 1)
    assert hue_is(grass, 1)
    red, green, blue = bytes.fromhex(soil[1:])
    assert red > green > blue


@pytest.mark.parametrize(
    "rest",
    ["not water", "Non-water", "no water", "nonwater", "kein Wasser", "sans eau", "other", "Rest",
     "background", "absence", "no"],
)  # fmt: skip
def test_what_is_left_of_a_map_of_two_classes_is_grey(rest: str) -> None:
    water, left = class_colors(["water", rest])
    assert hue_is(water, 2)
    assert len({*bytes.fromhex(left[1:])}) == 1


@pytest.mark.parametrize("name", ["no till corn", "other corn", "Corn-notill"])
def test_a_word_of_what_is_left_takes_no_meaning_away(name: str) -> None:
    assert class_colors([name]) == class_colors(["corn"])


@pytest.mark.parametrize("name", ["Non-irrigated arable land", "Non irrigated arable land"])
def test_what_is_not_irrigated_is_still_arable_land(name: str) -> None:
    assert class_colors([name]) == class_colors(["arable land"])


def test_green_is_green_and_nonsense_means_nothing() -> None:
    assert hue_is(class_colors(["green"])[0], 1)
    assert class_colors(["nonsense"]) == class_colors(["xyz"])


# A second way to compute what a deuteranope sees: Vienot, Brettel and Mollon (1999), Color Research
# and Application 24, 243-252, through cones; CIE Lab by formulas of B. Lindbloom.


def lab_of_deuteranope(color: str) -> np.ndarray:
    stored = np.array(list(bytes.fromhex(color[1:]))) / 255
    linear = ((stored + 0.055) / 1.055) ** 2.4
    cones = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714],
                      [0.0299566, 0.184309, 1.46709]])  # fmt: skip
    l, _, s = cones @ linear  # noqa: E741
    flat = np.linalg.solve(cones, [l, 0.494207 * l + 1.24827 * s, s]).clip(0, 1)
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]]) @ flat  # fmt: skip
    share = xyz / [0.95047, 1.0, 1.08883]
    f = np.where(share > 0.008856, np.cbrt(share), (903.3 * share + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def least_apart(colors: list[str]) -> float:
    labs = [lab_of_deuteranope(color) for color in colors]
    return min(float(np.linalg.norm(a - b)) for i, a in enumerate(labs) for b in labs[:i])


def test_first_colours_of_all_meanings_are_apart_for_deuteranopes() -> None:
    assert least_apart([shades[0] for _, shades in _MEANINGS]) > 12


@pytest.mark.parametrize("name", BENCHMARKS)
def test_classes_of_the_benchmarks_are_apart_for_deuteranopes(name: str) -> None:
    classes = BENCHMARKS[name].classes
    colors = class_colors([c.name for c in classes])
    assert len(set(colors)) == len(colors)
    assert least_apart(colors) > 5


def test_sixteen_classes_without_names_are_apart() -> None:
    colors = class_colors([f"class {i}" for i in range(1, 17)])
    apart = distances(seen(colors), seen(colors)) + np.diag([np.inf] * 16)
    assert apart.min() > 7


def test_seen_colours_are_cie_lab() -> None:
    # Values of http://www.brucelindbloom.com for sRGB and D65.
    usual = seen(["#ffffff", "#ff0000", "#336699"])[:, 0]
    np.testing.assert_allclose(
        usual, [(100, 0, 0), (53.24, 80.09, 67.20), (42.01, -0.15, -32.85)], atol=0.5
    )
    # Shades of grey look the same to everybody.
    np.testing.assert_allclose(np.ptp(seen(["#808080"])[0], axis=0), 0, atol=0.5)


def test_colours_that_are_given_stay_and_others_keep_away() -> None:
    colors = class_colors(["water", "tree"], {1: "#1b78e6"})
    assert colors[1] == "#1b78e6"
    assert distances(seen([colors[0]]), seen([colors[1]]))[0, 0] > 7


@given(st.lists(st.text(max_size=8), min_size=1, max_size=70))
def test_any_names_have_well_formed_colours(names: list[str]) -> None:
    colors = class_colors(names)
    assert len(colors) == len(names)
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    assert colors == class_colors(names)


def test_colours_of_many_classes_differ() -> None:
    for colors_of in (class_colors, partial(map, lambda name: default_color(int(name)))):
        assert len(set(colors_of([str(i) for i in range(60)]))) == 60
