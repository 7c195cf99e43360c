"""The page of an experiment stands alone, tells all that was run, and opens in a browser."""

import base64
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from pages import Page

from fake_experiment import ERROR, METHODS, SCENES, SPLITS, write_fake_experiment
from hsidiff.amounts import in_pieces
from hsidiff.errors import MissingFileError
from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.experiment.folder import ExperimentFolder, cell_folder
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.report.blocks import Block, Bold, render_page
from hsidiff.report.drawing import Drawing, new_figure
from hsidiff.report.experiment_page import Gallery, best_in_words, write_experiment_report
from hsidiff.report.provenance import experiment_provenance
from hsidiff.report.report_files import files_in, write_report_files
from hsidiff.report.seed_means import SeedMean
from hsidiff.report.tables.score_tables import summary_table
from hsidiff.report.tables.table import Table, columns

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The experiment and the folder of its report."""
    folder = write_fake_experiment(tmp_path_factory.mktemp("experiment") / "six & <b>")
    out = tmp_path_factory.mktemp("report")
    (out / "notes.txt").write_text("kept", encoding="utf-8")
    experiment = ExperimentFolder.read(folder)
    assert write_experiment_report(experiment, out)[0] == out / "report.html"
    return experiment, out


@pytest.fixture(scope="module")
def page(written):
    return Page(written[1] / "report.html")


def test_reports_are_made_without_pytorch():
    code = "import sys; import hsidiff.report.experiment_page, hsidiff.report.map_page, "
    code += "hsidiff.report.reconstruction; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_page_is_well_formed_and_no_name_acts_as_html(page):
    assert page.open_tags == []
    assert "Experiment six & <b>" in page.text
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}


def test_every_picture_is_inside_the_page_and_has_a_text_alternative(page):
    assert not page.all("svg")
    pictures = page.all("img")
    # Scores and seconds per scene; maps, errors and confidence for each scene and split.
    assert len(pictures) == len(SCENES) * (2 + len(SPLITS) * 3)
    matrices = [table for table in page.all("table") if "matrix" in table["class"].split()]
    assert len(matrices) == len(SCENES) * len(SPLITS) * (len(METHODS) + 1)
    for picture in pictures:
        assert re.match(r"data:image/(png|svg\+xml);base64,", picture["src"])
        base64.b64decode(picture["src"].split(",")[1], validate=True)
        assert len(picture["alt"]) > 60
        assert re.search(r"\d", picture["alt"])
    assert len({picture["alt"] for picture in pictures}) == len(pictures)


def test_the_page_needs_no_network(page):
    without_pictures = re.sub(r"base64,[^\"]*", "", page.source.lower())
    assert not re.search(r"https?:|//|@import|url\(", without_pictures)
    for attributes in page.all("a"):
        assert attributes["href"].startswith("#")


def test_the_contents_lead_to_every_section(page):
    places = [attributes["id"] for attributes in page.all("section") if "id" in attributes]
    assert len(places) == len(set(places))
    assert [f"#{place}" for place in places] == [link["href"] for link in page.all("a")]
    for scene in SCENES:
        for split in SPLITS:
            assert f"{scene}, {split}: maps, classes, pairs" in page.text


def test_pictures_are_files_too_and_the_same_ones(written, page):
    files = sorted((written[1] / "figures").iterdir())
    embedded = {base64.b64decode(p["src"].split(",")[1]) for p in page.all("img")}
    assert {file.read_bytes() for file in files} == embedded
    assert "maps-field_a-random-10pct.png" in [file.name for file in files]
    assert "accuracy-indian-pines.svg" in [file.name for file in files]


def test_the_folder_of_a_report_holds_page_tables_pictures_and_their_list(written):
    others = [item.name for item in written[1].iterdir() if item.suffix not in (".csv", ".tex")]
    assert sorted(others) == [
        "figures",
        "notes.txt",
        "report-files.json",
        "report.html",
        "tables.md",
    ]


def test_tables_hold_the_numbers_of_the_tables(written, page):
    for scene in SCENES:
        for row in summary_table(written[0], scene).rows:
            for text in row:
                assert in_pieces(text) in page.text


def test_a_failed_cell_is_listed_with_its_message(page):
    assert ERROR in page.text
    assert "1 without scores" in page.text


def test_the_end_says_where_the_numbers_come_from(written, page):
    end = page.text[page.text.rindex("Where these numbers come from") :]
    for cell in written[0].cells:
        if cell.done:
            assert cell.result["split"]["sha256"] in end
    assert "hsidiff 0.0" in end
    assert "n_cpus 2" in end
    assert "seeds = [0, 1, 2]" in end


def test_folders_of_other_people_are_not_told(written):
    about = {**written[0].about}
    scene = {**about["scenes"]["field_a"], "path": "/home/somebody/field.mat"}
    about["scenes"] = {**about["scenes"], "field_a": scene}
    source = str(experiment_provenance(replace(written[0], about=about)))
    assert "field.mat" in source
    assert "somebody" not in source


def test_the_first_words_set_the_best_method_against_position(page):
    short = page.text[page.text.index("In short", page.text.index("In short") + 1) :]
    assert "indian-pines, random-10%: " in short
    assert "reaches 95.6\N{NO-BREAK SPACE}%: 0 of 2 methods do better" in short


def test_an_experiment_without_any_score_still_makes_a_page(tmp_path):
    folder = write_fake_experiment(tmp_path / "failed")
    for path in (folder / "cells").glob("*/*/*/*/result.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(result | {"status": "failed", "error": "no <luck>"}))
    out, *_ = write_experiment_report(ExperimentFolder.read(folder), tmp_path / "out")
    page = Page(out)
    assert "no <luck>" in page.text
    assert page.all("img") == []


def test_an_experiment_without_any_cell_is_refused(tmp_path):
    folder = write_fake_experiment(tmp_path / "empty")
    shutil.rmtree(folder / "cells")
    with pytest.raises(MissingFileError, match="no cell has a result yet"):
        write_experiment_report(ExperimentFolder.read(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("blank_charts")
def test_a_missing_map_leaves_an_older_report_as_it_was(tmp_path):
    folder = write_fake_experiment(tmp_path / "experiment")
    out = tmp_path / "out"
    with write_report_files(out) as new:
        (new / "tables.md").write_text("old", encoding="utf-8")
    (cell_folder(folder, "field_a", "blocks-30", "svm", 0) / "map.npz").unlink()
    with pytest.raises(MissingFileError, match=r"map\.npz"):
        write_experiment_report(ExperimentFolder.read(folder), out, pairs={})
    assert files_in(out) == ["report-files.json", "tables.md"]
    assert (out / "tables.md").read_text(encoding="utf-8") == "old"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["experiment", "out"]


@pytest.mark.usefixtures("blank_charts")
def test_a_scene_that_left_the_experiment_leaves_its_report_too(tmp_path):
    folder = write_fake_experiment(tmp_path / "experiment")
    about = folder / "experiment.json"
    out = tmp_path / "out"

    def tell_and_report(content):
        about.write_text(json.dumps(content), encoding="utf-8")
        write_experiment_report(ExperimentFolder.read(folder), out, pairs={})
        return {name for name in files_in(out) if "field" in name}

    both = json.loads(about.read_text(encoding="utf-8"))
    both["splits"] = {"blocks-30": both["splits"]["blocks-30"]}
    one = {**both, "scenes": {"indian-pines": both["scenes"]["indian-pines"]}}
    of_field = {"figures/maps-field_a-blocks-30.png", "scores-field-a-blocks-30.csv"}
    assert tell_and_report(both) >= of_field
    (out / "figures" / "my field.png").write_bytes(b"mine")
    assert tell_and_report(one) == {"figures/my field.png"}


def test_two_drawings_of_one_name_become_two_files(tmp_path):
    gallery = Gallery(tmp_path / "figures")
    gallery.add(Drawing("same", new_figure(1, 1), words, "caption") for words in ("a", "b"))
    assert sorted(file.name for file in gallery.path.iterdir()) == ["same-2.svg", "same.svg"]
    assert gallery.add([None]) == []


def test_texts_of_a_table_are_escaped_and_the_best_is_bold(tmp_path):
    rows = (("<a>", Bold("1 [&]")), ("b", "2"))
    table = Table("t", "title &", columns(["m <"], ["n"]), rows, notes=("note <",), rule_before=1)
    path = tmp_path / "page.html"
    source = render_page("p", "", [Block("table", table)], [], "")
    path.write_text(source, encoding="utf-8")
    page = Page(path)
    for text in ("title &", "m <", "<a>", "1 [&]", "note <"):
        assert text in page.text
    assert '<td class="number"><b>1 [&amp;]</b></td>' in source
    assert source.count('<tr class="ruled">') == 1
    assert '<tr class="ruled"><th scope="row" class="short">b</th>' in source.replace("\n", "")
    assert 'tabindex="0" role="region" aria-label="Table: title &amp;"' in source


@pytest.fixture(scope="module")
def browser():
    measured = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if measured is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    return measured


PROBE = """<script>
addEventListener("load", () => {
  const pictures = [...document.images];
  document.title = JSON.stringify({
    pictures: pictures.length,
    broken: pictures.filter(p => !p.complete || p.naturalWidth === 0).length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    width: document.documentElement.clientWidth
  });
});
</script>"""


def in_browser(browser, path, width_px, profile):
    """The page's DOM after loading, and what the browser's console said."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += ["--log-level=0", f"--user-data-dir={profile}", f"--window-size={width_px},900"]
    # Whatever the page asked of a network would fail, and stand in the console.
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", path.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    console = [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    return run.stdout, console


