"""Requests that are being answered are cut off when their pods end.

Why it matters: an answer can take minutes. vLLM aborts running requests at SIGTERM: `--shutdown-timeout`, which lets
them finish, is 0 by default, and releases before 0.18 do not have it (vllm-project/vllm#43208). Every stream of a pod
that goes breaks, and clients have to ask again.

How it is judged: pods of an engine end because it restarts, is removed, has fewer replicas, or because the most that
its scaler gives gets less; and the arguments that the old pods run with set no `--shutdown-timeout`, or one that
`terminationGracePeriodSeconds` (30 seconds by default) cuts short, what a `preStop` sleep takes of it included
(Kubernetes documentation, "Pod Lifecycle", termination of pods). How many requests run at that time cannot be known.

Fix: set `gitops.drain` on the model, in a change of its own: it counts for the pods that start with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object, containers, pod_specs, value_at
from llmstack.kubernetes.quantities import whole
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural

RISK = Declaration("requests-cut", Severity.NOTE)

_FLAG = "--shutdown-timeout"
_GRACE = 30


def find(assessment: Assessment) -> Iterator[Risk]:
    """Engines whose pods end with what they are doing, told once each."""
    engines = {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in assessment.before if obj.get("kind") != "Pod"}
    told = set()
    for workload in (*assessment.workloads, *(assessment.most.workloads if assessment.most else ())):
        engine, ending = engines.get(workload.key), _ending(workload)
        if engine is None or not ending or workload.key in told or not _cuts(engine):
            continue
        told.add(workload.key)
        message = f"{ending}, and what they are answering is cut off: nothing in the pod waits for it"
        yield RISK.at(assessment, workload.key, message, "Set `modelSpec[].gitops.drain`, in a commit before this one.")


def _ending(workload: Workload) -> str:
    if workload.move == "restart" and workload.before:
        return "pods end one after another" if not workload.recreate else "all pods end at once"
    if workload.move in ("scale", "remove") and workload.after < workload.before:
        return f"up to {plural(workload.before - workload.after, 'pod')} end at once"
    return ""


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
    return any(word.rpartition("/")[2] == "vllm" or word.startswith("vllm.entrypoints") for word in words)


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
            return int(text) if text.isdecimal() else 0
    return 0
