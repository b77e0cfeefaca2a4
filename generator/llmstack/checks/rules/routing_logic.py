"""The router does not know the routing logic, or a flag that it is given.

The chart's router takes one of a few routing logics and ends with an error for any other (`choices` of
`--routing-logic`, src/vllm_router/parsers/parser.py): `loadaware` and `priority` came with its release 0.1.13. A
router of one's own, which is one with a command or another image, may have more: then this is a warning. The same
holds for a flag that a key of routerSpec or `extraArgs` passes and that came after the release that the tag names.

Fix: correct the word, or run a router that has it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from llmstack.checks.router_flags import extra_values, is_own_router
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.flags.router import FLAGS, ROUTING_LOGICS, router_has
from llmstack.model.router import ROUTING_LOGICS as KNOWN
from llmstack.model.router import RouterSpec

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
        message = f"`{logic}` routing came with the router's release {since} ({since.source}), and the tag is older"
        yield Problem(message, route, help=f"set `routerSpec.tag: v{since}` or a later one", milder=True)
    if not own:
        yield from _refused(router)


def _refused(router: RouterSpec) -> Iterator[Problem]:
    """Flags that came after the release that the tag names."""
    given: dict[str, Route] = {flag: ("extraArgs", index) for flag, (_, index) in extra_values(router).items()}
    if router.lmcache_controller_reply_port:
        given.setdefault("--lmcache-controller-reply-port", ("lmcacheControllerReplyPort",))
    for flag, key in given.items():
        since = FLAGS.get(flag)
        if since is not None and router_has(router.tag, since) == "no":
            message = f"this router ends with `unrecognized arguments: {flag}`, which came later ({since.source})"
            yield Problem(message, ("routerSpec", *key), help="remove it, or run a later router", milder=True)
