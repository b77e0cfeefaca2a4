"""The API server refuses an object: one of `extraObjects`, one as an overlay in custom/ makes it, or a large one.

It takes no object of more than 3 MiB, and no more than 1 MiB of data in a Secret or a config map. And where an object
fits the schema of its kind, it asks for more: a selector selects the pods of its own template, GPUs are whole and their
limit is their request, a probe has one handler, several ports of a Service have names, `restartPolicy` of an init
container is `Always` or unset (before Kubernetes 1.35). Nothing of it is applied, and with Flux nothing of its unit.
`diff` says the same of every object as the risk `refused`.

Fix: correct the field. It is judged for `gitops.kubernetesVersion`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity, show_route
from llmstack.kubernetes.oversized import oversized
from llmstack.kubernetes.refused import refused_values
from llmstack.objects.placed import Placed
from llmstack.schemas import KUBERNETES_VERSIONS

RULE = Declaration("refused-object", Severity.ERROR, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    stated = subject.stack.gitops.kubernetes_version
    version = stated if stated in KUBERNETES_VERSIONS else KUBERNETES_VERSIONS[-1]
    for placed in subject.objects:
        for problem in oversized(placed.object):
            yield Problem(f"{_name(placed)}: {problem.message}", subject.route_of(placed), help=problem.help)
        if placed.unit == "extra" or subject.built is not None:
            for problem in refused_values(placed.object, version):
                message = f"{_name(placed)}: {show_route(problem.route)}: {problem.message}: the API server refuses it"
                yield Problem(message, (*subject.route_of(placed), *problem.route), help=problem.help)


def _name(placed: Placed) -> str:
    return f"{placed.object.get('kind')}/{placed.object['metadata'].get('name')}"
