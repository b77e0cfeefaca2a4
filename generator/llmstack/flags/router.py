"""Which release of the router has what, as far as its image's tag tells.

Images are tagged with a release (`v0.1.12`), or with a build on the way to one, which its numbers name
(`0.1.9.dev9-g37bafbcf5.d20260107`); `latest`, digests and tags of one's own say nothing, and neither does a build of
the release in which something came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

_TAG = re.compile(r"v?(?P<numbers>\d+\.\d+\.\d+)(?P<build>\.dev\d+)?(?:[-+._].*)?\Z")

Has = Literal["yes", "no", "unknown"]


class Since(Struct, frozen=True):
    """The first release whose notes name something, and the pull request that brought it."""

    release: tuple[int, int, int]
    source: str

    def __str__(self) -> str:
        return ".".join(map(str, self.release))


class Change(Struct, frozen=True):
    """What the router does otherwise since a release, with no flag for it; with one routing `logic` alone, where it
    names one."""

    since: Since
    text: str
    logic: str = ""


_SENTRY, _OTEL = Since((0, 1, 3), "pull request 395"), Since((0, 1, 9), "pull request 772")
_PRIORITY, _LOAD = Since((0, 1, 13), "pull request 996"), Since((0, 1, 13), "pull request 1035")

FLAGS: Mapping[str, Since] = {
    "--k8s-service-discovery-type": Since((0, 1, 7), "pull request 586"),
    "--lmcache-controller-reply-port": Since((0, 1, 11), "pull request 908"),
    "--loadaware-beta": _LOAD,
    "--otel-endpoint": _OTEL,
    "--otel-secure": _OTEL,
    "--otel-service-name": _OTEL,
    "--priority-default": _PRIORITY,
    "--priority-field": _PRIORITY,
    "--priority-header": _PRIORITY,
    "--priority-threshold": _PRIORITY,
    "--sentry-dsn": _SENTRY,
    "--sentry-profile-session-sample-rate": Since((0, 1, 7), "pull request 624"),
    "--static-aliases": Since((0, 1, 3), "pull request 397"),
    "--static-model-types": Since((0, 1, 3), "pull request 430"),
}
"""Flags that came after the router's first release, as far as the notes of its releases tell (vllm-project/
production-stack, vllm-stack-0.1.1 to 0.1.13); of others nobody has said in which release they came."""

ROUTING_LOGICS: Mapping[str, Since] = {
    "disaggregated_prefill": Since((0, 1, 3), "pull request 435"),
    "kvaware": Since((0, 1, 3), "pull request 403"),
    "loadaware": _LOAD,
    "prefixaware": Since((0, 1, 3), "pull request 432"),
    "priority": _PRIORITY,
}
"""Values of `--routing-logic` that came later, from the same notes."""

CHANGES: tuple[Change, ...] = (
    Change(
        Since((0, 1, 7), "pull request 602"),
        "A pod that is being ended no longer counts as ready.",
    ),
    Change(
        Since((0, 1, 8), "pull request 673"),
        "kvaware routing is built with LMCache 0.3.5: engines with an older LMCache have to follow.",
        logic="kvaware",
    ),
    Change(
        Since((0, 1, 9), "pull request 767"),
        "More than 100 requests to a model run at once: until then the router's HTTP client held the others back.",
    ),
    Change(
        Since((0, 1, 9), "pull request 768"),
        "Several replicas of the router no longer race as they start.",
    ),
    Change(Since((0, 1, 9), "pull request 691"), "/v1/responses is routed."),
    Change(Since((0, 1, 10), "pull request 820"), "The image and audio endpoints are routed."),
    Change(Since((0, 1, 10), "pull request 832"), "--log-level governs the router's own log as well."),
    Change(Since((0, 1, 10), "pull request 813"), "Metrics count tokens and errors by model."),
    Change(
        Since((0, 1, 13), "pull request 1017"),
        "A request whose body cannot be read is answered with 400.",
    ),
)
"""What the same notes tell of the router's behaviour, in the order of releases."""


def names_release(tag: str) -> bool:
    """Whether a tag says which release of the router it is, or which it is a build of."""
    return _TAG.fullmatch(tag.partition("@")[0]) is not None


def router_has(tag: str | None, since: Since) -> Has:
    """Whether the router in an image of this tag has something."""
    match = _TAG.fullmatch((tag or "").partition("@")[0])
    if match is None:
        return "unknown"
    numbers = tuple(map(int, match["numbers"].split(".")))
    if match["build"]:  # a build before the release of these numbers
        return "no" if numbers < since.release else "unknown" if numbers == since.release else "yes"
    return "yes" if numbers >= since.release else "no"
