"""A model hub on loopback: the three routes of Hugging Face's, and a second host that gives the large files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Site:
    """What a server has, by path, and what it was asked: (path, Authorization, Range) of each request."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    token: str | None = None
    """What a request must show, where it must."""
    ranges: bool = True
    sent: int = 0
    """Bytes of bodies that were asked for and written."""

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, headers, body)


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown, wanted = self.headers.get("Authorization"), self.headers.get("Range")
            site.asked.append((self.path, shown, wanted))
            if site.token and shown != f"Bearer {site.token}":
                self._answer(401, {}, b"{}")
                return
            status, headers, body = site.answers.get(self.path, (404, {}, b"{}"))
            if status == 200 and wanted and site.ranges:
                first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
                status, body = 206, body[first : last + 1]
            self._answer(status, headers, body)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
                site.sent += len(body)
            except OSError:
                pass  # the client has what it wants

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The address of a server for `site`, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def safetensors(tensors: dict[str, tuple[str, int]], *, padding: int = 0) -> bytes:
    """A file whose tensors are zeros; `padding` bytes of metadata make its header long."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt", "padding": "x" * padding}}
    at = 0
    for name, (dtype, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [size], "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(at)


CONFIG = json.dumps(
    {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 64,
        "intermediate_size": 128,
        "max_position_embeddings": 2048,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
).encode()

FILES = {
    "config.json": CONFIG,
    "model-00001-of-00002.safetensors": safetensors({"model.embed_tokens.weight": ("BF16", 128000)}),
    "model-00002-of-00002.safetensors": safetensors(
        {"lm_head.weight": ("BF16", 128000), "model.layers.0.mlp.up_proj.weight": ("BF16", 500000)}, padding=200_000
    ),
    "consolidated.safetensors": safetensors({"output.weight": ("BF16", 128000)}),
    "README.md": b"#",
}


def fill(site: Site, model: str, files: dict[str, bytes], *, revision: str = "main", page: int = 3) -> None:
    """Put a model's files on a site, its list of files `page` a page."""
    site.put(f"/api/models/{model}/revision/{revision}", json.dumps({"sha": COMMIT}).encode())
    names = sorted(files)
    pages = [names[at : at + page] for at in range(0, len(names), page)]
    for number, listed in enumerate(pages):
        query = f"?cursor={number}" if number else ""
        tree = f"/api/models/{model}/tree/{COMMIT}"
        entries = [{"type": "file", "path": name, "size": len(files[name])} for name in listed]
        more = {"Link": f'<{tree}?cursor={number + 1}>; rel="next"'} if number + 1 < len(pages) else {}
        site.put(tree + query, json.dumps([*entries, {"type": "directory", "path": "original"}]).encode(), **more)
    for name, content in files.items():
        site.put(f"/{model}/resolve/{COMMIT}/{name}", content)
