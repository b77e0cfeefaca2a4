"""`learn model` against a real server on loopback, a folder and a stream."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmstack.engine.facts import Groups
from llmstack.engine.facts_file import read_facts
from llmstack.hub import http
from llmstack.hub.error import HubError
from llmstack.hub.folder import read_folder
from llmstack.hub.http import get
from llmstack.hub.routes import Hub, fetch_model
from tests import forks
from tests.hub.server import COMMIT, CONFIG, FILES, Site, fill, safetensors, serving

MODEL = "acme/tiny"
SECRET = "hf_not-for-others"


@pytest.fixture
def site() -> Iterator[tuple[Site, str]]:
    found = Site()
    fill(found, MODEL, FILES)
    with serving(found) as address:
        yield found, address


def learn(folder: Path, *arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a folder, with nothing of the hub's in its environment but what is given."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    command = forks.command("learn", "model", *arguments)
    return subprocess.run(command, cwd=folder, env=clean | environment, input=stdin, capture_output=True, check=False)


def test_a_model_is_learned_from_a_hub(site: tuple[Site, str], tmp_path: Path) -> None:
    found, address = site
    done = learn(tmp_path, MODEL, HF_ENDPOINT=address)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "facts/models/acme--tiny.yaml").read_text()
    facts = read_facts(text)
    assert facts.revision == COMMIT
    assert facts.weights is not None
    assert facts.weights.groups == Groups(embeddings=128000, head=128000, rest=500000)
    assert facts.weights.origin == "headers"
    assert facts.context == 2048
    assert 300 < len(text) < 2048
    assert found.sent < 2 * 300_000, "headers were read, and no tensors"


def test_learning_twice_changes_nothing(site: tuple[Site, str], tmp_path: Path) -> None:
    first = learn(tmp_path, MODEL, "--from", site[1])
    before = (tmp_path / "facts/models/acme--tiny.yaml").read_bytes()
    second = learn(tmp_path, f"{MODEL}@main", "--from", site[1] + "/")
    assert first.stdout == b"facts/models/acme--tiny.yaml: written\n"
    assert second.stdout == b"facts/models/acme--tiny.yaml: is what it was\n"
    assert (tmp_path / "facts/models/acme--tiny.yaml").read_bytes() == before


def test_the_token_is_shown_to_the_hub_alone_and_stored_nowhere(tmp_path: Path) -> None:
    hub, store = Site(token=SECRET), Site()
    fill(hub, MODEL, FILES)
    with serving(hub) as address, serving(store) as elsewhere:
        for name, content in FILES.items():
            store.put(f"/blob/{name}", content)
            hub.put(f"/{MODEL}/resolve/{COMMIT}/{name}", b"", 302, Location=f"{elsewhere}/blob/{name}")
        done = learn(tmp_path, MODEL, HF_ENDPOINT=address, HF_TOKEN=SECRET)
    assert done.returncode == 0, done.stderr
    assert hub.asked
    assert store.asked
    assert all(shown == f"Bearer {SECRET}" for _, shown, _ in hub.asked)
    assert all(shown is None for _, shown, _ in store.asked)
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert SECRET.encode() not in kept + done.stdout + done.stderr


def test_without_a_token_the_hub_says_no_and_llmstack_what_to_do(tmp_path: Path) -> None:
    hub = Site(token=SECRET)
    with serving(hub) as address:
        done = learn(tmp_path, MODEL, HF_ENDPOINT=address)
    assert done.returncode == 5
    assert b"set HF_TOKEN" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "facts").exists()


def test_a_server_that_knows_no_ranges_is_read_all_the_same(site: tuple[Site, str]) -> None:
    site[0].ranges = False
    files = fetch_model(Hub(site[1]), MODEL, "main")
    assert sorted(files.tensors) == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert "lm_head.weight" in files.tensors["model-00002-of-00002.safetensors"]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (f"/api/models/{MODEL}/revision/main", b"{}", 404, "no such model or revision"),
        (f"/api/models/{MODEL}/revision/main", b"<html>", 200, "is not JSON"),
        (f"/api/models/{MODEL}/revision/main", b"{}", 200, "gives no commit"),
        (f"/api/models/{MODEL}/tree/{COMMIT}", b"[]", 200, "has no config.json"),
        (f"/api/models/{MODEL}/revision/main", b"", 503, "answers 503"),
        (
            f"/{MODEL}/resolve/{COMMIT}/model-00001-of-00002.safetensors",
            b"<html>error</html>",
            200,
            "no safetensors file",
        ),
    ],
)
def test_what_a_hub_cannot_mean_is_an_error(
    site: tuple[Site, str], path: str, body: bytes, status: int, message: str
) -> None:
    site[0].put(path, body, status)
    with pytest.raises(HubError, match=message):
        fetch_model(Hub(site[1]), MODEL, "main")


def test_redirects_end(site: tuple[Site, str]) -> None:
    site[0].put("/loop", b"", 302, Location="/loop")
    with pytest.raises(HubError, match="redirects more than"):
        get(f"{site[1]}/loop", token=None)
    site[0].put("/out", b"", 302, Location="file:///etc/passwd")
    with pytest.raises(HubError, match="no http or https address"):
        get(f"{site[1]}/out", token=None)


def test_an_answer_without_end_is_cut_off(site: tuple[Site, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    site[0].put("/large", bytes(5000))
    with pytest.raises(HubError, match="answers with more than"):
        get(f"{site[1]}/large", token=None)


def test_a_hub_that_is_not_there_is_an_error() -> None:
    with pytest.raises(HubError, match="does not answer"):
        get("http://127.0.0.1:1/", token=None)


def test_a_folder_is_read_without_a_network(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    done = learn(tmp_path, MODEL, "--from", str(tmp_path), HF_ENDPOINT="http://127.0.0.1:1")
    assert done.returncode == 0, done.stderr
    facts = read_facts((tmp_path / "facts/models/acme--tiny.yaml").read_text())
    assert facts.weights is not None
    assert facts.weights.bytes == 756000
    assert facts.revision is None
    assert b"add @REVISION" in done.stderr


def test_a_folder_without_weights_counts_them(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(CONFIG)
    done = learn(tmp_path, f"{MODEL}@{COMMIT}", "--from", ".")
    assert done.returncode == 0, done.stderr
    facts = read_facts((tmp_path / "facts/models/acme--tiny.yaml").read_text())
    assert facts.weights is not None
    assert facts.weights.origin == "shapes"
    assert facts.revision == COMMIT


def test_a_stream_is_read(tmp_path: Path) -> None:
    done = learn(tmp_path, MODEL, "--from", "-", stdin=CONFIG)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "facts/models/acme--tiny.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (["tiny"], b"", 2, b"is no name of a model"),
        (["../x/y"], b"", 2, b"is no name of a model"),
        ([MODEL, "--from", "-"], b"{", 5, b"config.json is not JSON"),
        ([MODEL, "--from", "-"], b"[]", 5, b"config.json is not a map"),
        ([MODEL, "--from", "nowhere"], b"", 5, b"is not a folder"),
        ([MODEL, "--from", "."], b"", 5, b"has no config.json"),
    ],
)
def test_what_cannot_be_learned_is_an_error(
    tmp_path: Path, arguments: list[str], stdin: bytes, code: int, message: bytes
) -> None:
    done = learn(tmp_path, *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_file_of_somebody_is_kept(tmp_path: Path) -> None:
    mine = tmp_path / "facts/models/acme--tiny.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("model: acme/tiny\n")
    done = learn(tmp_path, MODEL, "--from", "-", stdin=CONFIG)
    assert done.returncode == 4
    assert mine.read_text() == "model: acme/tiny\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "facts/models").symlink_to(tmp_path / "elsewhere")
    done = learn(tmp_path, MODEL, "--from", "-", stdin=CONFIG)
    assert done.returncode == 5
    assert not list((tmp_path / "elsewhere").iterdir())


def test_consolidated_weights_count_where_there_are_no_others(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(CONFIG)
    (tmp_path / "consolidated.safetensors").write_bytes(safetensors({"tok_embeddings.weight": ("BF16", 10)}))
    assert list(read_folder(tmp_path, None).tensors) == ["consolidated.safetensors"]
    (tmp_path / "model.safetensors").write_bytes(safetensors({"model.embed_tokens.weight": ("BF16", 10)}))
    assert list(read_folder(tmp_path, None).tensors) == ["model.safetensors"]


def test_the_quantization_beside_the_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(CONFIG)
    (tmp_path / "hf_quant_config.json").write_text(json.dumps({"quantization": {"quant_algo": "FP8"}}))
    learn(tmp_path, MODEL, "--from", ".")
    facts = read_facts((tmp_path / "facts/models/acme--tiny.yaml").read_text())
    assert facts.quantization is not None
    assert facts.quantization.method == "modelopt"
