"""Rights that pods have of their ServiceAccount before a change, and not after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, pod_specs, told, value_at
from llmstack.kubernetes.roles import lost_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.kustomize.references import BINDINGS

Account = tuple[str, str]
"""Namespace and name of a ServiceAccount."""


class Loss(Struct, frozen=True):
    """A workload whose pods lose rights: `Kind/name`, the account that they run as then, the roles that it is not bound
    to, and what those that it is bound to no longer let it do, by role."""

    subject: str
    account: str
    roles: tuple[str, ...]
    narrowed: tuple[tuple[str, tuple[str, ...]], ...] = ()


def lost_rights(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Loss]:
    """Yield the workloads that stay and whose account is bound to fewer roles by the objects after than it was, or than
    the account of before was, or to roles that allow less (Kubernetes documentation, "Using RBAC Authorization")."""
    had, has = _roles(before), _roles(after)
    if not had:
        return
    less = _narrowed(before, after)
    accounts = {identity_of(obj): _account(obj) for obj in before if is_lasting(str(obj.get("kind")))}
    for obj in after:
        former, now = accounts.get(identity_of(obj)), _account(obj)
        sides = (had.get(former, frozenset()) if former is not None else frozenset()), has.get(now, frozenset())
        missing, kept = sides[0] - sides[1], sides[0] & sides[1]
        narrowed = tuple((told(role), less[role]) for role in sorted(kept) if role in less)
        if missing or narrowed:
            yield Loss(told(identity_of(obj)), now[1], tuple(sorted(map(told, missing))), narrowed)


def _narrowed(before: Iterable[Object], after: Iterable[Object]) -> dict[Identity, tuple[str, ...]]:
    """By role that stays: what it no longer allows, `list pods` each."""
    was = {identity_of(obj): obj for obj in before if obj.get("kind") in _ROLES}
    found = {}
    for obj in (obj for obj in after if obj.get("kind") in _ROLES):
        old = was.get(identity_of(obj))
        lost = lost_of(old, obj) if old is not None and old is not obj else ()
        if lost:
            found[identity_of(obj)] = lost
    return found


_ROLES = ("Role", "ClusterRole")


def _roles(objects: Iterable[Object]) -> Mapping[Account, frozenset[Identity]]:
    """By account: the roles that bindings give it."""
    found: dict[Account, set[Identity]] = {}
    for obj in objects:
        if obj.get("kind") not in BINDINGS:
            continue
        kind, here = str(value_at(obj, "roleRef", "kind")), str(value_at(obj, "metadata", "namespace") or "")
        role = kind, "" if kind == "ClusterRole" else here, str(value_at(obj, "roleRef", "name"))
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
