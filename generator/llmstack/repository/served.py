"""What the environments of a repository serve, as their values say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, sort_findings
from llmstack.fit.question import version_of
from llmstack.flags import catalogue_for
from llmstack.kubernetes.accelerators import gpus_of_pod
from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.replicas import model_of, replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.model.models import Model
from llmstack.report.status import Served
from llmstack.repository.environments import Environment
from llmstack.repository.read import read_environment
from llmstack.repository.snapshot import Snapshot


def list_served(snapshot: Snapshot, environments: Sequence[Environment]) -> tuple[list[Finding], list[Served]]:
    """The models of these environments, in the order of their values, with the findings of reading."""
    readings = [read_environment(snapshot, environment) for environment in environments]
    findings = [finding for reading in readings for finding in reading.findings]
    subjects = [reading.subject for reading in readings if reading.subject is not None]
    return sort_findings(findings), [served for subject in subjects for served in _models(subject)]


def _models(subject: Subject) -> Iterator[Served]:
    objects = [placed.object for placed in subject.objects]
    owned = scalers(objects)
    workloads = {model_of(obj): obj for obj in objects if is_counted(str(obj.get("kind"))) and model_of(obj)}
    for _, model in subject.models():
        workload = workloads[model.name]
        replicas = replicas_of(workload, owned)
        resource, gpus = _gpus(workload, [pool.resource for pool in subject.stack.gitops.capacity or ()])
        yield Served(
            environment=subject.environment,
            model=model.name or "",
            image=f"{model.repository}:{model.tag}",
            vllm=_version(model),
            replicas=replicas,
            scales=identity_of(workload) in owned,
            gpus=gpus * replicas,
            resource=resource or None,
        )


def _gpus(workload: Object, declared: Sequence[str]) -> tuple[str, int]:
    """The accelerator that one replica takes most of, and how many."""
    found: dict[str, int] = {}
    for pod, number in specs_of_replica(workload):
        resource, gpus = gpus_of_pod(pod, declared)
        if resource:
            found[resource] = found.get(resource, 0) + gpus * number
    return max(found.items(), key=lambda item: (item[1], item[0])) if found else ("", 0)


def _version(model: Model) -> str | None:
    """vLLM's release, None where neither the tag nor the values name it."""
    match = catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version)
    return None if match.sureness == "guess" else version_of(model)
