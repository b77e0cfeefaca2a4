"""What pods cannot start without: Secrets, config maps and claims, and whether they are there after the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from llmstack.kubernetes.pods import Object, containers, maps, pod_specs, value_at
from llmstack.kubernetes.workloads import WORKLOADS, is_lasting
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.way import Station

Need = tuple[str, str, str]
"""Kind, namespace and name of an object that a pod reads."""

_CLAIM = "PersistentVolumeClaim"
"""Told as `data-loss` where it goes."""

How = Literal["environment", "files"]

_FIELDS: Mapping[str, tuple[str, str, How]] = {
    "secretKeyRef": ("Secret", "name", "environment"),
    "secretRef": ("Secret", "name", "environment"),
    "secret": ("Secret", "secretName", "files"),
    "configMapKeyRef": ("ConfigMap", "name", "environment"),
    "configMapRef": ("ConfigMap", "name", "environment"),
    "configMap": ("ConfigMap", "name", "files"),
    "persistentVolumeClaim": (_CLAIM, "claimName", "files"),
}
"""By field of a pod: what it refers to, where the name stands, and how it is read.

A pod that reads one that is not there does not start
(Kubernetes documentation, "Secrets", optional Secrets; "ConfigMaps"; "Persistent Volumes")."""


def needs_of(workload: Object) -> set[Need]:
    """What the pods of a workload need to start."""
    read = {(kind, namespace, name) for kind, namespace, name, _, optional in reads_of(workload) if not optional}
    return read | set(_claimed(workload)) | set(stores_of(workload))


_CLAIMS = {"resourceClaimName": "ResourceClaim", "resourceClaimTemplateName": "ResourceClaimTemplate"}
"""By field of a pod's claim: what a pod waits for (kubernetes.io, "Dynamic Resource Allocation")."""


def _claimed(workload: Object) -> Iterator[Need]:
    namespace = str(workload["metadata"].get("namespace") or "")
    for _, spec in pod_specs(dict(workload)):
        for claim in maps(spec.get("resourceClaims")):
            for field, kind in _CLAIMS.items():
                if claim.get(field):
                    yield kind, namespace, str(claim[field])


STORE, _STORE_DRIVER = "SecretProviderClass", "secrets-store.csi.k8s.io"


def stores_of(workload: Object) -> Iterator[Need]:
    """Yield what says to the secrets store's driver which secrets to mount as files: without it no pod starts (Secrets
    Store CSI Driver, "Concepts", SecretProviderClass)."""
    namespace = str(workload["metadata"].get("namespace") or "")
    for _, spec in pod_specs(dict(workload)):
        for volume in maps(spec.get("volumes")):
            name = value_at(volume, "csi", "volumeAttributes", "secretProviderClass")
            if name and value_at(volume, "csi", "driver") == _STORE_DRIVER:
                yield STORE, namespace, str(name)


def reads_of(workload: Object) -> Iterator[tuple[str, str, str, How, bool]]:
    """Yield what the pods of a workload read: kind, namespace, name, how, and whether they start without it."""
    namespace = str(workload["metadata"].get("namespace") or "")
    for _, spec in pod_specs(dict(workload)):
        for kind, name, how, optional in _references(spec):
            yield kind, namespace, name, how, optional


def _references(value: Any) -> Iterator[tuple[str, str, How, bool]]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, Mapping):
        for field, item in value.items():
            if field in _FIELDS and isinstance(item, Mapping):
                kind, key, how = _FIELDS[field]
                name = item.get(key, item.get("name"))
                if isinstance(name, str) and name:
                    yield kind, name, how, item.get("optional") is True
            else:
                yield from _references(item)


def provided(objects: Iterable[Object]) -> dict[Need, Object]:
    """What the objects bring: themselves, and the Secrets that operators make of them, by what is made."""
    found: dict[Need, Object] = {}
    for obj in objects:
        namespace, name = str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"])
        kind = str(obj.get("kind"))
        if kind in ("Secret", "ConfigMap", _CLAIM, STORE, *_CLAIMS.values()):
            found[kind, namespace, name] = obj
        elif kind == "SealedSecret":
            found["Secret", namespace, str(value_at(obj, "spec", "template", "metadata", "name") or name)] = obj
        elif kind == "ExternalSecret":
            found["Secret", namespace, str(value_at(obj, "spec", "target", "name") or name)] = obj
    return found


