"""A hub, a folder and files that somebody made to do harm: each ends in words, and none in a crash or without end."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmstack.engine.facts_file import read_facts, write_facts
from llmstack.engine.headers import read_header
from llmstack.engine.learned import learn
from llmstack.facts.fields import FactsError
from llmstack.hub import folder, http, routes
from llmstack.hub.error import HubError
from llmstack.hub.folder import read_folder
from llmstack.hub.http import get
from llmstack.hub.routes import Hub, fetch_model
from tests.hub.server import COMMIT, FILES, Site, fill, serving

MODEL = "acme/tiny"
REVISION, TREE = f"/api/models/{MODEL}/revision/main", f"/api/models/{MODEL}/tree/{COMMIT}"
HUGE = b"9" * 5000


def listed(*names: str) -> bytes:
    return json.dumps([{"type": "file", "path": name} for name in names]).encode()


@pytest.mark.parametrize(
    ("path", "body", "status", "headers"),
    [
        (REVISION, b"", 302, {"Location": "http://[::"}),
        (REVISION, b"", 302, {"Location": "file:///etc/passwd"}),
        (REVISION, b"", 302, {"Location": "http://127.0.0.1:port/"}),
        (REVISION, b"", 302, {}),
        (REVISION, b"[" * 300_000, 200, {}),
        (REVISION, HUGE, 200, {}),
        (REVISION, b'{"sha": "\\ud800"}', 200, {}),
        (TREE, b"[]", 200, {"Link": '<http://[::>; rel="next"'}),
        (TREE, b"[]", 200, {"Link": f'<{TREE}>; rel="next"'}),
        (TREE, b'[1, null, {"type": "file", "path": ["config.json"]}]', 200, {}),
        (TREE, listed("config.json", *(f"{number}.safetensors" for number in range(routes.MOST_FILES + 1))), 200, {}),
        (TREE, listed("config.json", "../a.safetensors", "gone.safetensors"), 200, {}),
        (f"/{MODEL}/resolve/{COMMIT}/model-00001-of-00002.safetensors", struct.pack("<Q", 1 << 63), 200, {}),
        (f"/{MODEL}/resolve/{COMMIT}/model-00001-of-00002.safetensors", struct.pack("<Q", 9) + b"[" * 9, 200, {}),
    ],
)
def test_an_answer_that_nobody_can_mean_is_an_error(
    path: str, body: bytes, status: int, headers: dict[str, str]
) -> None:
    site = Site()
    fill(site, MODEL, FILES)
    site.put(path, body, status, **headers)
    with serving(site) as address, pytest.raises(HubError):
        fetch_model(Hub(address), MODEL, "main")


def test_names_with_half_a_character_are_passed_over() -> None:
    site = Site()
    fill(site, MODEL, FILES, page=10)
    tree = json.loads(site.answers[TREE][2])
    site.put(TREE, json.dumps([*tree, {"type": "file", "path": "\ud800.safetensors"}]).encode())
    with serving(site) as address:
        assert set(fetch_model(Hub(address), MODEL, "main").tensors) == {
            name for name in FILES if name.startswith("model-")
        }


@pytest.mark.parametrize("address", ["http://[x", "http://", "http://a b", "http://127.0.0.1:1/\x01", "http://\udcff/"])
def test_what_is_no_address_is_an_error(address: str) -> None:
    with pytest.raises(HubError):
        fetch_model(Hub(address), MODEL, "main")


@contextmanager
def trickle() -> Iterator[str]:
    """The address of a server whose answer never ends, a byte at a time."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        client, _ = server.accept()
        with client:
            client.recv(1 << 16)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    client.sendall(b"[")
                    time.sleep(0.02)
            except OSError:
                pass  # the client has enough

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.close()


def test_an_answer_that_trickles_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST", 0.2)
    with trickle() as address, pytest.raises(HubError, match="not whole after"):
        get(address, token=None)


def test_a_folder_with_a_configuration_without_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST_OF_CONFIG", 10)
    (tmp_path / "config.json").write_bytes(b'{"a": 1}')
    assert read_folder(tmp_path, None).config == b'{"a": 1}'
    (tmp_path / "config.json").write_bytes(b'{"a": 1}   ')
    with pytest.raises(HubError, match=r"config\.json has more than"):
        read_folder(tmp_path, None)


@pytest.mark.parametrize(
    "config",
    [
        b'{"max_position_embeddings": %s, "hidden_size": %s}' % (HUGE, HUGE),
        b'{"max_position_embeddings": 1e999, "time_step_limit": [0.0, Infinity], "hidden_size": NaN}',
        b'{"max_position_embeddings": 1, "rope_scaling": {"rope_type": "linear", "factor": %s}}' % HUGE,
        b'{"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "linear", "factor": 1e308}}',
        b'{"max_position_embeddings": 4096, "rope_scaling": {"rope_type": ["yarn"], "factor": 2}}',
        b'{"layer_types": [["linear_attention"], {}], "num_hidden_layers": 2}',
    ],
)
def test_a_number_or_a_kind_that_no_model_has_counts_as_not_said(config: bytes) -> None:
    facts = learn(MODEL, None, config)
    assert read_facts(write_facts(facts)) == facts
    assert facts.context in (None, 1, 4096)
    assert facts.sizes.hidden == 0


@pytest.mark.parametrize(
    ("config", "header"),
    [
        (b"[" * 100_000, b"{}"),
        (b'{"a":' * 100_000, b"{}"),
        (b"{}", b'{"a": {"dtype": "F16", "data_offsets": [0, 9223372036854775807]}, "b": {"dtype": "F16", "data_offsets": [0, 9]}}'),
        (b"{}", b'{"a": {"dtype": "F16", "data_offsets": [0, %s]}}' % HUGE),
        (b"{}", b"[" * 100_000),
    ],
)  # fmt: skip
def test_files_that_no_model_has_are_an_error(config: bytes, header: bytes) -> None:
    with pytest.raises(FactsError):
        learn(MODEL, None, config, [read_header(header)])


def test_a_layer_of_many_digits_is_none() -> None:
    header = b'{"model.layers.%s.x": {"dtype": "F16", "data_offsets": [0, 2]}}' % HUGE
    weights = learn(MODEL, None, b'{"num_hidden_layers": 2}', [read_header(header)]).weights
    assert weights is not None
    assert weights.groups.rest == 2