def test_a_browser_opens_the_page_without_a_console_error(written, browser, tmp_path):
    dom, console = in_browser(browser, written[1] / "report.html", 1200, tmp_path)
    assert console == []
    assert "Where these numbers come from" in dom


@pytest.mark.parametrize("width_px", [1200, 500])
def test_no_picture_is_broken_and_nothing_is_wider_than_the_screen(
    written, browser, tmp_path, width_px
):
    source = (written[1] / "report.html").read_text(encoding="utf-8")
    probed = tmp_path / "probed.html"
    probed.write_text(source.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    dom, console = in_browser(browser, probed, width_px, tmp_path / "profile")
    assert console == []
    measured = json.loads(re.search(r"<title>(.*?)</title>", dom).group(1).replace("&quot;", '"'))
    assert measured == {
        "pictures": source.count("<img "),
        "broken": 0,
        "overflow": 0,
        "width": measured["width"],
    }
    assert measured["width"] <= width_px


def test_the_browser_check_sees_an_error_where_there_is_one(browser, tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<img src='nothing.png'><script>undefined.x</script>", encoding="utf-8")
    _, console = in_browser(browser, wrong, 1200, tmp_path / "profile")
    assert any("TypeError" in line for line in console)


def mean(value: float) -> SeedMean:
    return SeedMean(value, value - 2, value + 2, 1.0)


def pair(first: str, second: str, p_value: float | None) -> MethodPair:
    drawn = PairedDifference(0.1, None, None, None, 9)
    return MethodPair(first, second, (0,), "fields", drawn, p_value, ())


MEANS = {"a": mean(70), "b": mean(80), "c": mean(60)}


@pytest.mark.parametrize(
    ("p_values", "words"),
    [
        ((0.01, 0.02), "best is b with 80.0 ± 1.0 % overall accuracy, apart from every other"),
        ((0.34, 0.02), "b has the highest mean with 80.0 ± 1.0 % overall accuracy, but is not "
                       "distinguishable from a."),
        ((0.34, None), "no method is distinguishable from b, which has the highest mean"),
    ],
)  # fmt: skip
def test_the_leading_line_follows_the_corrected_p(p_values, words):
    pairs = (pair("a", "b", p_values[0]), pair("b", "c", p_values[1]), pair("a", "c", 0.001))
    assert best_in_words(MEANS, pairs).startswith(words)


def test_a_single_method_is_not_called_best():
    assert best_in_words({"a": mean(70)}, ()) == "a reaches 70.0 ± 1.0 % overall accuracy."
