"""Rights that pods have of their ServiceAccount before a change, and not after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmstack.kubernetes.pods import Object, identity_of, maps, pod_specs, told, value_at
from llmstack.kubernetes.workloads import is_lasting
from llmstack.kustomize.references import BINDINGS

Account = tuple[str, str]
"""Namespace and name of a ServiceAccount."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A workload whose pods lose roles: `Kind/name`, the account that they run as then, and what it is not bound to."""

    subject: str
    account: str
    roles: tuple[str, ...]


def lost_rights(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Loss]:
    """Yield the workloads that stay and whose account is bound to fewer roles by the objects after than it was, or than
    the account of before was (Kubernetes documentation, "Using RBAC Authorization")."""
    had, has = _roles(before), _roles(after)
    if not had:
        return
    accounts = {identity_of(obj): _account(obj) for obj in before if is_lasting(str(obj.get("kind")))}
    for obj in after:
        former, now = accounts.get(identity_of(obj)), _account(obj)
        missing = had.get(former, frozenset()) - has.get(now, frozenset()) if former is not None else frozenset()
        if missing:
            yield Loss(told(identity_of(obj)), now[1], tuple(sorted(missing)))


def _roles(objects: Iterable[Object]) -> Mapping[Account, frozenset[str]]:
    """By account: the roles that bindings give it, as `Role/name`."""
    found: dict[Account, set[str]] = {}
    for obj in objects:
        if obj.get("kind") not in BINDINGS:
            continue
        role = f"{value_at(obj, 'roleRef', 'kind')}/{value_at(obj, 'roleRef', 'name')}"
        here = str(value_at(obj, "metadata", "namespace") or "")
        for subject in maps(obj.get("subjects")):
            if subject.get("kind") == "ServiceAccount":
                account = str(subject.get("namespace") or here), str(subject.get("name"))
                found.setdefault(account, set()).add(role)
    return {account: frozenset(roles) for account, roles in found.items()}


def _account(obj: Object) -> Account:
    """The account that the pods of a workload run as."""
    spec = next((spec for _, spec in pod_specs(dict(obj))), {})
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    return identity_of(obj)[1], str(name)
