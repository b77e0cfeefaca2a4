"""A model's files over HTTP, by the three routes of Hugging Face's hub that its mirrors speak too.

`api/models/<id>/revision/<rev>` names the commit, `api/models/<id>/tree/<commit>` its files,
`<id>/resolve/<commit>/<file>` gives one (https://huggingface.co/docs/hub/api).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from msgspec import Struct

from llmstack.engine.headers import LENGTH_BYTES, Tensor, header_length, read_header
from llmstack.engine.model_json import read_json
from llmstack.facts.fields import FactsError
from llmstack.hub.error import HubError
from llmstack.hub.http import get
from llmstack.hub.model_files import CONFIG, QUANTIZATION, ModelFiles, weight_files

HOME = "https://huggingface.co"
ADVICE = {
    401: "the model wants a token: set HF_TOKEN",
    403: "the token may not read this model: ask for access on its page",
    404: "there is no such model or revision",
    429: "the hub asks to wait: try again later",
}
MOST_PAGES = 50
MOST_FILES = 2000
"""Files of weights of one model: the largest have some hundred."""
FIRST_READ = 64 << 10
"""Bytes of a file that are asked for first: most headers are shorter, and then no second request is needed."""


class Hub(Struct, frozen=True):
    """Where a hub is, and the token that it is shown (never written anywhere)."""

    address: str = HOME
    token: str | None = None


def fetch_model(hub: Hub, model: str, revision: str) -> ModelFiles:
    """The files of `model` at `revision` (a branch, a tag or a commit); raises HubError."""
    where = f"{hub.address.rstrip('/')}/api/models/{quote(model)}"
    data = _json(hub, f"{where}/revision/{quote(revision, safe='')}", f"{model}@{revision}")
    commit = data.get("sha") if isinstance(data, dict) else None
    if not isinstance(commit, str) or not commit or not _is_name(commit):
        raise HubError(f"{hub.address} gives no commit of {model}@{revision}")
    names = _names(hub, f"{where}/tree/{quote(commit, safe='')}", model)
    if CONFIG not in names:
        raise HubError(f"{model}@{revision} has no {CONFIG}: its format is not one that vLLM reads from such a file")
    files = f"{hub.address.rstrip('/')}/{quote(model)}/resolve/{quote(commit, safe='')}"
    weights = weight_files(names)
    if len(weights) > MOST_FILES:
        raise HubError(f"{model}@{revision} has more than {MOST_FILES} files of weights")
    tensors = {name: _tensors(hub, f"{files}/{quote(name)}", name) for name in weights}
    side = _body(hub, f"{files}/{QUANTIZATION}", QUANTIZATION) if QUANTIZATION in names else None
    return ModelFiles(_body(hub, f"{files}/{CONFIG}", CONFIG), commit, side, tensors)


def _names(hub: Hub, url: str, model: str) -> list[str]:
    """The paths of all files of a commit, page by page."""
    names: list[str] = []
    following: str | None = url
    for _ in range(MOST_PAGES):
        if following is None:
            return names
        answer = get(following, token=hub.token)
        _check(answer.status, model)
        entries = _parse(answer.body, model)
        listed = entries if isinstance(entries, list) else []
        names += [
            each["path"]
            for each in listed
            if isinstance(each, dict) and each.get("type") == "file" and _is_name(each.get("path"))
        ]
        following = answer.next_page
    raise HubError(f"{model} has more than {MOST_PAGES} pages of files")


def _is_name(path: object) -> bool:
    """Whether a path can be asked for: no text with half a character in it."""
    return isinstance(path, str) and not any("\ud800" <= character <= "\udfff" for character in path)


def _tensors(hub: Hub, url: str, name: str) -> dict[str, Tensor]:
    """The tensors of one file: its first bytes, and the rest of the header where that is longer."""
    start = _range(hub, url, name, 0, FIRST_READ)
    try:
        length = header_length(start)
        header = start[LENGTH_BYTES : LENGTH_BYTES + length]
        if len(header) < length:
            at = LENGTH_BYTES + len(header)
            header += _range(hub, url, name, at, length - len(header))
        return read_header(header)
    except FactsError as error:
        raise HubError(f"{name} {error}") from error


def _range(hub: Hub, url: str, name: str, start: int, length: int) -> bytes:
    """So many bytes of a file from `start`; one that does not honour ranges is read from its beginning no further."""
    answer = get(url, token=hub.token, start=start, length=length)
    if answer.status == 200 and start > 0:
        whole = get(url, token=hub.token, start=0, length=start + length).body
        return whole[start : start + length]
    _check(answer.status, name)
    return answer.body


def _body(hub: Hub, url: str, name: str) -> bytes:
    answer = get(url, token=hub.token)
    _check(answer.status, name)
    return answer.body


def _json(hub: Hub, url: str, what: str) -> Any:
    answer = get(url, token=hub.token)
    _check(answer.status, what)
    return _parse(answer.body, what)


def _parse(body: bytes, what: str) -> Any:
    try:
        return read_json(body)
    except FactsError as error:
        raise HubError(f"the hub's answer about {what} is not JSON: is HF_ENDPOINT a model hub?") from error


def _check(status: int, what: str) -> None:
    if status not in (200, 206):
        raise HubError(f"{what}: {ADVICE.get(status, f'the hub answers {status}')}")
