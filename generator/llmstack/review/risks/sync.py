"""Who applies what changes: a unit loses its owner, gets another one, reads another place, or is stopped.

Why it matters: a Kustomization of Flux that leaves the repository is deleted, and its finalizer deletes all that it
applied, GPUs and models with it, although the manifests of those are unchanged. A unit that follows another repository
or branch applies what is there, and deletes what is not. A unit that is stopped goes on running and no longer follows
Git.

How it is judged: the Kustomizations, sources, Applications, ApplicationSets and projects of clusters/ before and after
the change, as kustomize would list them for the tool: `prune`, `deletionPolicy`, `suspend`, finalizers, and annotations
that keep an object count. It is an error where objects are deleted that the manifests keep, or may be; else a warning.
Its amount is the number of objects behind it.

- A unit is stopped when it or its source is suspended, its source or folder is not there, its source leaves out a file
  that its build reads (`ignore`, `sparseCheckout`, an ArtifactGenerator's copies, a .sourceignore), its AppProject does
  not allow a kind or a namespace that it has, one of its objects is refused, or it waits (`dependsOn`) for one that is
  stopped: then none of its changes is applied, and the review counts none of them.
- Where the folder of a cluster cannot be built (two kustomizations, a file that is no object, an object twice), or the
  API refuses an object in it (a field that its kind does not have), no unit comes or goes; Argo CD leaves that one
  alone as it was. An empty kustomization there builds to nothing for Flux, and all is pruned.
- A folder of a cluster that is gone is taken to be pruned: that holds where something else is left in
  clusters/<cluster>/ (flux-system, another environment); else Flux stops at the missing path.
- Objects that pass from one unit to another are deleted by the first, unless the second has applied them by then. Two
  units of the same objects take them from each other. So do two environments of a cluster that state one object, a
  ClusterRole or what has one name in one namespace: an error where they say something else of it, or where one of them
  takes it out and deletes it.
- What a unit makes of its objects by itself is reviewed where it is stated (patches, images, `postBuild.substitute`),
  else told and not judged.
- Applications are read from ApplicationSets of lists, of Git generators that read this repository, and of a matrix or a
  merge of these, with selectors, a generator's own template and a `templatePatch` of plain fields; where one that asks
  the cluster comes, goes or changes, that is told and not judged. So is a field that no rule reads, of every kind that
  owns or is followed, and an object beside them that changes: nothing of clusters/ changes unsaid.

Fix: follow the order of commits that the review gives for the cluster (docs/operations.md has it with the commands):
let what goes keep its objects first, then change, then let the new one take them over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.shared_objects import Trouble
from llmstack.review.surroundings import Surroundings
from llmstack.review.wording import listed
from llmstack.sync.advice import safe_order
from llmstack.sync.manifests import identify
from llmstack.sync.side import Cause, OwnerChange

RISK = Declaration("sync", Severity.ERROR, milder=Severity.WARNING, unit="objects")
UNITS = 5
"""Units that a message names before it counts."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """The environment's units that lose or change their owner: those of one kind of change as one risk."""
    kept = {identify(each)[1:] for each in assessment.after} | {key[1:] for key in assessment.near.lost}
    leaving = {identify(each)[1:] for each in assessment.before} - kept
    grouped: dict[tuple[str, str, bool], list[OwnerChange]] = {}
    for change in assessment.near.sync:
        if _matters(change, leaving):
            grouped.setdefault((change.action, change.shared_why, change.deletes), []).append(change)
    for (_, cause, deletes), changes in grouped.items():
        message = f"{_names(changes)} {cause if len(changes) > 1 else changes[0].why}"
        amount = sum(change.objects or 0 for change in changes)
        subject = _subject(changes, assessment.near.environment)
        advice = _advice(changes, assessment.near.sync)
        yield RISK.at(subject, message, advice, milder=not deletes, amount=amount, file=changes[0].file)
    yield from _of_twins(assessment.near)


