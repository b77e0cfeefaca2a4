"""Addresses that lead nowhere any more, or for a while: what is said of each, and what of it callers can do."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from llmstack.review.rollout.times import time_rollouts
from llmstack.review.ways_in import addresses, doors
from llmstack.review.ways_in.addresses import broken_addresses
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import read_side, selects
from llmstack.review.ways_in.ends import Ends, read_ends
from llmstack.review.ways_in.moments import ALWAYS, Presence

Object = dict[str, Any]


def backend(name: str = "r", listens: int = 8000, *, router: bool = True, **labels: str) -> Backend:
    flags = {"--service-discovery": "k8s"} if router else {}
    own = {"app": "r", **labels}
    return Backend(("Deployment", "llm", name), own, {"http": listens}, listens, None, (), None, flags)


ROUTER = backend()


def service(*ports: Object, name: str = "s", selector: Any = None, **spec: Any) -> Object:
    body = {"selector": selector or {"app": "r"}, "ports": list(ports) or [{"port": 80, "targetPort": "http"}], **spec}
    return {"kind": "Service", "metadata": {"name": name, "namespace": "llm"}, "spec": body}


def ingress(*hosts: str, name: str = "i", to: str = "s", port: int = 80, **spec: Any) -> Object:
    leads = {"service": {"name": to, "port": {"number": port}}}
    rules = [{"host": host, "http": {"paths": [{"path": "/", "backend": leads}]}} for host in hosts]
    return {"kind": "Ingress", "metadata": {"name": name, "namespace": "llm"}, "spec": {"rules": rules, **spec}}


def breaks(before: list[Object], after: list[Object], ends: Any = (), pods: Any = (ROUTER,)) -> list[Break]:
    then, now = read_side(before, [ROUTER]), read_side(after, pods)
    return list(broken_addresses(before, after, then, now, ends))


def told(before: list[Object], after: list[Object], **more: Any) -> list[tuple[str, str]]:
    return [(each.subject, each.message) for each in breaks(before, after, **more)]


NONE = "whoever calls `{}` gets no answer any more: "


def test_a_service_that_goes_and_one_that_comes() -> None:
    assert told([service()], [service()]) == []
    assert told([service()], []) == [("Service/s", NONE.format("s.llm:80") + "it is gone")]
    assert told([service()], [service(name="t")]) == [
        ("Service/s", NONE.format("s.llm:80") + "it is gone; `t.llm:80` is new"),
    ]  # fmt: skip
    [found] = breaks([service()], [service(name="t")])
    assert found.advice == "Keep a Service of the old name or port beside the new one until every caller has moved."
    [found] = breaks([service()], [])
    assert found.advice == "Take it away once no caller needs it any more; or put it back."
    assert ([each.name for each in found.stations], found.broken) == (["in the cluster", "s:80", "Deployment/r"], 0)


def test_a_host_that_goes() -> None:
    [found] = breaks([service(), ingress("a")], [service(), ingress("b")])
    assert found.message == NONE.format("a/") + "it is gone; `b/` is new"
    assert found.advice == "Keep a rule for the old host beside the new one until every caller has moved."
    assert ([each.kind for each in found.stations], found.broken) == (["host", "Ingress", "Service", "router"], 0)
    assert told([service(), ingress("a")], [service(), ingress("*")]) == []
    assert told([service(), ingress("a")], [service()]) == [("Ingress/i", NONE.format("a/") + "it is gone")]


def test_a_host_of_one_engine_beside_a_router() -> None:
    """Callers of the router are not meant to call its Service, those of the host are."""
    pods, to = (ROUTER, backend("e", router=False, app="e")), service(name="e", selector={"app": "e"})
    then, now = ([service(), to, ingress(host, name="own", to="e")] for host in "ab")
    sides = [read_side(each, pods) for each in (then, now)]
    [found] = broken_addresses(then, now, *sides, ())
    assert found.message == NONE.format("a/") + "it is gone; `b/` is new"
    assert [each.kind for each in found.stations] == ["host", "Ingress", "Service", "engine"]
    assert not list(broken_addresses([service(), to], [service()], *sides, ()))


@pytest.mark.parametrize(
    ("before", "after", "broken", "why"),
    [
        ([service(), ingress("a")], [ingress("a")], 1, "it leads to Service `s`, which is not there"),
        ([service(), ingress("a")], [service(), ingress("a", to="t")], 1, "it leads to Service `t`, which is not there"),
        ([service(), ingress("a")], [service(), ingress("a", port=81)], 1, "Service `s` has no port 81"),
        (
            [service(), ingress("a")], [service(selector={"app": "x"}), ingress("a")], 2,
            "Service `s` selects no pod that answers",
        ),
    ],
)  # fmt: skip
def test_where_a_way_from_outside_is_cut(before: list[Object], after: list[Object], broken: int, why: str) -> None:
    found = [each for each in breaks(before, after) if each.subject == "Ingress/i"]
    assert [(each.message, each.broken) for each in found] == [(NONE.format("a/") + why, broken)]


def test_another_rule_for_the_same_host_is_as_good() -> None:
    two = [service(), ingress("a"), ingress("a", name="j")]
    assert told(two, [service(), ingress("a", name="j")]) == []
    assert told(two, [service(), ingress("a", to="gone"), ingress("a", name="j")]) == []


def classed(name: str | None, **spec: Any) -> Object:
    return ingress("a", **({"ingressClassName": name} if name else {}), **spec)


TLS = {"tls": [{"hosts": ["a"]}]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (classed("x"), classed("x"), None),
        (classed("x"), classed("y"), "comes in by Ingress class `y` and no longer by Ingress class `x`"),
        (classed("x"), classed(None), "came in by Ingress class `x`, and names none any more"),
        (classed(None), classed("y"), None),
        (classed("x", **TLS), classed("x"), "no certificate is named for `a` any more"),
        (classed("x", **TLS), classed("x", **TLS), None),
        (classed("x"), classed("x", **TLS), None),
    ],
)
def test_a_host_that_comes_in_otherwise(before: Object, after: Object, said: str | None) -> None:
    found = breaks([service(), before], [service(), after])
    assert [(said or "") in each.message for each in found] == ([True] if said else [])
    assert all(each.milder for each in found)


def test_a_class_and_a_certificate_may_both_go() -> None:
    assert len(breaks([service(), classed("x", **TLS)], [service(), classed("y")])) == 2


def typed(kind: str | None, node: int | None = None, **spec: Any) -> Object:
    port = {"port": 80, "targetPort": "http", **({"nodePort": node} if node else {})}
    return service(port, **({"type": kind} if kind else {}), **spec)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("LoadBalancer", "NodePort", "the Service becomes NodePort: the address of its load balancer is gone"),
        ("LoadBalancer", None, "the Service becomes ClusterIP: the address of its load balancer is gone"),
        ("NodePort", "ClusterIP", "the Service becomes ClusterIP: its port on the nodes is gone"),
        ("NodePort", "LoadBalancer", None),
        ("ClusterIP", "NodePort", None),
        (None, "ClusterIP", None),
        ("NodePort", "NodePort", None),
    ],
)
def test_from_how_far_a_service_is_called(before: str | None, after: str | None, said: str | None) -> None:
    found = told([typed(before)], [typed(after)])
    assert [message.partition(" for callers")[0] for _, message in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (30080, 30080, None),
        (30080, 30081, "port 30080 on the nodes becomes 30081: callers of the old one are refused"),
        (None, 30081, None),
        (30080, None, None),  # the cluster keeps what it gave
    ],
)
def test_a_port_on_the_nodes(before: int | None, after: int | None, said: str | None) -> None:
    found = told([typed("NodePort", before)], [typed("NodePort", after)])
    assert found == ([("Service/s", said)] if said else [])


def test_a_load_balancer_that_goes_may_move_the_port_on_the_nodes_too() -> None:
    found = told([typed("LoadBalancer", 30080)], [typed("NodePort", 30081)])
    assert ["load balancer" in message for _, message in found] == [True, False]
    assert "port 30080 on the nodes becomes 30081" in found[1][1]


def test_the_address_of_a_load_balancer() -> None:
    one, other = (typed("LoadBalancer", loadBalancerIP=each) for each in ("10.0.0.1", "10.0.0.2"))
    [(_, message)] = told([one], [other])
    assert "`loadBalancerIP` 10.0.0.1 → 10.0.0.2" in message
    [(_, message)] = told([one], [typed("LoadBalancer")])
    assert "`loadBalancerIP` 10.0.0.1 → not set" in message
    assert told([one], [one]) == []
    both = typed("LoadBalancer", 30080, loadBalancerIP="10.0.0.1"), typed("LoadBalancer", 30081)
    assert len(told([both[0]], [both[1]])) == 2


def test_a_service_that_nobody_called_is_none_of_ours() -> None:
    other = service(name="other", selector={"app": "x"}, type="LoadBalancer")
    assert told([service(), other], [service(), service(name="other", selector={"app": "x"})]) == []


def moving(until: float, new_from: float, old: Backend | None, new: Backend, alone: float = 0.0) -> Ends:
    return Ends(old, new, (Presence((0.0, until), (new_from, inf)),), (alone,))


MOVED = backend(listens=9000)
OLD, NEW = service({"port": 80, "targetPort": 8000}), service({"port": 80, "targetPort": 9000})


@pytest.mark.parametrize(
    ("ends", "lasts"),
    [
        (moving(60.0, 60.0, ROUTER, MOVED), (60.0, 60.0)),
        (moving(60.0, 61.0, ROUTER, MOVED, 1.0), (61.0, 61.0)),
        (moving(60.0, 1.0, ROUTER, MOVED), None),  # no longer than what cannot be told apart
        (moving(60.0, 1.5, ROUTER, MOVED), (1.5, 1.5)),
        (moving(60.0, 1.5, None, MOVED), (1.5, 1.5)),
        (moving(0.0, 60.0, ROUTER, MOVED, 60.0), None),  # it is away itself, which is told there
        (Ends(ROUTER, MOVED, (Presence((0.0, 60.0), None),), (0.0,)), None),
        (Ends(MOVED, MOVED, (ALWAYS,), (0.0,)), None),
    ],
)
def test_a_port_that_leads_to_where_only_new_pods_listen(ends: Ends, lasts: Any) -> None:
    found = [each for each in breaks([OLD], [NEW], [ends], [MOVED]) if each.lasts is not None]
    assert [each.lasts for each in found] == ([lasts] if lasts else [])
    assert all("port 80 of the Service leads to where only the new pods listen" in each.message for each in found)
    assert all((each.subject, each.broken) == ("Service/s", 1) for each in found)


def test_pods_that_serve_meanwhile_are_others_too() -> None:
    ends = [moving(60.0, 60.0, ROUTER, MOVED), Ends(MOVED, MOVED, (ALWAYS,), (0.0,))]
    assert not [each for each in breaks([OLD], [NEW], ends, [MOVED]) if each.lasts]


def test_without_a_router_the_engines_are_called() -> None:
    old, new = backend(router=False), backend(listens=9000, router=False)
    found = list(
        broken_addresses([OLD], [NEW], read_side([OLD], [old]), read_side([NEW], [new]), [moving(60.0, 60.0, old, new)])
    )
    assert [(each.lasts, [station.kind for station in each.stations]) for each in found if each.lasts] == [
        ((60.0, 60.0), ["callers", "Service", "engine"]),
    ]  # fmt: skip


def test_the_ends_of_workloads_that_stay() -> None:
    one, other = backend("a"), backend("b", router=False)
    ends = read_ends({one.identity: one}, {one.identity: one, other.identity: other}, [], time_rollouts([], [], {}))
    assert [(each.old, each.new, each.stays, each.changes) for each in ends] == [
        (one, one, True, False), (None, other, False, True),
    ]  # fmt: skip
    assert ends[0].sides(2) == ((one, (0.0, inf)), (one, (0.0, inf)))
    assert ends[1].any == other


def test_what_many_addresses_lead_to_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines without a router whose Services are all renamed: none is compared with each engine."""
    names = [f"m{number}" for number in range(30)]
    engines = [backend(name, router=False, app=name) for name in names]
    sides = [[service(name=f"{release}-{name}", selector={"app": name}) for name in names] for release in "ab"]
    calls: list[Any] = []
    monkeypatch.setattr(doors, "selects", lambda *asked: calls.append(asked) or selects(*asked))
    then, now = (read_side(side, engines) for side in sides)
    found = list(broken_addresses(*sides, then, now, ()))
    assert len(found) == len(names)
    assert len(calls) < 10 * len(names)


def test_paths_of_one_host_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """All renamed: none is compared with each of the others, old or new."""
    leads = {"service": {"name": "s", "port": {"number": 80}}}
    paths = [[{"path": f"/{side}{number}", "backend": leads} for number in range(30)] for side in "ab"]
    sides = [[service(), ingress("a", rules=[{"host": "a", "http": {"paths": each}}])] for each in paths]
    calls: list[Any] = []
    covers, kind = doors.Door.covers, addresses._kind
    monkeypatch.setattr(doors.Door, "covers", lambda *asked: calls.append(asked) or covers(*asked))
    monkeypatch.setattr(addresses, "_kind", lambda *asked: calls.append(asked) or kind(*asked))
    found = told(*sides)
    assert found[0] == ("Ingress/i", NONE.format("a/a0") + "it is gone; `a/b0` is new")
    assert len(found) == 30
    assert len(calls) < 10 * len(found)
