"""Whether a rollout finishes depends on what the repository does not say.

Why it matters: no risk is told where nothing is known, and that reads like an answer. What the scheduler and the API
server look at and nobody wrote down is said instead, with the line that would settle it.

How it is judged: the pods of a rollout name a PriorityClass, RuntimeClass or ServiceAccount that nothing here makes and
nothing used before; mount an existing claim of which nobody says the access mode, while an old pod keeps it; ask for
nodes that no declared pool has; must be beside pods that nothing here runs; wait behind a scheduling or readiness gate;
must not run as root while nobody says as whom; use an image that no node pulls; have a probe whose path vLLM may not
answer; or are ended by a liveness probe while they load, without a start-up probe that holds it back and for an unknown
time: a warning, as each of these usually hangs. A note: they must be spread evenly (`whenUnsatisfiable: DoNotSchedule`)
or apart over zones or nodes whose number is not known; lose a toleration; wait for another scheduler; claim devices
(DRA) or take a second kind of GPU that no pool counts; request more local disk, or of another resource, than anything
says a node has; begin to read, or to pull images with, a Secret or config map that nothing here makes; or pull images
without a Secret that they were pulled with. So is an Ingress or Gateway that begins to name a certificate's Secret. A
claim that grows, and whose StorageClass is not here: a note, a warning where its volume is among the manifests. A Ray
cluster that its own autoscaler gives workers, a DaemonSet, CronJob or custom resource (KServe's, a JobSet, a Rollout)
that begins to take GPUs, a VerticalPodAutoscaler that ends pods, a NetworkPolicy that begins to bound where pods
connect to, and a LeaderWorkerSet whose groups begin to want a part of the cluster each (`exclusive-topology`): a note.
So is a custom resource that another environment of the cluster has too, in another namespace, or that changes its own,
where nothing tells whether its kind has namespaces. A workload with GPUs that stands in clusters/
in no unit: a warning, as it is not counted. Pods whose ServiceAccount is bound to fewer roles than before, or that run
as another one which is, or is bound to roles that let it read less: a warning, a note where they let it do less of
something else. A namespace with more ResourceQuotas than are read (32): a warning. A unit whose former state cannot be
built, and a workload with a scaler that Argo CD begins to replace as a whole: a warning. So are pods that come in a
pool of which some nodes take none, while nothing says which of the pods that run are on those; a webhook of clusters/
that the API server asks about pods, and a symbolic link in custom/ where Flux builds.

Fix: state it, as the advice says: in `gitops.capacity`, `gitops.existing` or `pvcAccessMode`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.accelerators import gpus_of_pod
from llmstack.kubernetes.immutable import may_grow
from llmstack.kubernetes.pods import identity_of, told, value_at
from llmstack.kubernetes.quotas import READ, quotas_in
from llmstack.kubernetes.replicas import is_autoscaled, replicas_of
from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.review.accounts import lost_rights
from llmstack.review.change import ObjectChange
from llmstack.review.compare import moved_elsewhere
from llmstack.review.foreign import foreign_specs
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.certificates import certificates
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.exclusive import exclusive
from llmstack.review.risks.pulls import pulls
from llmstack.review.risks.unforeseen import unforeseen
from llmstack.review.rollout.template import template_of
from llmstack.review.ways_in.policies import newly_confined
from llmstack.review.wording import plural

RISK = Declaration("not-judged", Severity.WARNING, milder=Severity.NOTE)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Every obstacle of which it is not known whether it is one."""
    for identity, obstacles in assessment.obstacles.items():
        for each in obstacles:
            if each.hangs == "unknown":
                yield RISK.at(told(identity), each.message, each.advice, milder=not each.likely)
    yield from (RISK.at(*each) for each in unforeseen(assessment))
    yield from _uncounted(assessment)
    yield from _foreign(assessment)
    yield from _in_no_unit(assessment)
    yield from _unmade_namespaces(assessment)
    yield from _beside(assessment)
    yield from _confined(assessment)
    notes = (*pulls(assessment), *certificates(assessment), *exclusive(assessment))
    yield from (RISK.at(*each, milder=True) for each in notes)
    yield from _many_quotas(assessment)
    yield from _perhaps_shared(assessment)
    yield from _perhaps_the_same(assessment)
    yield from _less_allowed(assessment)
    for change in assessment.changes:
        refused = change.identity in assessment.applied.refused
        if not refused and may_grow(change.before, change.after, assessment.after) is None:
            static = _is_static(change, assessment)
            why = "of a volume that the manifests bring" if static else "of a class that is not here"
            message = (
                f"it is a claim {why}: the API server lets it grow where its StorageClass is there and allows it "
                "(`allowVolumeExpansion`), and else refuses it with all of its unit"
            )
            advice = "See that the class lets claims grow before the merge."
            yield RISK.at(change.key, message, advice, milder=not static)