def _of_twins(near: Surroundings) -> Iterator[Risk]:
    """What the change does to objects that another environment of the cluster states too: those of one kind as one."""
    grouped: dict[tuple[str, Trouble], list[str]] = {}
    for twin in near.twins:
        if twin.is_certain and twin.trouble is not None and twin.environment != near.renamed_to:
            grouped.setdefault((twin.environment, twin.trouble), []).append(f"{twin.identity[1]}/{twin.identity[3]}")
    for (environment, trouble), names in grouped.items():
        said, advice = _TWINS[trouble]
        message = f"{listed([f'`{name}`' for name in names], UNITS)}: `{environment}` states the same, {said}"
        subject = names[0] if len(names) == 1 else f"Environment/{near.environment}"
        yield RISK.at(subject, message, advice, milder=trouble == "doubles", amount=len(names))


_ONE = "Let one environment alone state it, or give it another name here."
_TWINS: Mapping[Trouble, tuple[str, str]] = {
    "fights": ("and says something else of it: each sets it back to its own when it is applied, again and again", _ONE),
    "doubles": ("so that it has two owners: whichever takes it out deletes it, though the other one needs it", _ONE),
    "leaves": (
        "and it is taken out here: what prunes it deletes it, unless that environment has applied it last, and it is "
        "made anew only when that one is applied again",
        "Annotate it `kustomize.toolkit.fluxcd.io/prune: disabled` (Argo CD: `argocd.argoproj.io/sync-options: "
        "Prune=false`) in a commit before: then it stays.",
    ),
}
"""What is said of what two environments state, and what to do."""


def _matters(change: OwnerChange, leaving: Collection[tuple[str, str, str]]) -> bool:
    """Whether a change of owners is more than the tree itself says: what leaves the tree is a removal, what is new, or
    does nothing now, no risk."""
    if change.action == "added" or change.cause == "terms" or _is_built_upon(change):
        return False
    if change.action == "pruned":
        told = all(key[1:] in leaving for key in change.gone)
        return not change.gone or change.unit.startswith("clusters/") or not told
    return True


def _is_built_upon(change: OwnerChange) -> bool:
    """Whether a unit is built from an overlay of people's own from now on, or no longer, and loses nothing by it: what
    differs in its objects is reviewed."""
    there = change.path.startswith(("custom/", "overlays/"))
    return change.action == "moved" and change.cause == "folder" and there and not change.deletes


def _names(changes: list[OwnerChange]) -> str:
    return listed([f"`{change.unit}`" for change in changes], UNITS) + (":" if len(changes) > 1 else "")


def _subject(changes: list[OwnerChange], environment: str) -> str:
    """What it is said of: the one owner, or all of an environment, or of a cluster in which none stands."""
    if len(changes) > 1:
        cluster = changes[0].file.removeprefix("clusters/").partition("/")[0]
        return f"Environment/{environment}" if environment else f"Cluster/{cluster}"
    unit = changes[0].unit
    if unit.startswith("clusters/"):
        return f"Cluster/{unit.removeprefix('clusters/')}"
    return unit if "/" in unit else f"{_KINDS[changes[0].tool]}/{unit}"


_KINDS = {"flux": "Kustomization", "argo": "Application"}


def _advice(changes: list[OwnerChange], every: Sequence[OwnerChange]) -> str:
    first = changes[0]
    if first.action == "blocked" and first.cause == "goes":
        return "Delete it by hand where it shall go, so that its objects stay: docs/operations.md, Move an environment."
    if first.action == "blocked":
        return "Mend what stops it; until then later commits do not reach the cluster either."
    if first.cause == "goes" and not safe_order("", every):
        return "Delete by hand what shall not stay, or give an owner to what shall be applied again."
    return _ADVICE.get(first.cause, "Follow the order of commits that this review gives for the cluster.")


_ADVICE: Mapping[Cause, str] = {
    "source": "Have the whole tree in the new place before this is merged, and merge it alone.",
    "contents": "Build the folder with that by hand and compare, or say it in the values instead.",
    "cluster": "Delete by hand in the former cluster what shall not go on there.",
    "shares": "Let one unit alone apply an object.",
    "asked": "Have Argo CD say what it would make of it (`argocd appset generate FILE`), and compare.",
}
"""What to do, by the cause; the order of commits has the rest."""
