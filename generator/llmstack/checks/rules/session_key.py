"""Session routing and its key do not go together.

With `routingLogic: session` the router ends with an error unless it is told the header that names the session
(validate_args, src/vllm_router/parsers/parser.py). KV-aware routing falls back on the same header
(KvawareRouter, src/vllm_router/routers/routing_logic.py); every other logic of the chart's router ignores it: a
warning. What a logic of another router reads is not known.

Fix: set `sessionKey: x-user-id`, or whichever header the clients send; or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.router_flags import extra_flags
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.router import ROUTING_LOGICS

RULE = Declaration("session-key", Severity.ERROR, milder=Severity.WARNING)

_IGNORING = frozenset(ROUTING_LOGICS) - {"session", "kvaware", "loadaware"}


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router:
        return
    flags, logic = extra_flags(router), router.routing_logic or "roundrobin"
    if logic == "session" and not router.session_key and "--session-key" not in flags:
        yield Problem(
            "routingLogic: session needs `sessionKey`",
            ("routerSpec", "routingLogic"),
            help="name the request header that tells sessions apart: `sessionKey: x-user-id`",
        )
    elif router.session_key and logic in _IGNORING and "--routing-logic" not in flags:
        message = f"`sessionKey` is not read with routingLogic: {logic}"
        yield Problem(
            message, ("routerSpec", "sessionKey"), help="set routingLogic: session, or remove it", milder=True
        )
