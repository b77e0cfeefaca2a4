"""The router does not know the routing logic, or a flag that it is given.

The chart's router takes one of a few routing logics and ends with an error for any other (`choices` of
`--routing-logic`, src/vllm_router/parsers/parser.py): `loadaware` and `priority` came with its release 0.1.13. A
router of one's own, which is one with a command or another image, may have more: then this is a warning. The same
holds for a flag that a key of routerSpec passes and that came after the release that the tag names.

Fix: correct the word, or run a router that has it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from llmstack.checks.router_flags import is_own_router
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.flags.router import FLAGS, ROUTING_LOGICS, router_has
from llmstack.model.router import ROUTING_LOGICS as KNOWN

RULE = Declaration("routing-logic", Severity.ERROR, milder=Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router:
        return
    logic, own = router.routing_logic or "roundrobin", is_own_router(router)
    route = ("routerSpec", "routingLogic")
    if logic not in KNOWN:
        near = difflib.get_close_matches(logic, KNOWN, n=1)
        guess = f"did you mean `{near[0]}`? " if near else ""
        message = f"`routingLogic` is `{logic}`, which the chart's router does not have"
        help = f"{guess}it has {', '.join(f'`{each}`' for each in KNOWN)}"
        if own:
            message, help = f"{message}; this router may", f"check that it does; the chart's has {', '.join(KNOWN)}"
        yield Problem(message, route, help=help, milder=own)
    elif not own and (since := ROUTING_LOGICS.get(logic)) and router_has(router.tag, since) == "no":
        release = ".".join(map(str, since.release))
        message = f"`{logic}` routing came with the router's release {release} ({since.source}), and the tag is older"
        yield Problem(message, route, help=f"set `routerSpec.tag: v{release}` or a later one", milder=True)
    flag = "--lmcache-controller-reply-port"
    if router.lmcache_controller_reply_port and not own and router_has(router.tag, FLAGS[flag]) == "no":
        message = f"this router ends with `unrecognized arguments: {flag}`, which came later ({FLAGS[flag].source})"
        key = ("routerSpec", "lmcacheControllerReplyPort")
        yield Problem(message, key, help="remove it, or run a later router", milder=True)
