"""Something in the cluster may do more than before.

Why it matters: what syncs clusters/ applies every file below it with the rights of the sync tool, usually those of the
whole cluster. A role binding in a pull request about models is a way to become its administrator.

How it is judged: objects of the API group rbac.authorization.k8s.io that a file of clusters/ brings or changes where
llmstack did not write it; ClusterRoles, ClusterRoleBindings, and bindings to cluster-admin anywhere in the change; pods
that are privileged or use the host's namespaces or paths, in files of clusters/. A warning; an error for cluster-admin
and for a role that allows everything.

Fix: bind a Role of one namespace with the verbs that are needed, or keep such objects in the repository of those who
run the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object, pod_specs
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.sync.manifests import mapping, sequence

RISK = Declaration("privilege", Severity.ERROR, milder=Severity.WARNING)
GROUP = "rbac.authorization.k8s.io/"
ADMIN = "cluster-admin"


def find(assessment: Assessment) -> Iterator[Risk]:
    """Rights that a file of clusters/ brings, and those of the whole cluster that units bring."""
    for brought in assessment.near.brought:
        said = _says(brought.after, of_cluster=True)
        if said is not None and (brought.before is None or _grants(brought.before) != _grants(brought.after)):
            yield _risk(assessment, brought.after, said, f" (in {brought.path}, which llmstack did not write)")
    for change in assessment.changes:
        if change.after is None or (change.before is not None and _grants(change.before) == _grants(change.after)):
            continue
        said = _says(change.after, of_cluster=False)
        if said is not None:
            yield _risk(assessment, change.after, said, "")


def _risk(assessment: Assessment, object: Object, said: str, where: str) -> Risk:
    subject = f"{object.get('kind')}/{mapping(object.get('metadata')).get('name')}"
    advice = "Bind a Role of one namespace with the verbs that are needed, or keep this out of the repository."
    return RISK.at(assessment, subject, f"{said}{where}", advice, milder=not _is_admin(object))


def _grants(object: Object) -> tuple[Any, ...]:
    return tuple(object.get(key) for key in ("roleRef", "subjects", "rules", "aggregationRule", "spec"))


def _says(object: Object, *, of_cluster: bool) -> str | None:
    """What an object allows; None for what allows nothing, or in a unit nothing beyond a namespace."""
    kind = str(object.get("kind"))
    if str(object.get("apiVersion")).startswith(GROUP):
        if not (of_cluster or kind.startswith("Cluster") or _is_admin(object)):
            return None
        if kind.endswith("Binding"):
            role = mapping(object.get("roleRef"))
            subjects = ", ".join(
                f"{each.get('kind')} `{each.get('name')}`" for each in map(mapping, sequence(object.get("subjects")))
            )
            return f"it gives {role.get('kind')} `{role.get('name')}` to {subjects or 'nobody'}"
        return "it allows everything" if _is_admin(object) else f"it makes rights that a binding can give: {kind}"
    if not of_cluster:
        return None
    held = [name for spec in pod_specs(dict(object)) for name in _host_rights(spec)]
    return f"its pods get {', '.join(dict.fromkeys(held))}" if held else None


def _host_rights(spec: Any) -> Iterator[str]:
    yield from (f"`{key}`" for key in ("hostNetwork", "hostPID", "hostIPC") if mapping(spec).get(key) is True)
    if any("hostPath" in mapping(volume) for volume in sequence(mapping(spec).get("volumes"))):
        yield "paths of the host"
    for container in map(mapping, sequence(mapping(spec).get("containers"))):
        if mapping(container.get("securityContext")).get("privileged") is True:
            yield "a privileged container"


def _is_admin(object: Object) -> bool:
    """Whether it gives cluster-admin, or every verb on every resource."""
    if mapping(object.get("roleRef")).get("name") == ADMIN:
        return True
    rules = [mapping(rule) for rule in sequence(object.get("rules"))]
    return any("*" in sequence(rule.get("verbs")) and "*" in sequence(rule.get("resources")) for rule in rules)
