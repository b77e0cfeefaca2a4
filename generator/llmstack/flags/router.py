"""Which release of the router has what, as far as its image's tag tells.

Images are tagged with a release (`v0.1.12`), or with a build on the way to one, which its numbers name
(`0.1.9.dev9-g37bafbcf5.d20260107`); `latest`, digests and tags of one's own say nothing, and neither does a build of
the release in which something came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_TAG = re.compile(r"v?(?P<numbers>\d+\.\d+\.\d+)(?P<build>\.dev\d+)?(?:[-+._].*)?\Z")

Has = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Since:
    """The first release whose notes name something, and the pull request that brought it."""

    release: tuple[int, int, int]
    source: str


FLAGS: Mapping[str, Since] = {
    "--k8s-service-discovery-type": Since((0, 1, 7), "pull request 586"),
    "--lmcache-controller-reply-port": Since((0, 1, 11), "pull request 908"),
}
"""Flags that llmstack derives and that came after the router's first releases (vllm-project/production-stack, release
notes of vllm-stack-0.1.7 and vllm-stack-0.1.11)."""

ROUTING_LOGICS: Mapping[str, Since] = {
    "loadaware": Since((0, 1, 13), "pull request 1035"),
    "priority": Since((0, 1, 13), "pull request 996"),
}
"""Values of `--routing-logic` that came later."""


def router_has(tag: str | None, since: Since) -> Has:
    """Whether the router in an image of this tag has something."""
    match = _TAG.fullmatch((tag or "").partition("@")[0])
    if match is None:
        return "unknown"
    numbers = tuple(map(int, match["numbers"].split(".")))
    if match["build"]:  # a build before the release of these numbers
        return "no" if numbers < since.release else "unknown" if numbers == since.release else "yes"
    return "yes" if numbers >= since.release else "no"