def _less_allowed(assessment: Assessment) -> Iterator[Risk]:
    """Pods whose ServiceAccount has fewer roles, or roles that allow less."""
    for loss in lost_rights(assessment.before, assessment.after):
        roles = ", ".join(f"`{role}`" for role in loss.roles)
        lost = [f"which nothing here binds to {roles} any more"] if loss.roles else []
        lost += [f"whose `{role}` no longer lets it {', '.join(rights)}" for role, rights in loss.narrowed]
        message = (
            f"its pods run as ServiceAccount `{loss.account}`, {' and '.join(lost)}: unless something else does, the "
            "API server refuses them that (a router finds no engine)"
        )
        reads = any(right.split()[0] in _READING for _, rights in loss.narrowed for right in rights)
        advice = "Let the account do the same after this change."
        yield RISK.at(loss.subject, message, advice, milder=not (loss.roles or reads))


_READING = ("get", "list", "watch", "*")


def _uncounted(assessment: Assessment) -> Iterator[Risk]:
    """Pods of which no manifest says how many there are, or when, and that begin to take GPUs."""
    for change in assessment.changes:
        kind = WORKLOADS.get(change.kind)
        if change.after is None or kind is None:
            continue
        if is_autoscaled(change.after) and not (change.before is not None and is_autoscaled(change.before)):
            message = "Ray's autoscaler gives it up to `maxReplicas` workers: whether these find GPUs cannot be judged"
            yield RISK.at(change.key, message, "See that they are free for it.", milder=True)
        if not (kind.per_node or change.kind == "CronJob"):
            continue
        gpus = template_of(change.after, assessment.facts[1], None).total
        before = template_of(change.before, assessment.facts[0], None).total if change.before is not None else 0
        if gpus > before:
            when = "on every node that fits" if kind.per_node else "while it runs"
            message = f"a pod takes {plural(gpus, 'GPU')} {when}, and what waits for them then cannot be judged"
            yield RISK.at(change.key, message, "See that they are free for it.", milder=True)


def _in_no_unit(assessment: Assessment) -> Iterator[Risk]:
    """Workloads with GPUs that come, grow or roll in the folder of the cluster itself."""
    for each in assessment.near.brought:
        gpus = [
            0 if side is None else replicas_of(side, {}) * template_of(side, assessment.facts[1], None).total
            for side in (each.before, each.after)
            if side is None or str(side.get("kind")) in WORKLOADS
        ]
        if gpus and gpus[-1] and (each.before is None or gpus[0] < gpus[-1]):
            message = (
                f"it asks for {plural(gpus[-1], 'GPU')}, and stands in {each.path}, in no unit of an environment: they "
                "are not counted in any pool, and whether it finds them, or others still do, cannot be judged"
            )
            advice = "Have it among `extraObjects` of an environment: there its pods are counted."
            yield RISK.at(told(identity_of(each.after)), message, advice)


def _unmade_namespaces(assessment: Assessment) -> Iterator[Risk]:
    """Namespaces that an environment begins to use, and that nothing here makes: an object of one that is not there is
    refused, and its unit with it (NamespaceLifecycle, plugin/pkg/admission/namespace/lifecycle)."""
    if not assessment.before:
        return
    others = (obj for _, obj in assessment.near.objects)
    known = {identity_of(obj)[1] for obj in (*assessment.before, *others)}
    known |= {identity_of(obj)[2] for obj in assessment.after if obj.get("kind") == "Namespace"}
    for namespace in sorted({change.namespace for change in assessment.changes if change.after is not None} - known):
        if namespace not in ("", "default", "kube-system", "kube-public"):
            message = "objects are put into it, and nothing here makes it: unless the cluster has it, each is refused"
            advice = "See that it is there before the merge, or set `gitops.createNamespace: true`."
            yield RISK.at(f"Namespace/{namespace}", message, advice, milder=True)


