"""Which router has what, by its image's tag alone; where that does not say, nothing is said."""

from __future__ import annotations

import pytest

from llmstack.flags.router import FLAGS, ROUTING_LOGICS, router_has

BY_NAME, REPLY = FLAGS["--k8s-service-discovery-type"], FLAGS["--lmcache-controller-reply-port"]


@pytest.mark.parametrize(
    ("tag", "by_name", "reply"),
    [
        ("v0.1.6", "no", "no"), ("0.1.7", "yes", "no"), ("v0.1.10", "yes", "no"), ("v0.1.11", "yes", "yes"),
        ("v0.1.13-rocm", "yes", "yes"), ("0.1.9.dev9-g37bafbcf5.d20260107", "yes", "no"),
        ("0.1.7.dev3-g0000000.d20250801", "unknown", "no"), ("0.1.11.dev1", "yes", "unknown"),
        ("latest", "unknown", "unknown"), ("", "unknown", "unknown"), (None, "unknown", "unknown"),
        ("sha256:0123", "unknown", "unknown"), ("v0.1.11@sha256:0123", "yes", "yes"), ("nightly-20260901", "unknown", "unknown"),
    ],
)  # fmt: skip
def test_what_a_tag_says(tag: str | None, by_name: str, reply: str) -> None:
    assert (router_has(tag, BY_NAME), router_has(tag, REPLY)) == (by_name, reply)


@pytest.mark.parametrize(
    ("tag", "lacks"),
    [
        ("v0.1.2", {"disaggregated_prefill", "kvaware", "loadaware", "prefixaware", "priority"}),
        ("v0.1.12", {"loadaware", "priority"}),
        ("v0.1.13", set()),
    ],
)
def test_logics_came_with_releases(tag: str, lacks: set[str]) -> None:
    assert {name for name, since in ROUTING_LOGICS.items() if router_has(tag, since) == "no"} == lacks
