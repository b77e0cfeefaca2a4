"""Session routing and its key do not go together.

With `routingLogic: session` the router ends with an error unless it is told the header that names the session
(validate_args, src/vllm_router/parsers/parser.py). KV-aware routing falls back on the same header
(KvawareRouter, src/vllm_router/routers/routing_logic.py); every other logic ignores it: a warning.

Fix: set `sessionKey: x-user-id`, or whichever header the clients send; or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.router_flags import extra_flags
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("session-key", Severity.ERROR, milder=Severity.WARNING)

_READERS = frozenset(("session", "kvaware", "loadaware"))


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router:
        return
    flags = extra_flags(router)
    if router.routing_logic == "session" and not router.session_key and "--session-key" not in flags:
        yield Problem(
            "routingLogic: session needs `sessionKey`",
            ("routerSpec", "routingLogic"),
            help="name the request header that tells sessions apart: `sessionKey: x-user-id`",
        )
    elif router.session_key and router.routing_logic not in _READERS and "--routing-logic" not in flags:
        message = f"`sessionKey` is not read with routingLogic: {router.routing_logic or 'roundrobin'}"
        yield Problem(
            message, ("routerSpec", "sessionKey"), help="set routingLogic: session, or remove it", milder=True
        )