def broken_needs(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Break]:
    """Yield what pods need, and what goes with this change, whole or a key of it, or is in another namespace."""
    had, has = provided(before), provided(after)
    gone = gone_needs(had, has)
    yield from _missing_needs(before, after, has, gone)
    yield from _missing_keys(after, _lost_keys(had, has))
    yield from _missing_pull_secrets(after, gone)


def gone_needs(had: Mapping[Need, Object], has: Mapping[Need, Object]) -> dict[Need, Object]:
    """What is there no longer of what pods may read, of what was brought before (`had`) and is after (`has`), with the
    object that brought it. A claim stays while pods mount it."""
    return {need: obj for need, obj in had.items() if need not in has and need[0] != _CLAIM and _goes(obj)}


def stays_in(kind: str) -> str:
    """What is said of a pod that waits for what it reads, of a kind."""
    if kind == STORE:
        return "ContainerCreating"
    return "Pending" if kind in _CLAIMS.values() else "CreateContainerConfigError"


def _missing_needs(
    before: Sequence[Object], after: Sequence[Object], has: Mapping[Need, Object], gone: Mapping[Need, Object]
) -> Iterator[Break]:
    """What pods read and what goes with this change, or what is in another namespace than they are."""
    namespaces = {str(obj["metadata"].get("namespace") or "") for obj in before}
    moved = {_place(obj): obj for obj in before if is_lasting(str(obj.get("kind")))}
    for workload in after:
        if str(workload.get("kind")) not in WORKLOADS:
            continue
        namespace = str(workload["metadata"].get("namespace") or "")
        if not gone and namespace in namespaces:
            continue
        needs = needs_of(workload)
        for need in sorted(needs & gone.keys()):
            yield _deleted(workload, need, gone[need])
        source = moved.get(_place(workload))
        if namespace not in namespaces and source is not None:
            yield from _left_behind(workload, source, sorted(needs - has.keys()))


def pull_secrets(pod: Mapping[str, Any]) -> set[str]:
    """The Secrets that a pod's images are pulled with, by name."""
    return {str(each["name"]) for each in maps(pod.get("imagePullSecrets")) if each.get("name")}


def _missing_pull_secrets(after: Sequence[Object], gone: Mapping[Need, Object]) -> Iterator[Break]:
    """The Secrets that images are pulled with, and that go with this change."""
    for workload in after if gone else ():
        namespace = str(workload["metadata"].get("namespace") or "")
        for name in sorted({name for _, spec in pod_specs(dict(workload)) for name in pull_secrets(spec)}):
            if ("Secret", namespace, name) in gone:
                key = f"{workload['kind']}/{workload['metadata']['name']}"
                yield Break(
                    key,
                    f"Secret `{name}` goes, and pods pull their images with it: what runs goes on, and a pod that "
                    "starts on a node without the image does not, where the registry asks for it (ImagePullBackOff)",
                    f"Keep it, or have another one of that name made in namespace `{namespace}` right after the merge.",
                    milder=True,
                    stations=(Station("Secret", name), Station("pods", key)),
                )


def _missing_keys(after: Sequence[Object], lost: Mapping[Need, set[str]]) -> Iterator[Break]:
    """What pods read a key of that goes with this change, while the rest of it stays."""
    for workload in after if lost else ():
        if not is_lasting(str(workload.get("kind"))):
            continue
        for need, key, how in sorted(set(keys_read(workload))):
            if key in lost.get(need, ()):
                subject = f"{workload['kind']}/{workload['metadata']['name']}"
                yield Break(
                    subject,
                    f"{need[0]} `{need[2]}` loses the key `{key}`, which pods read: what runs goes on, and no pod that "
                    f"starts after that gets ready ({WITHOUT_KEY[how]})",
                    "Keep the key until no pod reads it any more.",
                    stations=(Station(need[0], f"{need[2]} {key}"), Station("pods", subject)),
                )


def _lost_keys(had: Mapping[Need, Object], has: Mapping[Need, Object]) -> dict[Need, set[str]]:
    """The keys that each object loses, of those that say all their keys on both sides."""
    found = {}
    for need in had.keys() & has.keys():
        old, new = keys_of(had[need]), keys_of(has[need])
        if old and new is not None and old - new:
            found[need] = old - new
    return found


WITHOUT_KEY: Mapping[How, str] = {"environment": "CreateContainerConfigError", "files": "ContainerCreating"}
"""In what a pod stays that reads a key which is not there."""


