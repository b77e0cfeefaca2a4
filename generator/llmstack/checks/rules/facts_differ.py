"""The values say one thing, and the facts another.

`llmstack fit`, the checks and the review speak of the revision that facts/models/ has. Where `modelRevision` pins
another commit, they may speak of other sizes, another length or other weights. Branches and tags are not compared:
which commit they mean, nobody knows here. Of facts/clusters/, `lint` compares the size of pools, load times, the
version of Kubernetes, what `gitops.existing` lists and the access modes of existing claims: the values win, so a review
may rest on what is so no longer.

Fix: what the help says: the values where they are out of date, `llmstack learn` where the facts are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.engines import engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.facts.cluster import ClusterFacts
from llmstack.finding import Severity
from llmstack.model.types import seconds
from llmstack.objects.images import image_of
from llmstack.review.capacity import counts, groups_of
from llmstack.review.facts import Pool
from llmstack.review.wording import plural, say_exactly

RULE = Declaration("facts-differ", Severity.NOTE, needs_objects=True)

COMMIT = re.compile(r"[0-9a-f]{40}")
NEAR = 1.1
"""Load times that differ by less than a tenth are the same."""


def run(subject: Subject) -> Iterator[Problem]:
    yield from _revisions(subject)
    if subject.cluster is not None:
        yield from _pools(subject, subject.cluster)
        yield from _load_times(subject, subject.cluster)
        yield from _version(subject, subject.cluster)
        yield from _existing(subject, subject.cluster)
        yield from _claim_modes(subject, subject.cluster)


def _revisions(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        facts, pinned = asked.question.facts, asked.model.model_revision
        if facts is None or facts.revision is None or pinned is None:
            continue
        if COMMIT.fullmatch(pinned) and COMMIT.fullmatch(facts.revision) and pinned != facts.revision:
            message = f"the facts of {facts.model} are of revision {facts.revision[:12]}, not of {pinned[:12]}"
            help = f"`llmstack learn model {facts.model}@{pinned}`"
            yield Problem(message, (*asked.route, "modelRevision"), help=help)


def _pools(subject: Subject, known: ClusterFacts) -> Iterator[Problem]:
    """The size of pools, and of their nodes."""
    stated = subject.stack.gitops.capacity or ()
    pools = [
        Pool(
            name=each.pool,
            resource=each.resource,
            count=each.count,
            per_node=each.per_node,
            node_selector=dict(each.node_selector or {}),
            device_classes=frozenset(filter(None, [each.device_class])),
        )
        for each in stated
    ]
    counted = [group for group in known.nodes if group.gpu is not None]
    for number, pool in enumerate(pools):
        route = ("gitops", "capacity", number)
        groups = groups_of(pool, counted, pools)
        if not groups:
            if any(counts(pool, group) for group in counted):
                message = f"no nodes of pool `{pool.name}` were in the cluster on {known.date}"
                yield Problem(message, route, help="correct nodeSelector, or take the pool away")
            continue
        count, sizes = sum(group.count * group.per_node for group in groups), {group.per_node for group in groups}
        if count != pool.count:
            message = (
                f"pool `{pool.name}` has {plural(pool.count, 'GPU')} here, and {count} in the cluster on {known.date}"
            )
            yield Problem(message, (*route, "count"), help=f"`count: {count}`, if that is so for long")
        if pool.per_node is not None and {pool.per_node} != sizes:
            told = " or ".join(map(str, sorted(sizes)))
            message = f"nodes of pool `{pool.name}` have {plural(pool.per_node, 'GPU')} here, and {told} in the cluster"
            yield Problem(message, (*route, "perNode"), help=f"`perNode: {max(sizes)}`")


def _load_times(subject: Subject, known: ClusterFacts) -> Iterator[Problem]:
    for route, model in subject.models():
        image = image_of(subject.stack, model.repository, model.tag, model.registry) or ""
        load = known.load_of(model.name or "", image)
        if load is None or model.gitops.load_time is None:
            continue
        stated = seconds(model.gitops.load_time)
        if not load.median / NEAR <= stated <= load.worst * NEAR:
            usual, worst = say_exactly(load.median), say_exactly(load.worst)
            message = f"loadTime is {model.gitops.load_time}, and {load.of} starts took {usual}, at worst {worst}"
            yield Problem(message, (*route, "gitops", "loadTime"), help="take it away: facts/ has what was measured")


def _version(subject: Subject, known: ClusterFacts) -> Iterator[Problem]:
    stated, there = subject.stack.gitops.kubernetes_version, known.versions.get("kubernetes")
    if there is not None and subject.states(("gitops", "kubernetesVersion")) and stated.removeprefix("v") != there:
        message = f"the cluster runs Kubernetes {there}, and the objects are validated for {stated}"
        yield Problem(message, ("gitops", "kubernetesVersion"), help=f'`kubernetesVersion: "{there}"`')


def _existing(subject: Subject, known: ClusterFacts) -> Iterator[Problem]:
    """What the values say is in the cluster, and was not."""
    existing = subject.stack.gitops.existing
    namespace = f"{subject.stack.gitops.namespace}/"
    for key, names in (("claims", existing.claims), ("runtimeClasses", existing.runtime_classes)):
        there = {name.removeprefix(namespace) for name in known.exists.get(key, ())}
        for number, name in enumerate(names or ()):
            if key in known.exists and name not in there:
                message = f"`{name}` was not in the cluster on {known.date}"
                route = ("gitops", "existing", key, number)
                yield Problem(message, route, help="take it away, or see that it is there")


def _claim_modes(subject: Subject, known: ClusterFacts) -> Iterator[Problem]:
    """How an existing claim may be mounted."""
    for route, model in subject.models():
        claim = model.pvc_existing_claim_name
        there = known.claim_modes.get(f"{subject.stack.gitops.namespace}/{claim}")
        stated = model.pvc_access_mode
        if claim and there and stated and {*stated} != {*there}:
            message = f"claim `{claim}` is {', '.join(stated)} here, and {', '.join(there)} in the cluster"
            yield Problem(message, (*route, "pvcAccessMode"), help=f"`pvcAccessMode: [{', '.join(there)}]`")
