"""Two environments would write the same objects of one cluster.

Names come from the release and the namespace. Two environments that name the same `gitops.sync.cluster`, one
namespace and one release write objects of the same names: each sync undoes the other's, and removing one
environment removes the other's objects. The milder form: both write the same Namespace. An environment that
names no cluster is not compared.

Fix: give one of them another `gitops.release` or `gitops.namespace`, or name the right cluster.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.neighbour import Neighbour
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.gitops import Gitops

RULE = Declaration("env-collision", Severity.ERROR, milder=Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    own = subject.stack.gitops
    if own.sync.cluster is None:
        return
    for name, other in sorted(subject.others.items()):
        if not _same_place(own, other):
            continue
        shared = f"cluster `{own.sync.cluster}` and namespace `{own.namespace}`"
        if own.release == other.release:
            message = f"`{subject.environment}` and `{name}` share {shared}, under the same release `{own.release}`"
            yield Problem(
                message,
                ("gitops", "sync", "cluster"),
                help="name the right cluster, or give one of them another gitops.release or gitops.namespace",
            )
        elif own.create_namespace and other.writes_namespace:
            message = f"`{subject.environment}` and `{name}` both write the Namespace of {shared}"
            yield Problem(message, ("gitops", "createNamespace"), help="let one of them write it", milder=True)


def _same_place(own: Gitops, other: Neighbour) -> bool:
    return own.sync.cluster == other.cluster and own.namespace == other.namespace