def keys_read(workload: Object) -> Iterator[tuple[Need, str, How]]:
    """Yield each key that pods cannot start without, with the Secret or config map that has it, and how it is read."""
    namespace = str(workload["metadata"].get("namespace") or "")
    for _, spec in pod_specs(dict(workload)):
        entries = [each for _, _, container in containers(spec) for each in maps(container.get("env"))]
        for kind, source, _ in _sources(value_at(each, "valueFrom") for each in entries):
            if source.get("key"):
                yield (kind, namespace, str(source["name"])), str(source["key"]), "environment"
        volumes = [*maps(spec.get("volumes"))]
        volumes += [source for each in volumes for source in maps(value_at(each, "projected", "sources"))]
        for kind, source, name in _sources(volumes):
            for item in maps(source.get("items")):
                yield (kind, namespace, name), str(item.get("key")), "files"


def _sources(holders: Iterable[Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """The Secrets and config maps that are named and not optional: kind, reference and name."""
    for holder in holders:
        for field, (kind, key, _) in _FIELDS.items() if isinstance(holder, Mapping) else ():
            source = holder.get(field) if kind != _CLAIM else None
            name = source.get(key, source.get("name")) if isinstance(source, Mapping) else None
            if name and source is not None and source.get("optional") is not True:
                yield kind, source, str(name)


def keys_of(obj: Object) -> set[str] | None:
    """The keys of a Secret or config map that an object brings; None where it does not say them all."""
    if obj.get("kind") == "ExternalSecret":
        whole = value_at(obj, "spec", "dataFrom") or value_at(obj, "spec", "target", "template")
        return None if whole else {str(each.get("secretKey")) for each in maps(value_at(obj, "spec", "data"))}
    if obj.get("kind") == "SealedSecret":
        templated = value_at(obj, "spec", "template", "data")
        return None if templated else set(value_at(obj, "spec", "encryptedData") or ())
    return {key for field in ("data", "stringData", "binaryData") for key in obj.get(field) or ()}


def _place(obj: Object) -> tuple[str, str]:
    return str(obj.get("kind")), str(obj["metadata"]["name"])


def _goes(obj: Object) -> bool:
    """Whether what an object brings goes with it.

    An ExternalSecret owns its Secret unless `creationPolicy` says otherwise, and a SealedSecret does (External Secrets
    documentation, "Lifecycle"; bitnami-labs/sealed-secrets, README): the garbage collector then deletes it.
    """
    annotations = value_at(obj, "metadata", "annotations") or {}
    if str(annotations.get("kustomize.toolkit.fluxcd.io/prune", "")).lower() == "disabled":
        return False
    if "prune=false" in str(annotations.get("argocd.argoproj.io/sync-options", "")).lower().replace(" ", ""):
        return False
    if obj.get("kind") == "ExternalSecret":
        return (value_at(obj, "spec", "target", "creationPolicy") or "Owner") == "Owner"
    return True


def _deleted(workload: Object, need: Need, holder: Object) -> Break:
    kind, namespace, name = need
    owned = holder.get("kind") != kind
    how = f"goes with the {holder.get('kind')} that owns it" if owned else "is deleted"
    advice = f"Keep it, or have another {kind} of that name made in namespace `{namespace}` right after the merge."
    if holder.get("kind") == "ExternalSecret":
        advice = "In a commit before, set `target.creationPolicy: Orphan`: then the Secret stays when its owner goes."
    key = f"{workload['kind']}/{workload['metadata']['name']}"
    what = "claim by it" if kind in _CLAIMS.values() else "read it"
    return Break(
        key,
        f"{kind} `{name}` {how}, and pods {what}: what runs goes on, and no pod that starts after that gets ready "
        f"({stays_in(kind)})",
        advice,
        stations=(Station(kind, name), Station("pods", key)),
    )


def _left_behind(workload: Object, source: Object, needs: Sequence[Need]) -> Iterator[Break]:
    if not needs:
        return
    old, new = (str(obj["metadata"].get("namespace") or "") for obj in (source, workload))
    names = ", ".join(f"{kind} `{name}`" for kind, _, name in needs)
    key = f"{workload['kind']}/{workload['metadata']['name']}"
    yield Break(
        key,
        f"it moves from namespace `{old}` to `{new}`, and {names} there is made by nothing here: unless "
        f"{'they are' if len(needs) > 1 else 'it is'} there, no pod starts, and those of before are gone",
        f"Make {'them' if len(needs) > 1 else 'it'} in namespace `{new}` before the merge.",
        stations=(Station(needs[0][0], needs[0][2]), Station("pods", key)),
    )
