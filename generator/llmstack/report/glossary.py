"""The words of a review: one table for the page's tooltips, docs/glossary.md and `llmstack explain`."""

from __future__ import annotations

from collections.abc import Mapping

TERMS: Mapping[str, str] = {
    "acknowledged": "A risk that somebody accepted in `gitops.acknowledge`. It stays in the review and fails "
    "nothing. An acknowledgement covers the amount that it names with `upTo`, until its last day, in UTC.",
    "at the most": "A scaler decides on the number of replicas, so the change is played twice: with its least and "
    "with its most. Both are said.",
    "basis": "What a figure rests on: `exact` is what will be, `bound` is the end of an interval, `assumed` rests "
    "on what nobody said.",
    "before and after": "The GPUs of all pods that are meant to run, on each side of the change. Neither counts the "
    "rollout between them.",
    "blocked": "A unit of which the sync tool applies nothing, because one of its objects is refused, or because it "
    "waits for another unit that is blocked.",
    "capacity": "The GPUs of a pool, all nodes together, as `gitops.capacity` declares them.",
    "cluster": "The environments with the same `gitops.sync.cluster`. They share its pools, hosts and sync tool, "
    "and are reviewed together. An environment that names none is a cluster of its own.",
    "demand": "The GPUs of pods that run or load, and of those that wait for GPUs. Where it is above the capacity, "
    "pods wait. Pods that terminate are not part of it.",
    "GPUs held": "The GPUs that a rollout goes on holding if its new pods never become ready.",
    "if it fails": "What is left when the new pods of a rollout never become ready: how many old replicas still "
    "serve, which GPUs are held, and how long they take to be ready again once the change is taken back.",
    "KV cache": "The memory of a GPU that is left for the keys and values of tokens in flight. It bounds how many "
    "requests an engine serves at a time, and how long one may be. GiB are per GPU.",
    "load time": "From the moment at which a pod is bound to a node until it is ready: pulling the image, reading "
    "the weights, compiling, capturing graphs. `modelSpec[].gitops.loadTime` states it.",
    "may never end": "Some order in which the cluster may act leaves the rollout waiting for ever, and some other "
    "order does not. Times and pictures are of an order that ends.",
    "moved": "A unit that another object of the sync tool applies from now on, or the same one from elsewhere or by "
    "other terms. Whether its objects are deleted on the way depends on the order of commits.",
    "never ends": "The rollout waits for ever whatever order the cluster acts in: for GPUs that nothing frees, or "
    "for something else that its new pods lack.",
    "peak": "The most GPUs that pods ask for at one moment of the change: those that run, load or wait. Pods that "
    "terminate are not counted, though they hold their GPUs until they are gone. It is never below before or after.",
    "pool": "GPUs of one kind that the same pods can use, as `gitops.capacity` declares them. A pool belongs to a "
    "cluster; its environments share it.",
    "pruned": "Objects that the sync tool deletes, because Git no longer has them or the object that applied them "
    "goes.",
    "ready at the worst": "The fewest replicas of a model that are ready at one moment of its rollout (`minReady`). "
    "At 0 no request is answered for a while.",
    "served id": "The name of a model that clients put into their requests: `--served-model-name`, else the model.",
    "surge": "Pods that a rollout may add before it takes old ones away (`maxSurge`). Each takes GPUs of its own "
    "while both are there.",
    "terminating": "A pod that was told to stop. It holds its GPUs until it is gone, at most for its grace period.",
    "unavailable": "Replicas that a rollout may take away before new ones are ready (`maxUnavailable`). It needs no "
    "spare GPUs, and the model serves with fewer meanwhile.",
    "unit": "A folder of overlays/ that is built and applied as one: a model, the router, the cache server, the "
    "rest of the stack. The sync tool applies all of it or, where one object is refused, nothing.",
    "waiting": "A pod that no node has enough free GPUs for.",
    "way in": "What a request passes: host, Ingress or route, Service, router, engine, served id. Where one edge is "
    "gone, requests get no answer.",
}


def find_term(word: str) -> str | None:
    """The term that is written so, or nearly so (case, blanks); None where there is none."""
    wanted = " ".join(word.replace("-", " ").lower().split())
    return next((term for term in TERMS if term.lower() == wanted), None)
