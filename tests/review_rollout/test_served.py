"""Whether each served model is reached while routers and engines change: who takes whose place, and for how long nobody."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.ends import Ends
from llmstack.review.ways_in.moments import ALWAYS, Presence
from llmstack.review.ways_in.served import broken_models


def engine(name: str = "e", *served: str, port: int = 8000, model: str | None = "llama", key: object = None) -> Backend:
    identity = ("Deployment", "llm", name)
    return Backend(identity, {"app": name}, {}, port, key, served or ("org/llama",), model, {})


def router(port: str = "8000", **flags: str) -> Backend:
    given = {f"--{flag.replace('_', '-')}": value for flag, value in flags.items()}
    own = {"--service-discovery": "k8s", "--k8s-namespace": "llm", "--k8s-port": port, **given}
    return Backend(("Deployment", "llm", "router"), {}, {}, 8000, None, (), None, own)


def stays(backend: Backend) -> Ends:
    return Ends(backend, backend, (ALWAYS,), (0.0,))


def moves(old: Backend | None, new: Backend | None, until: float = 300.0, since: float = 300.0) -> Ends:
    here = Presence((0.0, until) if old else None, (since, inf) if new else None)
    return Ends(old, new, (here,), (max(0.0, since - until),))


def told(*ends: Ends, moved_from: Any = None) -> list[tuple[str, str, Any]]:
    found = broken_models(ends, ({}, {}), moved_from or {})
    return [(each.subject, each.message, each.lasts) for each in found]


def message(*ends: Ends, **more: Any) -> str | None:
    found = told(*ends, **more)
    assert len(found) <= 1
    return found[0][1] if found else None


ROUTER, ENGINE = router(), engine()
AT_9000 = engine(port=9000)


def test_where_nothing_changes_nothing_is_said() -> None:
    assert told(stays(ROUTER), stays(ENGINE)) == []
    assert told(stays(router("9000")), stays(ENGINE)) == [], "it was not reached before either"
    assert told(stays(ENGINE)) == []
    assert told(stays(ROUTER), moves(ENGINE, ENGINE)) == []


def test_a_router_and_engines_that_do_not_agree_any_more() -> None:
    asked = "nothing reaches `org/llama` any more: the router asks port {}, and the engine listens on {}"
    assert told(moves(ROUTER, router("9000")), stays(ENGINE)) == [("Deployment/e", asked.format(9000, 8000), None)]
    assert told(stays(ROUTER), moves(ENGINE, AT_9000)) == [("Deployment/e", asked.format(8000, 9000), None)]
    assert told(moves(ROUTER, router("9000")), moves(ENGINE, AT_9000)) == []
    second = stays(engine("f"))
    assert told(stays(ROUTER), moves(ENGINE, AT_9000), second) == [], "the other one serves it"


def test_a_router_that_is_back_before_the_engines() -> None:
    fast, slow = moves(ROUTER, router("9000"), 30.0, 30.0), moves(ENGINE, AT_9000, 300.0, 300.0)
    [(subject, said, lasts)] = told(fast, slow)
    assert (subject, lasts) == ("Deployment/e", (270.0, 270.0))
    assert said == (
        "no request reaches `org/llama` for 4 min 30 s: the router asks port 9000, and the engine listens on 8000 "
        "until the engine has restarted"
    )
    assert told(moves(ROUTER, router("9000"), 299.0, 299.0), slow) == [], "a second is no gap that could be told"
    [(_, _, lasts)] = told(moves(ROUTER, router("9000"), 298.0, 298.0), slow)
    assert lasts == (2.0, 2.0)


def test_an_outage_of_its_own_is_told_at_the_workload() -> None:
    assert told(stays(ROUTER), moves(ENGINE, ENGINE, 0.0, 300.0)) == []


def test_a_model_of_another_name() -> None:
    gone = Ends(ENGINE, None, (Presence(None, None),), (0.0,))
    new = Ends(None, engine("f"), (Presence(None, (300.0, inf)),), (300.0,))
    [(subject, said, lasts)] = told(stays(ROUTER), gone, new)
    assert (subject, lasts) == ("Deployment/f", (300.0, 300.0))
    assert said == (
        "the workload it replaces is removed without waiting, and no replica is ready until this one has loaded "
        "(`org/llama` is not served for 5 min)"
    )
    assert told(stays(ROUTER), gone, new, stays(engine("g"))) == []


RENAMED = "clients that ask for model `org/llama` get an error from now on: it is served as `short`"


def test_an_id_that_is_served_no_longer() -> None:
    assert message(stays(ROUTER), moves(ENGINE, engine("e", "short"))) == RENAMED
    assert message(moves(ENGINE, engine("e", "short"))) == RENAMED, "without a router callers ask the engines"
    assert told(stays(ROUTER), moves(ENGINE, engine("e", "short", "org/llama"))) == []
    assert told(stays(ROUTER), moves(ENGINE, engine("e", "short")), stays(engine("f"))) == []
    two = "clients that ask for model `org/llama` get an error from now on: it is served as `a`, `b`"
    assert message(stays(ROUTER), moves(ENGINE, engine("e", "a", "b"))) == two


def test_a_model_that_goes_is_removed_and_no_break() -> None:
    assert told(stays(ROUTER), moves(ENGINE, None)) == []
    assert told(stays(ROUTER), moves(ENGINE, None), stays(engine("f", "other", model="other"))) == []
    assert told(moves(ROUTER, None), moves(ENGINE, AT_9000)) == [], "the router is removed, which is told"
    assert told(moves(None, ROUTER), moves(ENGINE, AT_9000)) == [], "callers go to the engines, as they did"


@pytest.mark.parametrize(
    ("name", "moved_from", "said"),
    [
        ("llama", {}, RENAMED),
        ("new", {"new": "llama"}, RENAMED),
        ("new", {"new": "other"}, None),
        ("new", {}, None),
    ],
)
def test_a_successor_that_serves_other_ids(name: str, moved_from: Any, said: str | None) -> None:
    new = moves(None, engine("f", "short", model=name))
    assert message(stays(ROUTER), moves(ENGINE, None), new, moved_from=moved_from) == said


PAIRS = {"routing_logic": "disaggregated_prefill", "prefill_model_labels": "p", "decode_model_labels": "d"}


def pair(port: int = 8000) -> tuple[Backend, Backend]:
    return engine("p", model="p"), engine("d", model="d", port=port)


def test_a_request_needs_an_engine_for_each_part() -> None:
    asks, (prefill, decode) = router(**PAIRS), pair()
    assert told(stays(asks), stays(prefill), stays(decode)) == []
    gone = Ends(decode, None, (Presence(None, None),), (0.0,))
    assert message(stays(asks), stays(prefill), gone) == (
        "no request of `org/llama` is answered any more: no engine is left for its prefill, or for its decode"
    )
    assert told(stays(ROUTER), stays(prefill), gone) == []


def test_a_half_that_restarts_leaves_the_other_without_answers() -> None:
    asks, (prefill, decode) = router(**PAIRS), pair()
    away = Ends(decode, decode, (Presence((0.0, 10.0), (300.0, inf)),), (0.0,))
    [(_, said, lasts)] = told(stays(asks), stays(prefill), away)
    assert lasts == (290.0, 290.0)
    assert said == (
        "no request of `org/llama` is answered for 4 min 50 s: each needs an engine for prefill and one for decode, "
        "and one of them restarts"
    )


def test_where_no_id_is_said_the_model_is_known_by_its_label() -> None:
    silent = Backend(("Deployment", "llm", "e"), {}, {}, 8000, None, (), "llama", {})
    elsewhere = Backend(silent.identity, {}, {}, 9000, None, (), "llama", {})
    said = "nothing reaches `llama` any more: the router asks port 8000, and the engine listens on 9000"
    assert message(stays(ROUTER), moves(silent, elsewhere)) == said
    assert told(stays(ROUTER), moves(ENGINE, silent)) == [], "it does not say that it is another"
