"""The page on the screen of a laptop: what is in sight, and what it says back."""

from pathlib import Path
from typing import Any

import pytest
from page_in_browser import NEEDS_BROWSER, Page

from hsidiff.scenes.synthetic import SyntheticScene
from hsidiff.viewer.jobs import Job
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

pytestmark = NEEDS_BROWSER


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768)])
def test_the_button_that_trains_and_how_far_it_is_are_in_sight(
    chromium: Any, session: Session, size: tuple[int, int]
) -> None:
    for name, at in (("Wood", (70, 70)), ("Water", (20, 20)), ("Meadow", (40, 60))):
        session.labels.add_point(session.labels.add_class(name), at)
    session.labels.remove_class(1)
    session.labels.remove_class(2)
    notes = ["a long note of what was left out, and of what to do about it " * 3] * 2
    session.jobs.current = Job(
        1, "train", "Map 1, spectraldiff", step="learn the scene", n_done=3, n_total=4,
        n_fits_done=1, n_fits=6, seconds_left=5.0, seconds_left_in_all=200.0, notes=notes,
    )  # fmt: skip
    with serving(session) as address:
        page = Page(chromium, address, size)
        page.tab.wait_for_selector("#job:not([hidden])")
        page.click(30, 30)
        page.tab.wait_for_selector("#spectrum svg")
        for part in ("#train", "#method", "#job-bar", "#job-text", "#stop"):
            box = page.tab.locator(part).bounding_box()
            assert box is not None, part
            assert box["y"] + box["height"] <= size[1], part
            assert box["x"] + box["width"] <= size[0], part
        page.tab.wait_for_selector(
            "text='Map 1, spectraldiff, fit 2 of 6: learn the scene 3 of 4, about 4 min left'"
        )
        # What is long is scrolled, not the window.
        assert page.tab.evaluate("document.documentElement.scrollHeight") == size[1]
        assert page.faults == []


@pytest.mark.parametrize("size", [(400, 800), (360, 640), (667, 375)])
def test_on_a_telephone_tools_lie_on_the_scene_and_leave_the_panel_free(
    chromium: Any, session: Session, size: tuple[int, int]
) -> None:
    with serving(session) as address:
        page = Page(chromium, address, size)
        scene, panel, tools = (
            page.tab.locator(part).bounding_box() for part in ("#map", "aside", "#tools")
        )
        assert min(scene["width"], scene["height"]) >= 240
        assert min(panel["width"], panel["height"]) >= 240
        assert scene["x"] <= tools["x"]
        assert tools["x"] + tools["width"] <= scene["x"] + scene["width"]
        assert tools["y"] + tools["height"] <= scene["y"] + scene["height"] / 2
        lies_beside = panel["x"] >= scene["x"] + scene["width"]
        assert lies_beside or panel["y"] >= scene["y"] + scene["height"]
        assert page.tab.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        ) == list(size)
        page.tab.click("#tools button:has-text('Point')")
        page.click(60, 50)
        page.wait_for_counts("1 px", "0 px")
        page.tab.wait_for_selector("#train:not([disabled])")
        page.tab.locator("#train").scroll_into_view_if_needed()
        assert page.tab.is_visible("#train")
        assert page.faults == []


def test_the_pixel_whose_spectrum_is_shown_is_marked(chromium: Any, session: Session) -> None:
    with serving(session) as address:
        page = Page(chromium, address)
        page.click(40, 50)
        page.tab.wait_for_function(
            """() => String(hsidiffMap.getLayers().getArray()
              .filter((layer) => layer.getVisible() && layer.getZIndex() === 13)
              .flatMap((layer) => layer.getSource().getFeatures())
              .map((feature) => feature.getGeometry().getCoordinates())) === '50.5,-40.5'"""
        )


def test_own_bands_are_offered_when_they_are_chosen(chromium: Any, session: Session) -> None:
    with serving(session) as address:
        page = Page(chromium, address)
        page.tab.wait_for_selector("#choice option", state="attached")
        assert "nm)" in (page.tab.text_content("#choice option") or "")
        assert not page.tab.is_visible("#red")
        page.tab.select_option("#choice", "Own bands")
        with page.tab.expect_response("**/overview.png?bands=7,**"):
            page.tab.select_option("#red", "7")
        assert page.faults == []


def test_a_name_that_is_refused_goes_and_the_keyboard_stays_where_it_was(
    chromium: Any, session: Session
) -> None:
    with serving(session) as address:
        page = Page(chromium, address)
        name = page.tab.locator('#classes li:nth-child(2) input[type="text"]')
        name.fill("Water")
        with page.saved():
            page.tab.keyboard.press("Tab")
        page.tab.wait_for_selector("[aria-label='Remove Water']")
        page.tab.wait_for_function(
            "() => document.activeElement.getAttribute('aria-label') === 'Remove Water'"
        )
        assert page.faults == []
        name.fill("class 1")
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector("text=/'class 1' exists already/")
        page.tab.wait_for_function(
            """() => document.querySelector('#classes li:nth-child(2) input[type="text"]').value
              === 'Water'"""
        )


def test_a_page_whose_viewer_has_ended_says_what_to_do(
    chromium: Any, embedded: tuple[SyntheticScene, Path], tmp_path: Path
) -> None:
    source, folder = SceneSource(embedded[1]), tmp_path / "view"
    session = Session(source, folder)
    with serving(session) as address:
        page = Page(chromium, address)
        page.tab.keyboard.press("p")
        page.click(10, 60)
        page.wait_for_counts("1 px", "0 px")
    page.tab.wait_for_selector("text=/start it again and open its new address/")
    with serving(Session(source, folder)) as address:
        again = Page(chromium, address)
        again.wait_for_counts("1 px", "0 px")
        again.tab.wait_for_selector("text='labels saved'")
        assert again.faults == []


def test_a_switch_is_not_put_back_by_what_was_said_before_it_was_answered(
    chromium: Any, session: Session
) -> None:
    with serving(session) as address:
        page = Page(chromium, address)
        page.tab.wait_for_selector("#train:not([disabled])")
        held: list[Any] = []
        page.tab.route("**/api/live", lambda route: held.append(route))  # noqa: PLW0108
        page.tab.click("#live")
        session.labels.add_point(1, (3.5, 3.5))  # so that the page is told of a state
        page.wait_for_counts("1 px", "0 px")
        assert page.tab.is_checked("#live")
        while not held:
            page.tab.wait_for_timeout(20)
        held[0].fulfill(status=422, json={"error": "a job is running"})
        page.tab.wait_for_selector("text='a job is running'")
        page.tab.wait_for_function("() => !document.querySelector('#live').checked")
