"""Where the commands of a container, its hooks and its probes fetch from, and whether they run what they fetch."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from llmstack.kubernetes.pods import texts, value_at

_COMMANDS = (
    ("command",),
    ("args",),
    *(("lifecycle", hook, "exec", "command") for hook in ("postStart", "preStop")),
    *((f"{probe}Probe", "exec", "command") for probe in ("startup", "readiness", "liveness")),
)
_FETCHER = re.compile(
    r"\b(curl|wget|pip3?(?=\s)|uv(?=\s)|git(?=\s)|(?:nc|ncat|netcat|telnet)(?=\s)|aria2c|urlopen|urlretrieve|requests\.(?:get|post)|httpx\.\w+)\b"
    r"([^\n;|]{1,400})"
)
"""A program, or a function of Python, that asks what it is told for a file, or speaks with it; and what it is told."""
_HOST = re.compile(r"(?:\b[a-z+]{2,10}://(?:[^/@\s'\"]*@)?|(?<=\s))([A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+)(?=[:/'\"\s)]|$)")
_FILE = re.compile(r"(?:^|\s)(?:-[oOP]|--output|--output-document|-r|--requirement)[\s=]\S+")
"""Options whose word is a file, however much it looks like a host."""
_SHELL = r"\b(?:ba|da|z|k)?sh\b"
_RUN = re.compile(
    rf"\b(?:curl|wget)\b[^\n;|]{{0,400}}\|\s*(?:sudo\s+)?(?:[\w.-]{{0,40}}/){{0,9}}(?:{_SHELL}|python3?\b)"
    rf"|(?:{_SHELL}|source|\.)\s+<\(\s*(?:curl|wget)\b"
    rf"|(?:\beval|{_SHELL}\s+-c)\s+[\"']?(?:\$\(|`)\s*(?:curl|wget)\b"
    r"|>&\s*/dev/tcp/"
)
"""A script that is run as it comes, or a shell that somebody else types in."""
_EXEC = re.compile(r"\bexec\(")
_WITHIN = (".local", ".internal", ".svc")
"""Ends of names that a cluster or a network answers for itself."""
_HUB = frozenset(("huggingface.co", "pypi.org", "files.pythonhosted.org"))
"""Where engines and their packages come from where nothing is said."""


def hosts_of(container: dict[str, Any]) -> frozenset[str]:
    """The hosts outside the cluster that the commands of a container name to programs that fetch."""
    return frozenset(
        host
        for text in _texts(container)
        for _, told in _FETCHER.findall(text)
        for host in _HOST.findall(_FILE.sub("", told))
        if not _is_within(host) and host not in _HUB
    )


def runs_what_it_fetches(container: dict[str, Any]) -> bool:
    """Whether a command of a container hands what it fetches to a shell or to Python's `exec`."""
    return any(_RUN.search(text) or (_EXEC.search(text) and _FETCHER.search(text)) for text in _texts(container))


def _texts(container: dict[str, Any]) -> Iterator[str]:
    return (" ".join(texts(value_at(container, *route))) for route in _COMMANDS)


def _is_within(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.endswith(_WITHIN) or ".svc." in host or host.rpartition(".")[2].isdigit()
