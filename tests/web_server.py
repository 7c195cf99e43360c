"""A web server of the files of a folder, with ranges, in a process of its own.

    python tests/web_server.py FOLDER RANGES

It prints its port, then for each answer the number of bytes of the body.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    ranges: bool

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        path = self.folder / self.path.lstrip("/")
        self._answer(path.read_bytes() if path.is_file() else b"")

    def _answer(self, content: bytes) -> None:
        path = self.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        size = path.stat().st_size
        if wanted is not None and self.ranges:
            first, last = int(wanted[1]), min(int(wanted[2] or size), size - 1)
            content = content[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) if self.command == "GET" else size))
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.write(content)
        sys.stdout.write(f"{len(content)}\n")
        sys.stdout.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class WebServer:
    """A running server: where it is, what it has sent, and the way to end it."""

    process: "Popen[str]"
    port: int
    sent: list[int] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(folder: Path, ranges: bool = True) -> Iterator[WebServer]:
    command = [sys.executable, "-S", __file__, str(folder), str(int(ranges))]
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        server = WebServer(process, int(process.stdout.readline()))
        lines = process.stdout
        listener = Thread(target=lambda: server.sent.extend(map(int, lines)), daemon=True)
        listener.start()
        try:
            yield server
        finally:
            server.kill()
            listener.join()


if __name__ == "__main__":
    _Handler.folder, _Handler.ranges = Path(sys.argv[1]), bool(int(sys.argv[2]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
