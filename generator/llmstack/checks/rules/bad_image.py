"""An image has a name that no runtime takes.

A reference is a repository in lower-case letters, digits and separators, with a registry before it perhaps, a tag of at
most 128 characters, and a digest (distribution/reference, the grammar above the package): no scheme, blank, second tag
or letter of another alphabet that only looks like a Latin one. The pod would wait in InvalidImageName for good.

Fix: write the repository under `repository` and the tag or the digest under `tag`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.objects.images import image_of

RULE = Declaration("bad-image", Severity.ERROR, alone=True)

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]+\])(?::[0-9]{{1,5}})?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LONGEST = 255
"""Characters of registry and path together."""


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    for at, model in subject.models():
        yield from _check(subject, at, model.repository, model.tag, model.registry)
        for number, container in enumerate(model.init_container or ()):
            where: Route = (*at, "initContainer", number, "image")
            if container.image and not _is_reference(container.image):
                written = where if subject.states(where) else (*at, "initContainer", "image")
                yield _problem(written, container.image)
    router, cache = stack.router_spec, stack.cache_server_spec
    if router.enable_router:
        yield from _check(subject, ("routerSpec",), router.repository, router.tag, router.registry)
    if cache.enable_server:
        image = cache.image
        yield from _check(subject, ("cacheServerSpec", "image"), image.repository, image.tag, cache.registry)


def _check(
    subject: Subject, at: Route, repository: str | None, tag: str | None, registry: str | None
) -> Iterator[Problem]:
    """Yield what is wrong with an image of two keys, at the one that is wrong."""
    alone = image_of(subject.stack, repository, None, registry)
    whole = image_of(subject.stack, repository, tag, registry)
    if repository and alone is not None and not _is_reference(alone):
        yield _problem((*at, "repository"), repository)
    elif tag and whole is not None and not _is_reference(whole):
        yield _problem((*at, "tag"), whole)


def _problem(route: Route, text: str) -> Problem:
    odd = next((character for character in text if not character.isascii()), None)
    foreign = f": `{odd}` is U+{ord(odd):04X}, no letter of ASCII" if odd else ""
    help = "a repository in lower case, as in ghcr.io/org/name; a tag of letters, digits, `.`, `_`, `-`, or a digest"
    if re.search(r":[^:/@]+(?::|$)", text.partition("@")[0]) and route[-1] != "image":
        help = "the tag stands under `tag` alone: leave it out of `repository`"
    return Problem(f"`{text}` makes no name of an image that a runtime takes{foreign}", route, help=help)


def _is_reference(text: str) -> bool:
    """Whether a text is a reference to an image; one with a variable or template in it is not known yet."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return False
    name, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        name, tag = rest, ""
    elif not _TAG.fullmatch(tag):
        return False
    first, slash, path = name.partition("/")
    registry = slash and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    return len(name) <= _LONGEST and bool(
        _REGISTRY.fullmatch(first) and _PATH.fullmatch(path) if registry else _PATH.fullmatch(name)
    )
