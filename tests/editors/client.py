"""A language server asked over stdio, as an editor does: https://microsoft.github.io/language-server-protocol/."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

SETTINGS = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True}}
"""What an editor answers when it is asked; without it the server would look for schemas on the network."""


@dataclass
class Server:
    """A server that was started and knows its client; `told` are the diagnostics of each file so far."""

    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    waiting: dict[int, Any] = field(default_factory=dict)

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a request."""
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": parameters})
        while number not in self.waiting:
            self._hear()
        return self.waiting.pop(number)

    def tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def open(self, file: Path) -> list[dict[str, Any]]:
        """Open a file, and return what the server has to say against it."""
        uri = file.as_uri()
        self.tell(
            "textDocument/didOpen",
            textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": file.read_text(encoding="utf-8")},
        )
        while uri not in self.told:
            self._hear()
        return self.told[uri]

    def at(self, method: str, file: Path, line: int, character: int) -> Any:
        """What a request about a place in a file, counted from 0, answers."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", textDocument={"uri": file.as_uri()}, position=place)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        pipe: IO[bytes] = self.process.stdin  # type: ignore[assignment]
        pipe.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        pipe.flush()

    def _hear(self) -> None:
        """Take one message in: an answer, diagnostics, or a question about settings."""
        pipe: IO[bytes] = self.process.stdout  # type: ignore[assignment]
        length = 0
        while line := pipe.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has ended"
        message = json.loads(pipe.read(length))
        method = message.get("method")
        if method is None:
            assert "error" not in message, message["error"]
            self.waiting[message["id"]] = message["result"]
        elif method == "textDocument/publishDiagnostics":
            self.told[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            items = message["params"]["items"]
            self._send({"id": message["id"], "result": [SETTINGS.get(item.get("section", "")) for item in items]})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})


@contextmanager
def start(program: Path, root: Path) -> Iterator[Server]:
    """A server about the folder `root`, ended afterwards."""
    command = ["node", str(program), "--stdio"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
    try:
        server = Server(process)
        server.ask(
            "initialize",
            processId=None,
            rootUri=root.as_uri(),
            capabilities={
                "workspace": {"configuration": True},
                "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {}},
            },
        )
        server.tell("initialized")
        server.tell("workspace/didChangeConfiguration", settings=SETTINGS)
        yield server
    finally:
        process.kill()
        process.wait()
