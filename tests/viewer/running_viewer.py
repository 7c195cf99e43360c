"""How tests ask a viewer that runs."""

import html
import io
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
from matplotlib.image import imread

from hsidiff.report.validation import validation_in_words
from hsidiff.viewer.session import Session

SECONDS_OF_A_JOB = 120.0


@dataclass(frozen=True)
class Answer:
    """What the viewer said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Viewer:
    """A viewer that runs, at an address with its token."""

    address: str
    session: Session

    def ask(self, path: str, content: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """GET an address below the token, or POST a content to it."""
        body = None if content is None else json.dumps(content).encode()
        given = {"content-type": "application/json"} | (headers or {})
        try:
            with urlopen(Request(self.address + path, body, given)) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def change(self, **change: Any) -> Any:
        answer = self.ask("api/labels", change)
        assert answer.status == 200, answer.body
        return answer.json

    def when_job_ended(self) -> dict[str, Any]:
        """The state once no job runs any more."""
        end = time.monotonic() + SECONDS_OF_A_JOB
        while time.monotonic() < end:
            state: dict[str, Any] = self.ask("api/state").json
            if state["job"] is None or state["job"]["status"] != "running":
                return state
            time.sleep(0.05)
        raise AssertionError(f"still running: {state['job']}")


def pixels(png: bytes) -> np.ndarray:
    """The picture (rows, cols, 4) uint8 in the bytes of a PNG file."""
    return np.round(imread(io.BytesIO(png)) * 255).astype(np.uint8)


def label_two_covers(viewer: Viewer) -> None:
    """Label fields of two covers of the small scene, several fields of each."""
    for row, col in ((5, 3), (5, 35), (15, 25), (35, 5), (25, 15)):
        viewer.change(do="paint", class_id=1, path=[[col, row]], radius_px=2.5)
    for row, col in ((5, 45), (15, 3), (15, 35), (25, 25), (35, 15)):
        viewer.change(do="paint", class_id=2, path=[[col, row]], radius_px=2.5)


def check_accuracy(viewer: Viewer, layer: str, result: dict[str, Any]) -> None:
    """What the page is told of held-out labels is what the result says."""
    told = viewer.ask(f"api/accuracy/{layer}").json
    accuracy, ends = (
        result["overall_accuracy"],
        result["validation"]["intervals"]["overall_accuracy"],
    )
    interval = " to ".join(f"{100 * end:.1f} %" for end in ends)
    assert told["rows"][0] == ["Overall accuracy", f"{100 * accuracy:.1f} %", interval]
    assert told["words"] == validation_in_words(result)
    position = result["leakage"]["position_overall_accuracy"]
    assert f"reaches {100 * position:.1f} %" in " ".join(text for text, _ in told["leakage"])
    assert "What is taken for what" in told["page"]
    for entry in result["per_class"]:
        assert html.escape(entry["name"]) in told["page"]
