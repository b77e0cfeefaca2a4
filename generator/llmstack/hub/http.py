"""One GET at a time from a model hub: bounded in bytes and time, and the token goes to nobody else."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct

from llmstack.hub.error import HubError

TIMEOUT = 30
"""Seconds without an answer after which a hub counts as silent."""
LONGEST = 300
"""Seconds that one answer may take, however steadily it trickles."""
CHUNK = 1 << 16
MOST_REDIRECTS = 5
MOST_BYTES = 128 << 20
"""More than this is no configuration, no list and no header."""
REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Answer(Struct, frozen=True):
    """The status and the body of one request, and where the next page is, if anywhere."""

    status: int
    body: bytes
    next_page: str | None = None


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect is decided on in `get`, which knows who may see the token."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def get(url: str, *, token: str | None, start: int | None = None, length: int | None = None) -> Answer:
    """The answer to a GET of `url`; `start` and `length` ask for that range of bytes.

    Redirects are followed, five at most and never from https to http; the token is sent to the first host alone. Raises
    HubError when the hub does not answer.
    """
    home = _split(url)
    for _ in range(MOST_REDIRECTS + 1):
        parts = _split(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise HubError(f"{_shown(url)} is no http or https address")
        if home.scheme == "https" and parts.scheme != "https":
            raise HubError(f"{_shown(home.geturl())} redirects to {_shown(url)}, which anybody on the way can change")
        same = (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
        headers = _headers(token if same else None, start, length)
        status, answered, body = _once(url, headers, length)
        if status not in REDIRECTS:
            return Answer(status, body, _next_page(answered.get("Link", ""), url))
        url = _join(url, answered.get("Location", ""))
    raise HubError(f"{_shown(url)} redirects more than {MOST_REDIRECTS} times")


def _headers(token: str | None, start: int | None, length: int | None) -> dict[str, str]:
    headers = {"User-Agent": "llmstack", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if start is not None and length is not None:
        headers["Range"] = f"bytes={start}-{start + length - 1}"
    return headers


def _once(url: str, headers: Mapping[str, str], length: int | None) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one request, its redirect not followed."""
    most = min(length or MOST_BYTES, MOST_BYTES)
    opener = urllib.request.build_opener(_StayHere)
    try:
        with opener.open(urllib.request.Request(url, headers=dict(headers)), timeout=TIMEOUT) as response:
            body = _read(response, most if length else most + 1)
            if not length and len(body) > most:
                raise HubError(f"{_shown(url)} answers with more than {MOST_BYTES >> 20} MiB")
            return response.status, dict(response.headers.items()), body
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers.items()), b""
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HubError(f"{_shown(url)} does not answer: {reason or type(error).__name__}") from error


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The first `most` bytes of a body. Raises OSError where they take too long."""
    pieces, left, ends = list[bytes](), most, time.monotonic() + LONGEST
    while left and (piece := response.read1(min(left, CHUNK))):
        pieces.append(piece)
        left -= len(piece)
        if time.monotonic() > ends:
            raise TimeoutError(f"not whole after {LONGEST} seconds")
    return b"".join(pieces)


def _split(url: str) -> SplitResult:
    """The parts of an address; raises HubError where it is none."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise HubError(f"`{url[:200]}` is no address: {error}") from error


def _join(base: str, url: str) -> str:
    """An address as another one leads to it; raises HubError where it is none."""
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise HubError(f"{_shown(base)} leads to no address: {error}") from error


def _next_page(link: str, url: str) -> str | None:
    """The address of the next page of a list (RFC 8288), where it is of the same hub."""
    for part in link.split(","):
        address, _, rest = part.strip().partition(">")
        if address.startswith("<") and 'rel="next"' in rest:
            following = _join(url, address[1:])
            same = _split(following)[:2] == _split(url)[:2]
            return following if same else None
    return None


def _shown(url: str) -> str:
    """An address without the user and the query that may be in it."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
