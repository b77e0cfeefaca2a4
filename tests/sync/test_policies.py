"""What the sync tool is told of single objects: fluxcd/pkg, ssa/utils/meta.go, takes labels and annotations alike."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.applied import what_is_applied
from llmstack.review.compare import compare
from llmstack.review.surroundings import Surroundings
from llmstack.sync.policies import Tool, at_each_sync, is_kept, is_made_anew, is_renewed, why_skipped
from llmstack.sync.side import OwnerChange

FLUX = "kustomize.toolkit.fluxcd.io"
ARGO = "argocd.argoproj.io"


def config(data: str = "a", **metadata: Any) -> dict[str, Any]:
    named = {"name": "a", "namespace": "llm", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {"a": data}}


@pytest.mark.parametrize("where", ["annotations", "labels"])
@pytest.mark.parametrize(
    ("key", "value", "new", "changed"),
    [
        ("reconcile", "disabled", "reconcile", "reconcile"),
        ("reconcile", "Disabled", "reconcile", "reconcile"),
        ("reconcile", "enabled", None, None),
        ("ssa", "Ignore", "ssa-ignore", "ssa-ignore"),
        ("ssa", "IfNotPresent", None, "ssa-if-not-present"),
        ("ssa", "Merge", None, None),
    ],
)
def test_what_flux_passes_over(where: str, key: str, value: str, new: str | None, changed: str | None) -> None:
    metadata = {where: {f"{FLUX}/{key}": value}}
    assert why_skipped(config(**metadata), exists=False) == new
    assert why_skipped(config(**metadata), exists=True) == changed
    before, after = config("a", **metadata), config("b", **metadata)
    reached = what_is_applied(compare({"u": [before]}, {"u": [after]}), [before], [after], Surroundings())
    assert [each["data"]["a"] for each in reached.after] == ["a" if changed else "b"]
    assert [why for _, why in reached.held] == ([changed] if changed else [])
    assert len(reached.changes) == (0 if changed else 1)


@pytest.mark.parametrize(
    ("annotations", "pruned", "with_owner"),
    [
        ({f"{FLUX}/prune": "disabled"}, True, True),
        ({f"{FLUX}/reconcile": "disabled"}, False, False),
        ({f"{ARGO}/sync-options": "Prune=false"}, True, False),
        ({f"{ARGO}/sync-options": "ServerSideApply=true, Delete=false"}, False, True),
        ({"helm.sh/resource-policy": "keep"}, False, True),
    ],
)
def test_what_stays_when_it_leaves_its_unit_or_its_unit_goes(
    annotations: dict[str, str], pruned: bool, with_owner: bool
) -> None:
    object = config(annotations=annotations)
    assert is_kept(object) is pruned
    assert is_kept(object, with_owner=True) is with_owner
    gone = compare({"u": [object]}, {})
    assert len(what_is_applied(gone, [object], [], Surroundings()).after) == (1 if pruned else 0)
    tool: Tool = "flux" if FLUX in next(iter(annotations)) else "argo"
    with_it = what_is_applied(gone, [object], [], Surroundings(going={"u": tool}))
    assert (len(with_it.after), with_it.changes == ()) == ((1, True) if with_owner else (0, False))
    assert not what_is_applied(gone, [object], [], Surroundings(going={"other": tool})).after or pruned


def test_a_definition_stays_when_its_application_goes() -> None:
    definition = config() | {"kind": "CustomResourceDefinition"}
    assert is_kept(definition, "argo", with_owner=True)
    assert not is_kept(definition, "flux", with_owner=True)
    assert not is_kept(definition, "argo")


def test_what_is_made_anew() -> None:
    assert is_made_anew(config(labels={f"{FLUX}/force": "Enabled"}))
    assert is_made_anew(config(annotations={f"{ARGO}/sync-options": "Force=true,Replace=true"}))
    assert not is_made_anew(config())


@pytest.mark.parametrize(
    ("options", "by_client", "by_server"),
    [
        ("Force=true", True, False),
        ("Force=true,Replace=true", True, True),
        ("Force=true, ServerSideApply=true", False, False),
        ("Force=true, ServerSideApply=false", True, True),
        ("ServerSideApply=false", False, False),
    ],
)
def test_argo_cd_forces_nothing_on_the_server_side(options: str, by_client: bool, by_server: bool) -> None:
    object = config(annotations={f"{ARGO}/sync-options": options})
    assert is_made_anew(object) is by_client
    assert is_made_anew(object, server_side=True) is by_server


@pytest.mark.parametrize(
    ("hook", "policy", "renewed"),
    [
        ("PreSync", "", True),
        ("Sync, PostSync", "BeforeHookCreation", True),
        ("PostSync", "HookFailed, HookSucceeded", True),
        ("PostSync", "HookFailed", False),
        ("Skip", "", False),
        ("", "BeforeHookCreation", False),
    ],
)
def test_a_hook_of_argo_cd_is_made_anew(hook: str, policy: str, renewed: bool) -> None:
    """docs/user-guide/resource_hooks.md: BeforeHookCreation is the default."""
    found = config(annotations={f"{ARGO}/hook": hook, f"{ARGO}/hook-delete-policy": policy})
    assert is_renewed(found) is is_made_anew(found) is renewed


def test_what_argo_cd_deletes_with_its_application_is_not_kept_by_prune_alone() -> None:
    gone = config(annotations={f"{ARGO}/sync-options": "Prune=false"})
    [change] = compare({"u": [gone]}, {})
    owner = OwnerChange("argo", "u", "pruned", "goes", "", 1, "goes", "u", gone=(("", "ConfigMap", "llm", "a"),))
    for sync, kept in (((), ["kept"]), ((owner,), [])):
        found = what_is_applied([change], [gone], [], Surroundings(sync=sync))
        assert [why for _, why in found.held] == kept


def test_metadata_that_people_wrote_wrong_says_nothing() -> None:
    for metadata in ({"annotations": ["a"]}, {"labels": "a"}, {"annotations": {"a": None}}):
        assert why_skipped(config(**metadata), exists=True) is None


@pytest.mark.parametrize(
    ("annotations", "becomes"),
    [
        ({"hook": "PreSync"}, "renewed"),
        ({"hook": "Sync, PostSync", "hook-delete-policy": "BeforeHookCreation"}, "renewed"),
        ({"hook": "Sync", "hook-delete-policy": "HookFailed"}, "renewed"),
        ({"hook": "PostSync", "hook-delete-policy": "HookSucceeded"}, "goes"),
        ({"hook": "PostDelete"}, "goes"),
        ({"hook": "SyncFail"}, "goes"),
        ({"hook": "Nonsense"}, "goes"),
        ({"hook": "Skip"}, None),
        ({"hook": "Sync, Skip"}, "renewed"),
        ({"sync-options": "Force=true,Replace=true"}, "renewed"),
        ({"sync-options": "Replace=true, Force=true"}, "renewed"),
        ({"sync-options": "Force=true"}, None),
        ({"sync-options": "Replace=true"}, None),
        ({"sync-options": "PruneLast=true,ServerSideApply=true"}, None),
    ],
)
def test_what_argo_cd_does_at_each_sync(annotations: dict[str, str], becomes: str | None) -> None:
    """gitops-engine, pkg/sync: reconcile.go, sync_phase.go, sync_context.go (`applyObject`), hook/hook.go (`Skip`)."""
    before, after = config(), config(annotations={f"{ARGO}/{key}": value for key, value in annotations.items()})
    assert at_each_sync(before, after) == becomes
    [change] = compare({"u": [before]}, {"u": [after]})
    for units, reached in ((frozenset("u"), becomes == "goes"), (frozenset(), False)):
        found = what_is_applied([change], [before], [after], Surroundings(synced_by_argo=units))
        assert ("goes" in [why for _, why in found.held]) is reached
        assert (found.after == []) is reached


@pytest.mark.parametrize(
    ("value", "becomes"),
    [("post-install", "renewed"), ("pre-upgrade", "renewed"), ("pre-delete", "goes"), ("crd-install", None)],
)
def test_hooks_of_helm_are_those_of_argo_cd(value: str, becomes: str | None) -> None:
    """gitops-engine, pkg/sync/hook/helm: those of Helm count where there is none of Argo CD."""
    assert at_each_sync(config(), config(annotations={"helm.sh/hook": value})) == becomes


def test_what_is_not_pruned_does_not_go_as_a_hook_of_no_sync() -> None:
    """It asks the object in the cluster (sync_context.go, `pruneObject`)."""
    kept = config(annotations={f"{ARGO}/sync-options": "Prune=false"})
    assert at_each_sync(kept, config(annotations={f"{ARGO}/hook": "PostDelete"})) is None
    gone = {f"{ARGO}/hook": "Sync", f"{ARGO}/hook-delete-policy": "HookSucceeded"}
    assert at_each_sync(kept, config(annotations=gone)) == "goes"
    definition = config(annotations={f"{ARGO}/sync-options": "Force=true,Replace=true"})
    assert at_each_sync(kept, definition | {"kind": "CustomResourceDefinition"}) is None
