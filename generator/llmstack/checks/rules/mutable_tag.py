"""An image tag can move, so Git no longer says what runs.

`latest` and `nightly` name another image tomorrow: two pods of one Deployment may differ, and a revert brings back the
manifest but not the image.

Fix: pin a version or a digest: `tag: v0.11.0`, `tag: sha256:…`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity, show_route

RULE = Declaration("mutable-tag", Severity.WARNING, alone=True)

_MOVING = ("latest", "nightly", "main", "master", "dev", "edge", "stable")


def is_mutable(tag: str) -> bool:
    """Whether a tag is one that moves by convention: `latest`, `latest-nightly`, `main` …"""
    return any(tag == word or (tag.startswith(f"{word}-") and not any(c.isdigit() for c in tag)) for word in _MOVING)


def run(subject: Subject) -> Iterator[Problem]:
    for at, tag in _tags(subject):
        if is_mutable(tag):
            key = show_route(at)
            what, help = (f"`{tag}`", "") if subject.states(at) else (f"`{key}`, `{tag}` by default,", f" in `{key}`")
            message = f"{what} can move: Git no longer says what runs"
            yield Problem(message, at, help=f"pin a version or a digest{help}")


def _tags(subject: Subject) -> Iterator[tuple[Route, str]]:
    for at, model in subject.models():
        yield (*at, "tag"), model.tag or ""
    if subject.stack.router_spec.enable_router:
        yield ("routerSpec", "tag"), subject.stack.router_spec.tag or ""
    if subject.stack.cache_server_spec.enable_server:
        yield ("cacheServerSpec", "image", "tag"), subject.stack.cache_server_spec.image.tag or ""