def _foreign(assessment: Assessment) -> Iterator[Risk]:
    """Custom resources that begin to run pods with GPUs, or give theirs another spec; and what ends pods by itself."""
    declared = [pool.resource for pool in assessment.facts[1].pools]
    for change in assessment.changes:
        specs = [[] if side is None else list(foreign_specs(side)) for side in (change.before, change.after)]
        gpus = [sum(gpus_of_pod(spec, declared)[1] for spec in side) for side in specs]
        if gpus[1] and specs[0] != specs[1]:
            message = (
                f"it runs pods with GPUs ({gpus[1]} for one of each), and how many there are, and how they follow a "
                "change, its controller alone knows: whether they find room cannot be judged"
            )
            yield RISK.at(change.key, message, "See that GPUs are free for it.", milder=True)
        mode = value_at(change.after, "spec", "updatePolicy", "updateMode") or "Recreate"
        if change.kind == "VerticalPodAutoscaler" and change.after is not None and mode not in ("Off", "Initial"):
            message = "it ends pods, or resizes them, when it thinks that they ask for too much or too little"
            advice = "Set `updateMode: Off` for engines: each pod that it ends loads its model again."
            yield RISK.at(change.key, f"{message}: when cannot be judged", advice, milder=True)


def _beside(assessment: Assessment) -> Iterator[Risk]:
    """Pods that take several kinds of GPU: rollouts are played with the one that they take most of."""
    unknown = {(row.pool, row.resource) for row in assessment.gpus if row.deadlock is None}
    for workload in assessment.workloads:
        beside = workload.new.beside if workload.new is not None else ()
        others = [resource for (name, resource), _ in beside if (name, resource) in unknown]
        if others and workload.after:
            names = ", ".join(f"`{resource}`" for resource in others)
            message = f"the pods take {names} beside other GPUs: whether enough of both are free cannot be judged"
            yield RISK.at(workload.key, message, "See that there is room for one more.", milder=True)


def _many_quotas(assessment: Assessment) -> Iterator[Risk]:
    """Namespaces with more ResourceQuotas than are read, where something comes or changes."""
    quotas = quotas_in(assessment.after)
    for namespace in sorted({change.namespace for change in assessment.changes if change.after is not None}):
        number = len(quotas.get(namespace, ()))
        if number > READ:
            message = f"it has {number} ResourceQuotas, of which {READ} are read: what the others refuse is not judged"
            yield RISK.at(
                f"Namespace/{namespace or 'default'}",
                message,
                "Have fewer: limits of one hold for all pods.",
            )


def _confined(assessment: Assessment) -> Iterator[Risk]:
    """NetworkPolicies that begin to bound where pods connect to."""
    sides = assessment.before, assessment.after
    for name, key in newly_confined(*sides, *map(assessment.backends.among, sides)):
        message = (
            f"it bounds where pods of `{key}` connect to: whether they still resolve names (DNS), and reach what they "
            "download models from, cannot be judged"
        )
        advice = "Allow port 53 (UDP and TCP) to the cluster's DNS, and what the pods download from."
        yield RISK.at(f"NetworkPolicy/{name}", message, advice, milder=True)


def _perhaps_shared(assessment: Assessment) -> Iterator[Risk]:
    """Objects that are those of another environment too, if their kind stands outside every namespace."""
    for twin in assessment.near.twins:
        if not twin.is_certain and twin.trouble is not None and twin.environment != assessment.near.renamed_to:
            message = (
                f"`{twin.environment}` states one of its name in another namespace: whether the two are one object, "
                "which each owner then takes from the other, only the definition of its kind tells"
            )
            advice = "See that `kubectl api-resources` has the kind with a namespace, or give it another name here."
            yield RISK.at(f"{twin.identity[1]}/{twin.identity[3]}", message, advice, milder=True)


def _perhaps_the_same(assessment: Assessment) -> Iterator[Risk]:
    """Objects that get another namespace, and are the same as before if their kind stands outside every one."""
    for change in moved_elsewhere(assessment.changes, [*assessment.before, *assessment.after]):
        message = (
            f"it comes in namespace `{change.namespace}` while one of its name goes in another: whether the two are "
            "one object, which then stays, or it is made anew, only the definition of its kind tells"
        )
        advice = "See that `kubectl api-resources` has the kind with a namespace, or leave the namespace as it is."
        yield RISK.at(change.key, message, advice, milder=True)


def _is_static(change: ObjectChange, assessment: Assessment) -> bool:
    """Whether a claim is of a volume that is among the objects: then its class is but a name that both share."""
    name = value_at(change.after, "spec", "storageClassName")
    return name is not None and any(
        obj.get("kind") == "PersistentVolume" and value_at(obj, "spec", "storageClassName") == name
        for obj in assessment.after
    )
