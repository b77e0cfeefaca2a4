"""Argo CD's Applications on a control plane: asked to look again, waited for, and what they say."""

from __future__ import annotations

from collections.abc import Iterable

from llmstack.tree.argo import NAMESPACE
from tests.cluster.kubectl import Kubectl, Object, wait_until

PATIENCE = 180.0
"""Seconds that all Applications of an environment have to come to a commit."""


def refresh(kubectl: Kubectl, *names: str) -> None:
    """Have Argo CD compare Applications with their repository now, all of them where none is named.

    The annotation is the one that `argocd app get --refresh` sets; the controller takes it away once it has looked.
    """
    asked = "argocd.argoproj.io/refresh=normal"
    kubectl("annotate", "--overwrite", "applications", *(names or ["--all"]), "-n", NAMESPACE, asked)


def applications(kubectl: Kubectl) -> dict[str, Object]:
    """Every Application by name."""
    return {each["metadata"]["name"]: each for each in kubectl.items("applications", NAMESPACE)}


def synced_at(kubectl: Kubectl, commit: str, names: Iterable[str]) -> None:
    """Wait until there are these Applications, each synced at a commit and healthy; fails with what the others say."""
    wanted = set(names)

    def behind() -> dict[str, str]:
        found = applications(kubectl)
        missing = dict.fromkeys(wanted - found.keys(), "not there")
        others = {name: said for name in wanted & found.keys() if (said := lacking(found[name], commit))}
        late = [name for name in others if revision(found[name]) != commit]
        if late:
            refresh(kubectl, *late)
        return missing | others

    try:
        wait_until(lambda: not behind(), f"synced at {commit}", PATIENCE)
    except AssertionError:
        raise AssertionError(f"not synced at {commit}: {behind()}") from None


def revision(application: Object) -> str:
    """The commit that an Application was compared with; empty before it was."""
    return str(application.get("status", {}).get("sync", {}).get("revision", ""))


def operated(application: Object) -> str:
    """The commit that an Application was last synced to with success; empty where it never was, or is being synced."""
    state = application.get("status", {}).get("operationState", {})
    return str(state.get("syncResult", {}).get("revision", "")) if state.get("phase") == "Succeeded" else ""


def sync_status(application: Object) -> str:
    return str(application.get("status", {}).get("sync", {}).get("status", "Unknown"))


def health(application: Object) -> str:
    return str(application.get("status", {}).get("health", {}).get("status", "Unknown"))


def said(application: Object) -> str:
    """The messages of an Application's conditions, and of its last operation."""
    status = application.get("status", {})
    texts = [each["message"] for each in status.get("conditions", ())]
    return " ".join([*texts, str(status.get("operationState", {}).get("message", ""))]).strip()


def out_of_sync(application: Object) -> list[str]:
    """The objects of an Application that are not as in Git: `Kind/name`."""
    resources = application.get("status", {}).get("resources", ())
    return [f"{each['kind']}/{each['name']}" for each in resources if each.get("status") not in ("Synced", None)]


def lacking(application: Object, commit: str) -> str:
    """What keeps an Application from being synced at a commit and healthy; empty when it is."""
    states = (revision(application) == commit, sync_status(application) == "Synced", health(application) == "Healthy")
    phase = application.get("status", {}).get("operationState", {}).get("phase", "Succeeded")
    if all(states) and phase == "Succeeded":
        return ""
    words = [revision(application)[:8], sync_status(application), health(application), phase]
    return " ".join([*words, *out_of_sync(application), said(application)])
