"""Static service discovery and the lists it needs do not go together.

With `serviceDiscovery: static` the router ends with an error unless it is given backends and models
(validate_args, src/vllm_router/parsers/parser.py), pairs them one to one, and leaves out a backend that is no
URL (parse_static_urls, src/vllm_router/utils.py), so that the pairs shift. With `k8s` the lists are not read:
a warning.

Fix: give `staticBackends` (URLs with http:// or https://) and `staticModels`, separated by commas without
spaces, as many of one as of the other; or remove them.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.router_flags import extra_flags
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.router import RouterSpec

RULE = Declaration("static-backends", Severity.ERROR, milder=Severity.WARNING)

_KEYS = {"staticBackends": "--static-backends", "staticModels": "--static-models"}


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router:
        return
    given = {"staticBackends": router.static_backends or "", "staticModels": router.static_models or ""}
    if router.service_discovery != "static":
        for key in (key for key, text in given.items() if text):
            yield Problem(
                f"`{key}` is not read with serviceDiscovery: {router.service_discovery or 'k8s'}",
                ("routerSpec", key),
                help="set serviceDiscovery: static, or remove it",
                milder=True,
            )
        return
    flags = extra_flags(router)
    for key in (key for key, flag in _KEYS.items() if not given[key] and flag not in flags):
        yield Problem(
            f"serviceDiscovery: static needs `{key}`",
            ("routerSpec", "serviceDiscovery"),
            help=f"list them in routerSpec.{key}, separated by commas",
        )
    if all(given.values()):
        yield from _pairs(router)


def _pairs(router: RouterSpec) -> Iterator[Problem]:
    backends, models = (router.static_backends or "").split(","), (router.static_models or "").split(",")
    for backend in backends:
        if not backend.startswith(("http://", "https://")):
            shown = backend or "an empty one"
            yield Problem(
                f"the router leaves out the backend `{shown}`: it is no URL",
                ("routerSpec", "staticBackends"),
                help="write http://host:port, without spaces",
            )
    if len(backends) != len(models):
        message = f"staticBackends has {len(backends)} and staticModels {len(models)}: they are paired one to one"
        yield Problem(message, ("routerSpec", "staticModels"), help="name the model of each backend, in the same order")
