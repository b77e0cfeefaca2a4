"""A rollout waits for something other than GPUs: a volume, a node, a class, a quota.

Why it matters: with `maxUnavailable: 0` the old pod stays until the new one is ready, and the new one cannot start
while the old one is there: the rollout hangs without an error, half of it at the old version.

How it is judged: by what the manifests state. A claim that is ReadWriteOnce (or ReadWriteOncePod) with pods that may be
on two nodes; `nodeName` or the name of a node in the selector, a required anti-affinity and ports of the host, against
the sizes and the number of nodes in `gitops.capacity`, with the pods of other workloads; a required affinity that wants
all pods on one node, or a spread over more nodes than there are (`minDomains`); nodes that facts know, of which none
takes the pods; a probe that asks another port than the engine listens on, or what it does not answer without the API
key; a key of a Secret or config map that its manifest does not have; a ResourceQuota or LimitRange among the objects,
with the overhead of a RuntimeClass; a unit that the workload's own waits for (`dependsOn`) and that never becomes
ready. An error: it hangs whatever the cluster is like. A warning: it depends on where pods are scheduled, or on how far
a scaler goes. What depends on what nobody says is `not-judged`. A warning too: a quota, a LimitRange, a class or a
ServiceAccount changes under pods that stay, and the next pod of theirs would be refused.

Fix: follow the advice: usually `strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.pods import told
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("rollout-stuck", Severity.ERROR, milder=Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Every obstacle of every workload whose pods change."""
    for identity, obstacles in assessment.obstacles.items():
        for each in obstacles:
            if each.hangs == "unknown":
                continue
            never = "the rollout never finishes" if each.certain else "the rollout may never finish"
            yield RISK.at(told(identity), f"{never}: {each.message}", each.advice, milder=not each.certain)
    for identity, obstacles in assessment.latent.items():
        for each in obstacles:
            if each.hangs != "unknown":
                message = f"what runs goes on; it shows at the next rollout or eviction: {each.message}"
                yield RISK.at(told(identity), message, each.advice, milder=True)
