"""Who may ask: only pages of this viewer. Stands before every request."""

import secrets

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1_000_000
HEADERS = {
    # Nothing from elsewhere is loaded, and the address with its token is told to nobody.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


class TooLargeError(Exception):
    """A request has a longer body than any page sends."""


class Guard:
    """Lets a request through to ``app`` if it comes to this machine's name with the right token.

    The token is the first part of the path, so all addresses of a page can be relative. A page of
    another site cannot know it; one that gives its own name to 127.0.0.1 (DNS rebinding) is
    refused by the Host header.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        token, _, rest = scope["path"].removeprefix("/").partition("/")
        refusal = self._refusal(headers, token)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        inner = {**scope, "path": "/" + rest, "raw_path": b"/" + rest.encode()}
        try:
            await self._app(inner, _bounded(receive), _with_headers(send))
        except TooLargeError:
            await _answer(413, "the request is too large")(scope, receive, send)

    def _refusal(self, headers: dict[str, str], token: str) -> JSONResponse | None:
        if headers.get("host") not in self._hosts:
            return _answer(403, "wrong host: use the address that hsidiff view printed")
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return _answer(403, "wrong origin: use the address that hsidiff view printed")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return _answer(403, "wrong token: use the address that hsidiff view printed")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return _answer(413, "the request is too large")
        return None


def _answer(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers=HEADERS)


def _bounded(receive: Receive) -> Receive:
    """Also a body without a stated length may not grow beyond the bound."""
    n_bytes = 0

    async def bounded() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > MAX_BODY_BYTES:
            raise TooLargeError
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return with_headers
