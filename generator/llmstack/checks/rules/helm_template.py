"""A text is a Helm template, which nothing evaluates here.

The chart evaluates templates in `extraObjects` and in the routes' host names and additional rules, so that files
written for it may say `{{ .Release.Name }}` there. llmstack writes every text as it is: an object would have the
template in its name.

Fix: write what Helm would have put there. The help says it for the release's name and namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity, at_route

RULE = Declaration("helm-template", Severity.ERROR)

_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:\$?\.(?:Release|Values|Chart|Capabilities|Template|Files)\b|(?:include|tpl|template)\s|[`\"])[^}]*\}\}"
)
_EVALUATED: tuple[Route, ...] = (("extraObjects",), ("routerSpec", "route"))
"""Where the chart calls `tpl`: helm/templates/route.yaml, and the description of extraObjects."""


def run(subject: Subject) -> Iterator[Problem]:
    known = {"Name": subject.stack.gitops.release, "Namespace": subject.stack.gitops.namespace}
    for top in _EVALUATED:
        for route, text in _texts(top, at_route(subject.layers.data, top)):
            for template in dict.fromkeys(match[0] for match in _TEMPLATE.finditer(text)):
                release = re.search(r"\.Release\.(Name|Namespace)\s*-?\}\}", template)
                help = f"write `{known[release[1]]}`" if release else "write what Helm would have put there"
                yield Problem(f"`{template}` is a Helm template, and llmstack does not evaluate it", route, help=help)


def _texts(route: Route, value: Any) -> Iterator[tuple[Route, str]]:
    """Yield each text at or below `route`."""
    if isinstance(value, str):
        yield route, value
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts((*route, key), item)
