"""Pods that cannot share a node, and nodes too few for them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from llmstack.review.rollout.contention import fits
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.rollout.obstacles.neighbours import HOSTNAME, Pods, hits
from llmstack.review.wording import plural

_REVISION = "pod-template-hash"


def find(case: Case) -> Iterator[Obstacle]:
    """Whether the pool has nodes enough for pods that must each have one."""
    if not case.scene.is_choosy:
        return
    own, near = _own(case), case.scene.neighbours
    ruled, sharing = near.ruled_out(own), near.sharing_a_port(own)
    mask = near.without((ruled | sharing) & near.of_pool(own.pool), own.identity)
    alone = near.is_alone(own)
    if not (alone or mask) or not (case.makes_beside or case.is_restart):
        yield from _elsewhere(case, own)
        return
    first = mask & -mask
    why = "anti-affinity" if (hits(own, own) if alone else first & ruled) else "a port of the host"
    needed = own.number if alone else 1
    if case.nodes is None:
        if needed + mask.bit_count() > 1 and case.makes_beside:
            yield _uncounted(case, why)
        return
    others = near.crowd(mask, own, max(case.nodes or (1,)))
    if needed + others.nodes > len(case.nodes):
        room = max(0, len(case.nodes) - others.nodes) if alone else 0
        yield _short(case, why, needed + others.nodes, room if own.number == case.most else None)
    elif needed + others.pods > len(case.nodes) and case.makes_beside:
        yield Obstacle(
            f"{why} keeps the pods from nodes with others: {needed} nodes are needed beside those of "
            f"{others.pods} other pods, and pool `{case.pool.name if case.pool else ''}` has {len(case.nodes)}",
            case.gentler(),
            "sometimes",
        )
    elif alone:
        yield from _beside_others(case, own, why)


def _beside_others(case: Case, own: Pods, why: str) -> Iterator[Obstacle]:
    """Nodes enough, of which other pods fill some: each of its pods needs GPUs on one of its own. Told of nodes of one
    size, with the others where they leave most room."""
    nodes = case.nodes or []
    if own.pool is None or not own.gpus or len(set(nodes)) != 1 or own.number < 2:
        return
    others = case.scene.neighbours.sizes_beside(own)

    def hold(number: int) -> bool:
        return fits([*[nodes[0] - own.gpus] * number, *nodes[number:]], others)

    name = case.pool.name if case.pool is not None else ""
    if not hold(own.number):
        room = next((number for number in range(own.number - 1, 0, -1) if hold(number)), 0)
        message = (
            f"{why} allows one of the pods on a node: {own.number} are needed at a time, and beside the other pods of "
            f"pool `{name}` {room} of its {plural(len(nodes), 'node')} can take one"
        )
        held = case.workload.held_up and room == own.number - 1
        advice = case.gentler() if held else "Run fewer replicas, add nodes, or make the rule a preferred one."
        yield Obstacle(message, advice, "always", room=room if own.number == case.most else None)


def is_alone(case: Case) -> bool:
    """Whether no other workload's pods take GPUs of the pool."""
    own = case.workload
    pool = own.new.pool if own.new is not None else None
    return not any(each.gpus and each.pool == pool and each.identity != own.identity for each in case.scene.pods)


def _own(case: Case) -> Pods:
    """The workload's pods at a time; a rule for pods of one revision does not count old and new together, and neither
    does a port that the old ones do not take."""
    template = case.workload.new
    own = Pods(
        case.workload.identity,
        case.labels,
        case.pod,
        case.most,
        template.total if template is not None else 0,
        template.pool if template is not None else None,
    )
    revised = any(_REVISION in (term.get("matchLabelKeys") or ()) for term in own.terms)
    former = replace(own, spec=case.pod_before)
    apart = not own.terms and not own.host_ports & former.host_ports
    return replace(own, number=case.workload.replicas) if revised or apart else own


def _short(case: Case, why: str, needed: int, room: int | None) -> Obstacle:
    nodes = len(case.nodes or ())
    message = (
        f"{why} allows one of the pods on a node: {needed} are needed at a time, and pool "
        f"`{case.pool.name if case.pool else ''}` has {plural(nodes, 'node')}"
    )
    fits = case.workload.held_up and needed - 1 <= nodes < needed
    advice = case.gentler() if fits else "Run fewer replicas, or make the rule a preferred one."
    return Obstacle(message, advice, "always", room=room)


def _uncounted(case: Case, why: str) -> Obstacle:
    message = f"{why} allows one of the pods on a node, and how many nodes there are is not known"
    advice = f"Declare the pool with `count` and `perNode`. {case.make_room()}"
    return Obstacle(message, advice, "unknown", likely=False)


def _elsewhere(case: Case, own: Pods) -> Iterator[Obstacle]:
    """A rule for zones, or other parts of the cluster, of which nobody says how many there are."""
    for term in own.terms:
        key = str(term.get("topologyKey"))
        if key != HOSTNAME and own.number > 1 and case.makes_beside and hits(own, own, key):
            message = f"anti-affinity allows one of the pods in each `{key}`, and how many there are is not known"
            yield Obstacle(message, case.make_room(), "unknown", likely=False)
