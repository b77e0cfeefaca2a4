"""Requests that are running when a pod ends are cut.

Why it matters: an answer can take minutes. vLLM aborts running requests at SIGTERM: `--shutdown-timeout`, which lets
them finish, is 0 by default, and releases before 0.18 do not have it (vllm-project/vllm#43208). Clients see a broken
connection for each request that a replica was serving.

How it is judged: an engine's pods restart, are scaled down or are removed, and the arguments that the old pods run with
set no `--shutdown-timeout`, or one that `terminationGracePeriodSeconds` (30 seconds by default) cuts short, what a
`preStop` sleep takes of it included (Kubernetes documentation, "Pod Lifecycle", termination of pods). How many requests
run at that moment is not known. Its amount is the number of pods that end.

Fix: set `gitops.drain` on the model, in a change of its own: it counts for the pods that start with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object, containers, identity_of, pod_specs, value_at
from llmstack.kubernetes.quantities import read_whole, whole
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural

RISK = Declaration("requests-cut", Severity.NOTE, unit="pods")

_FLAG = "--shutdown-timeout"
_GRACE = 30
_BY_HAND = "Give it --shutdown-timeout, a preStop sleep and a terminationGracePeriodSeconds above both"


def find(assessment: Assessment) -> Iterator[Risk]:
    """A note for each engine whose pods end without waiting for what they serve, scalers at their most included."""
    most = assessment.most.workloads if assessment.most is not None else ()
    ending = {workload.identity: workload for workload in (*most, *assessment.workloads) if _ends_pods(workload)}
    for obj in assessment.before:
        workload = ending.get(identity_of(obj))
        if workload is not None and _cuts(obj):
            drain = "Set `gitops.drain` on the model" if assessment.near.has_values else _BY_HAND
            advice = f"{drain} in a change before this one, or merge at a time of few requests."
            ends = workload.before - (workload.after if workload.move == "scale" else 0)
            yield RISK.at(assessment, workload.key, _message(workload), advice, amount=ends)


def _message(workload: Workload) -> str:
    if workload.move == "scale":
        pods = plural(workload.before - workload.after, "pod")
        return f"up to {pods} end at once, and the requests they serve are cut: nothing lets the engine finish them"
    return "requests that run when a pod ends are cut: nothing lets the engine finish them"


def _ends_pods(workload: Workload) -> bool:
    if not workload.before:
        return False
    return workload.move in ("restart", "remove") or (workload.move == "scale" and workload.after < workload.before)


def _cuts(before: Object) -> bool:
    """Whether a pod of a workload runs vLLM, and does not wait for the requests that it serves."""
    return any(
        _runs_vllm(container) and not _waits(spec, container)
        for _, spec in pod_specs(dict(before))
        for kind, _, container in containers(spec)
        if kind == "containers"
    )


def _runs_vllm(container: Mapping[str, Any]) -> bool:
    words = _words(container)
    return any(word == "vllm" or word.endswith("/vllm") or word.startswith("vllm.entrypoints") for word in words)


def _waits(spec: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    finish = _shutdown_timeout(container)
    sleep = whole(value_at(container, "lifecycle", "preStop", "sleep", "seconds"), 0)
    return finish > 0 and finish + sleep < whole(spec.get("terminationGracePeriodSeconds"), _GRACE)


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for key in ("command", "args") for word in container.get(key) or ()]


def _shutdown_timeout(container: Mapping[str, Any]) -> int:
    """Seconds that vLLM waits for running requests; 0 where no argument says so."""
    words = _words(container)
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == _FLAG:
            text = value if equals else "".join(words[number + 1 : number + 2])
            return read_whole(text) or 0
    return 0
