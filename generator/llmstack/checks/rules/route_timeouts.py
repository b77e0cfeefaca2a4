"""A route says nothing of timeouts, and a gateway's own may cut long answers.

A gateway ends a request after a time of its own where an HTTPRoute states none (15 seconds in Envoy Gateway's and
Istio's Envoy, unless configured): a model that thinks longer before its first token, or an answer that is not
streamed, is cut.

Fix: `timeouts: {request: 600s}`, as long as the longest answer; `0s` turns it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("route-timeouts", Severity.NOTE)


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    for key, route in (router.route or {}).items() if router.enable_router else ():
        leads = route.enabled and not route.https_redirect and (route.kind or "HTTPRoute") == "HTTPRoute"
        if leads and not route.timeouts:
            message = f"the route `{key}` states no timeouts: the gateway's own may cut long answers"
            yield Problem(message, ("routerSpec", "route", key), "set `timeouts: {request: 600s}`, or `0s` for none")
