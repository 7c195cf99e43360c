"""The addresses of the viewer. The page knows no others, and nothing else answers."""

import asyncio
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.staticfiles import StaticFiles

from hsidiff.errors import HsidiffError, MissingFileError
from hsidiff.experiment.checked_table import in_words
from hsidiff.viewer import requests
from hsidiff.viewer.band_choice import checked_bands
from hsidiff.viewer.label_store import LabelStore
from hsidiff.viewer.method_list import methods
from hsidiff.viewer.scene_tiles import Picture
from hsidiff.viewer.session import Session

STATIC = Path(__file__).parent / "static"
SECONDS_BETWEEN_LOOKS, LOOKS_PER_SIGN_OF_LIFE = 0.2, 50
PIECE_BYTES = 1 << 20
NOT_KEPT = {"cache-control": "no-store"}
KEPT = {"cache-control": "private, max-age=3600"}
"""Addresses of tiles hold the version of what they show."""
SHARE_HEADER = "x-share-read"


def make_app(session: Session) -> FastAPI:
    """The viewer of a session, without the guard."""
    app = FastAPI(title="hsidiff view", docs_url=None, redoc_url=None, openapi_url=None)
    _add_errors(app)
    _add_pictures(app, session)
    _add_labels(app, session)
    _add_work(app, session)
    _add_exports(app, session)

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers=NOT_KEPT)

    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(MissingFileError)
    def missing(request: Request, error: MissingFileError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 404)

    @app.exception_handler(HsidiffError)
    def wrong(request: Request, error: HsidiffError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(OSError)
    def not_written(request: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"error": f"not saved: {error.strerror or error}"}, 507)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = str(first["loc"][-1]).replace("_", " ")
        return JSONResponse({"error": f"{where}: {in_words([first], first['input'])}"}, 422)


def _add_pictures(app: FastAPI, session: Session) -> None:
    @app.get("/api/scene")
    def scene() -> dict[str, Any]:
        more = {"overview_step": session.tiles.overview_step}
        return session.spectra.about() | more | {"folder": str(session.folder.absolute())}

    @app.get("/overview.png")
    def overview(bands: str) -> Response:
        return _scene_png(session.tiles.overview(checked_bands(session.scene, bands)))

    @app.get("/tiles/scene/{step}/{col}/{row}.png")
    def scene_tile(step: int, col: int, row: int, bands: str) -> Response:
        shown = checked_bands(session.scene, bands)
        return _scene_png(session.tiles.tile(shown, step, col, row))

    @app.get("/tiles/{layer}/{kind}/{step}/{col}/{row}.png")
    def layer_tile(
        layer: str, kind: str, step: int, col: int, row: int, other: str = ""
    ) -> Response:
        return _png(session.layer_tile(layer, kind, step, col, row, other))

    @app.get("/api/accuracy/{layer}")
    def accuracy(layer: str) -> dict[str, Any]:
        return session.accuracy(layer)

    @app.get("/api/spectrum")
    def spectrum(row: int, col: int) -> dict[str, Any]:
        return {"row": row, "col": col, "values": session.spectra.spectrum(row, col)}

    @app.get("/api/class-means")
    def class_means() -> dict[str, Any]:
        return session.spectra.class_means()


def _add_labels(app: FastAPI, session: Session) -> None:
    @app.get("/api/labels")
    def labels() -> dict[str, Any]:
        return session.labels.to_json()

    @app.post("/api/labels")
    def change_labels(change: requests.Change) -> dict[str, Any]:
        apply_change(session.labels, change)
        session.live.ask()
        return session.labels.to_json()


def apply_change(labels: LabelStore, change: Any) -> None:
    """Do what a page asked for."""
    match change:
        case requests.AddPoint():
            labels.add_point(change.class_id, change.at)
        case requests.AddPolygon():
            labels.add_polygon(change.class_id, change.corners)
        case requests.Paint():
            labels.paint(change.class_id, change.path, change.radius_px)
        case requests.Erase():
            labels.erase(change.path, change.radius_px)
        case requests.AddClass():
            labels.add_class(change.name)
        case requests.ChangeClass():
            labels.change_class(change.class_id, change.name, change.color)
        case requests.RemoveClass():
            labels.remove_class(change.class_id)
        case requests.Travel(do="undo"):
            labels.undo()
        case _:
            labels.redo()


