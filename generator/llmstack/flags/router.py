"""Which release of the router has what, as far as its image's tag tells.

Images are tagged with a release (`v0.1.12`), or with a build on the way to one, with the day it was made
(`0.1.9.dev9-g37bafbcf5.d20260107`); `latest`, digests and tags of one's own say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_TAG = re.compile(r"v?(?P<numbers>\d+\.\d+\.\d+)(?P<build>\.dev\d+)?(?:[-+._].*?d(?P<day>\d{8}))?(?:[-+._].*)?\Z")

Has = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Since:
    """The first release that has something, and the day from which builds between releases have it."""

    release: tuple[int, int, int]
    day: str
    source: str


FLAGS: Mapping[str, Since] = {
    "--k8s-service-discovery-type": Since((0, 1, 6), "20250815", "pull request 586"),
    "--lmcache-controller-reply-port": Since((0, 1, 11), "20260501", "pull request 908"),
}
"""Flags that llmstack derives and that came after the router's first releases (vllm-project/production-stack)."""

ROUTING_LOGICS: Mapping[str, Since] = {
    "loadaware": Since((0, 1, 13), "20260901", "pull request 1035"),
    "priority": Since((0, 1, 13), "20260801", "pull request 996"),
}
"""Values of `--routing-logic` that came later."""


def router_has(tag: str | None, since: Since) -> Has:
    """Whether the router in an image of this tag has something."""
    match = _TAG.fullmatch((tag or "").partition("@")[0])
    if match is None:
        return "unknown"
    if match["day"]:
        return "yes" if match["day"] >= since.day else "no"
    numbers = tuple(map(int, match["numbers"].split(".")))
    if match["build"]:  # a build before the release of these numbers
        return "no" if numbers < since.release else "unknown" if numbers == since.release else "yes"
    return "yes" if numbers >= since.release else "no"
