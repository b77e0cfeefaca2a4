"""Prefix caches are cold for a while: requests go to other engines than before, or the cache server starts empty.

Why it matters: the prompt of a running conversation is in the KV cache of the engine that served it. Sent to another
one, it is computed from its beginning: the first tokens come later, and GPUs do work that was done.

How it is judged: `--routing-logic`, `--session-key` or another flag by which the router chooses an engine changes; or
the pods of the cache server restart, which keeps its content in memory; or its port or its number of replicas changes;
or a Service of engines, or of routers, no longer keeps a client at one pod (`sessionAffinity`).
That a restarted engine has lost its own cache goes without saying.

Fix: nothing needs to be done. Merge when few conversations run.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.pods import pod_labels, pod_templates, value_at
from llmstack.review.change import ObjectChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.ways_in.backends import Backend, Backends

RISK = Declaration("cold-cache", Severity.NOTE)

_CHOICE = (
    "--routing-logic",
    "--session-key",
    "--kv-aware-threshold",
    "--prefill-model-labels",
    "--decode-model-labels",
)
"""The router's flags by which it chooses an engine (production-stack, src/vllm_router/parsers/parser.py)."""
_CACHE_SERVERS = ("cache-server", "cacheserver")
"""Labels of cache servers: ours, and the chart's."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """Routers that choose otherwise, and cache servers that restart."""
    for change in assessment.changes:
        if change.before is None or change.after is None or change.identity in assessment.applied.refused:
            continue
        subject = change.key
        if _is_cache_server(change):
            yield from _of_cache_server(assessment, change)
        elif change.kind == "Service":
            yield from _of_service(assessment, change)
        elif change.restarts:
            [*sides] = (_router(side) for side in (change.before, change.after))
            if sides[0] is not None and sides[1] is not None:
                yield from _chosen_otherwise(assessment, subject, sides[0], sides[1])


def _of_cache_server(assessment: Assessment, change: ObjectChange) -> Iterator[Risk]:
    """A cache server that starts empty, has another address, or shares its content out."""
    advice = "Merge when few conversations run."
    if change.restarts:
        message = "the cache server starts empty: what it held of prefixes is computed again"
        yield RISK.at(change.key, message, advice)
    elif any(each.path.startswith("spec.ports") for each in change.changes):
        message = "the cache server has another port: engines go without it until they have restarted"
        yield RISK.at(change.key, message, advice)
    elif any(each.path == "spec.replicas" for each in change.changes):
        message = "each replica of the cache server has a content of its own: an engine finds what its own one holds"
        yield RISK.at(change.key, message, advice, path="spec.replicas")


def _of_service(assessment: Assessment, change: ObjectChange) -> Iterator[Risk]:
    """A Service of engines that sends a client's requests to any of them from now on (Kubernetes documentation,
    "Virtual IPs and Service Proxies", session affinity)."""
    was, now = (value_at(side, "spec", "sessionAffinity") for side in (change.before, change.after))
    selected = value_at(change.after, "spec", "selector") or {}
    if was != "ClientIP" or now == "ClientIP" or not selected:
        return
    engines = assessment.backends.among(assessment.after).values()
    if any(each.namespace == change.namespace and selected.items() <= each.labels.items() for each in engines):
        message = "the Service sends the requests of one client to any of its pods from now on: prefixes are cold"
        path = "spec.sessionAffinity"
        yield RISK.at(change.key, message, "Keep `sessionAffinity: ClientIP`.", path=path)


def _router(obj: object) -> Backend | None:
    found = list(Backends().among([obj]).values()) if isinstance(obj, dict) else []
    return found[0] if found and found[0].is_router else None


def _chosen_otherwise(assessment: Assessment, subject: str, before: Backend, after: Backend) -> Iterator[Risk]:
    moved = [flag for flag in _CHOICE if before.flags.get(flag) != after.flags.get(flag)]
    if moved:
        flags = ", ".join(
            f"`{flag}` {before.flags.get(flag, 'unset')} → {after.flags.get(flag, 'unset')}" for flag in moved
        )
        message = f"the router chooses engines otherwise ({flags}): sessions are spread anew, and prefixes are cold"
        path = f"spec.template.spec.containers[router-container].args[{moved[0]}]"
        yield RISK.at(subject, message, "Merge when few conversations run.", path=path)


def _is_cache_server(change: ObjectChange) -> bool:
    after = dict(change.after or {})
    labels = pod_labels(after)
    for _, template in pod_templates(after):
        labels = {**labels, **pod_labels(template)}
    return any(str(value) in _CACHE_SERVERS for value in labels.values())
