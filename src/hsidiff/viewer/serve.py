"""Run the viewer on this machine alone."""

import logging
import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from hsidiff.errors import SettingError
from hsidiff.viewer.app import make_app
from hsidiff.viewer.guard import Guard
from hsidiff.viewer.session import Session

HOST = "127.0.0.1"


def serve(session: Session, port: int, tell: Callable[[str], None], *, opens: bool) -> None:
    """Serve a session until Ctrl-C.

    Args:
        session: what to show.
        port: 0 takes a free one.
        tell: called with the address once it answers.
        opens: whether a browser is opened there.

    Raises:
        SettingError: if the port is taken.
    """
    with _bound(port) as listening:
        server, address = _server(session, listening)
        tell(address)
        if opens:
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:  # uvicorn raises it again once it has shut down
            pass
        finally:
            session.close()


@contextmanager
def serving(session: Session) -> Iterator[str]:
    """Serve a session in a thread while the block runs; give its address."""
    with _bound(0) as listening:
        server, address = _server(session, listening)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()
            session.close()


class _Server(uvicorn.Server):
    """Ends the events of the pages first, which would never end by themselves."""

    def __init__(self, config: uvicorn.Config, session: Session) -> None:
        super().__init__(config)
        self._session = session

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See the parent."""
        self._session.is_ending = True
        # What is cut off because the viewer ends is no fault that anybody must read of.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _server(session: Session, listening: socket.socket) -> tuple[uvicorn.Server, str]:
    port, token = listening.getsockname()[1], secrets.token_urlsafe(24)
    config = uvicorn.Config(
        Guard(make_app(session), token, port),
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return _Server(config, session), f"http://{HOST}:{port}/{token}/"


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise SettingError(
            f"--port {port}: {error.strerror}: give another, or none for a free one"
        ) from error
    listening.listen(128)
    return listening