def _add_work(app: FastAPI, session: Session) -> None:
    @app.get("/api/methods")
    def all_methods() -> list[dict[str, Any]]:
        return methods()

    @app.get("/api/hint")
    def hint(method: str) -> dict[str, str]:
        return {"hint": session.hint(method)}

    @app.post("/api/train")
    def train(wanted: requests.Train) -> dict[str, Any]:
        settings = {} if wanted.profile is None else {"profile": wanted.profile}
        session.train(wanted.method, settings, wanted.seed)
        return session.state()

    @app.post("/api/live")
    def live(wanted: requests.Live) -> dict[str, Any]:
        session.follow(wanted.on)
        return session.state()

    @app.get("/api/suggestions")
    def suggestions(n: Annotated[int, Query(ge=1, le=100)] = 10) -> list[dict[str, Any]]:
        return session.live.suggest(n).table().to_dict(orient="records")

    @app.post("/api/stop")
    def stop() -> dict[str, Any]:
        session.jobs.stop()
        return session.state()

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        return session.state()

    @app.get("/api/events")
    async def events(request: Request) -> StreamingResponse:
        return StreamingResponse(_events(session, request), media_type="text/event-stream")


async def _events(session: Session, request: Request) -> AsyncIterator[str]:
    """The state whenever it changed, as server-sent events."""
    told, n_looks = "", 0
    while not session.is_ending and not await request.is_disconnected():
        state = json.dumps(session.state())
        n_looks += 1
        if state != told:
            told = state
            yield f"data: {state}\n\n"
        elif n_looks % LOOKS_PER_SIGN_OF_LIFE == 0:
            yield ": still here\n\n"
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def _add_exports(app: FastAPI, session: Session) -> None:
    def name_of(layer: str, suffix: str) -> str:
        """So that downloads of several maps and scenes can be told apart."""
        return f"{session.scene.name}-map-{layer}{suffix}"

    @app.get("/export/labels.gpkg")
    def label_file() -> FileResponse:
        name = f"{session.scene.name}-labels.gpkg"
        return FileResponse(session.labels.path, filename=name, headers=NOT_KEPT)

    @app.get("/export/{layer}/report.html")
    def report(layer: str) -> Response:
        page = session.file_of(layer, "report.html").read_text(encoding="utf-8")
        return Response(page, media_type="text/html", headers=NOT_KEPT)

    @app.get("/export/{layer}.zip")
    def everything(layer: str) -> StreamingResponse:
        disposition = f"attachment; filename*=utf-8''{quote(name_of(layer, '.zip'), safe='')}"
        return StreamingResponse(
            _pieces(zipped(session, layer)),
            media_type="application/zip",
            headers=NOT_KEPT | {"content-disposition": disposition},
        )

    @app.get("/export/{layer}/{file}")
    def one_file(layer: str, file: str) -> FileResponse:
        path = session.file_of(layer, file)
        name = name_of(layer, ".tif") if file == EXPORTED[0] else path.name
        return FileResponse(path, filename=name, headers=NOT_KEPT)


EXPORTED = ("map.tif", "map.tif.aux.xml", "map.qml", "confidence.tif", "confidence.qml",
            "probabilities.tif", "labels.gpkg", "labels.tif", "labels.tif.aux.xml", "report.html",
            "result.json", "run.json")  # fmt: skip


def zipped(session: Session, layer: str) -> IO[bytes]:
    """The map, its labels and its report in one archive: a file without a name.

    Raises:
        MissingFileError: if there is no such map.
    """
    # On the disk of the session: probabilities of a large scene do not fit into memory.
    stream = tempfile.TemporaryFile(dir=session.folder)  # noqa: SIM115  (closed once it was sent)
    try:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(session.file_of(layer, EXPORTED[0]), EXPORTED[0])
            for name in EXPORTED[1:]:
                with suppress(MissingFileError):
                    archive.write(session.file_of(layer, name), name)
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    return stream


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


def _scene_png(picture: Picture) -> Response:
    """A picture, and how much of the scene is in it: a page asks again until it is all."""
    kept = KEPT if picture.share == 1 else NOT_KEPT
    headers = kept | {SHARE_HEADER: f"{picture.share:.4g}"}
    return Response(picture.png, media_type="image/png", headers=headers)


def _png(picture: bytes) -> Response:
    return Response(picture, media_type="image/png", headers=KEPT)
