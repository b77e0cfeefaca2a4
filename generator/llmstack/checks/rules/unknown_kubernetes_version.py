"""`gitops.kubernetesVersion` names a version whose schemas do not come with llmstack.

Objects are validated against the schemas of one Kubernetes version, without a network.

Fix: name one of the versions that the finding lists, as `"1.34"` with quotes. The check cannot be turned off.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.schemas import KUBERNETES_VERSIONS

RULE = Declaration("unknown-kubernetes-version", Severity.ERROR, foundation=True)


def run(subject: Subject) -> Iterator[Problem]:
    version = subject.stack.gitops.kubernetes_version
    if version not in KUBERNETES_VERSIONS:
        short = ".".join(version.removeprefix("v").split(".")[:2])
        help = f'write "{short}"' if short in KUBERNETES_VERSIONS else f"there are {', '.join(KUBERNETES_VERSIONS)}"
        yield Problem(f"there are no schemas of Kubernetes `{version}`", ("gitops", "kubernetesVersion"), help=help)
