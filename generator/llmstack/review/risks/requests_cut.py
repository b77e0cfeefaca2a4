"""Requests that are being answered are cut off when their pods end.

Why it matters: vLLM ends on SIGTERM with what it is doing (`--shutdown-timeout` is 0 where it is not set:
vllm-project/vllm#43208), so that every stream of a pod that goes breaks, and clients have to ask again.

How it is judged: pods of an engine end because it restarts, has fewer replicas, or because the most that its scaler
gives gets less; nothing in the pod waits for running requests: neither `--shutdown-timeout` above 0 nor a preStop hook.
How many requests run at that time cannot be known.

Fix: `modelSpec[].gitops.drain`, which sets both and the grace period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import model_of, specs_of_replica
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural

RISK = Declaration("requests-cut", Severity.NOTE)

_WAITS = "--shutdown-timeout"


def find(assessment: Assessment) -> Iterator[Risk]:
    """Engines whose pods end with what they are doing, told once each."""
    engines = {
        f"{obj['kind']}/{obj['metadata']['name']}": obj
        for obj in assessment.before
        if obj.get("kind") == "Deployment" and model_of(obj) is not None
    }
    told = set()
    for workload in (*assessment.workloads, *(assessment.most.workloads if assessment.most else ())):
        obj = engines.get(workload.key)
        ending = _ending(workload)
        if obj is None or not ending or workload.key in told or not _serves(obj) or _drains(obj):
            continue
        told.add(workload.key)
        message = f"{ending}, and what they are answering is cut off: nothing in the pod waits for it"
        yield RISK.at(assessment, workload.key, message, "Set `modelSpec[].gitops.drain`, in a commit before this one.")


def _ending(workload: Workload) -> str:
    if workload.move == "restart":
        return "pods end one after another" if not workload.recreate else "all pods end at once"
    if workload.move == "scale" and workload.after < workload.before:
        return f"up to {plural(workload.before - workload.after, 'pod')} end at once"
    return ""


def _serves(obj: Object) -> bool:
    """Whether its pod runs `vllm serve`, as far as its command says."""
    containers = [container for pod, _ in specs_of_replica(obj) for container in pod.get("containers") or ()]
    return any(
        str(word).rpartition("/")[2] == "vllm" for container in containers for word in container.get("command") or ()
    )


def _drains(obj: Object) -> bool:
    pod: Mapping[str, object] = specs_of_replica(obj)[0][0]
    containers = pod.get("containers")
    for container in containers if isinstance(containers, list) else ():
        words = [str(word) for word in container.get("args") or ()]
        if (container.get("lifecycle") or {}).get("preStop") or any(_waits(words, at) for at in range(len(words))):
            return True
    return False


def _waits(words: list[str], at: int) -> bool:
    flag, equals, value = words[at].partition("=")
    given = value if equals else words[at + 1] if at + 1 < len(words) else ""
    return flag == _WAITS and given not in ("", "0")
