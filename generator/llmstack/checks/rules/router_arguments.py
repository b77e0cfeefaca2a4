"""The router ends as it starts: it refuses a value among its extra arguments, or two beside each other.

What the parser lets pass, the router itself checks (validate_args, src/vllm_router/parsers/parser.py): intervals of
statistics are more than 0, shares of Sentry's samples from 0 to 1, health checks of static backends name the type of
each model, session routing its header; `--dynamic-config-yaml` and `--dynamic-config-json` exclude each other. An
alias of `--static-aliases` is `alias:model` (parse_static_aliases, src/vllm_router/utils.py), a gate of
`--feature-gates` `Name=true` (initialize_feature_gates, src/vllm_router/experimental/feature_gates.py); anything else
ends it too. Of a router of one's own nothing is known.

Fix: what the finding says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from llmstack.checks.router_flags import extra_values, is_own_router
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("router-arguments", Severity.ERROR)

Given = Mapping[str, str]

DISCOVERY, SESSION_KEY, LOGIC = "--service-discovery", "--session-key", "--routing-logic"
HEALTH, TYPES, ALIASES = "--static-backend-health-checks", "--static-model-types", "--static-aliases"
JSON, YAML = "--dynamic-config-json", "--dynamic-config-yaml"
MODEL_TYPES = frozenset(
    ("chat", "completion", "embeddings", "rerank", "score", "transcription", "vision", "messages"),
)
"""`ModelType`, src/vllm_router/utils.py."""


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router or is_own_router(router):
        return
    found = extra_values(router)
    given = {flag: text for flag, (text, _) in found.items() if "$" not in text}
    typed = {DISCOVERY: router.service_discovery or "", SESSION_KEY: router.session_key or ""}
    given = {flag: text for flag, text in typed.items() if text and flag not in found} | given
    for flag, (refuses, message, help) in CHECKS.items():
        if flag in found and flag in given and refuses(given):
            yield Problem(message, ("routerSpec", "extraArgs", found[flag][1]), help=help)


def _number(text: str) -> float | None:
    """A number; None for what is none, which `bad-flag-value` says."""
    try:
        return float(text)
    except ValueError:
        return None


def _is_idle(flag: str) -> Callable[[Given], bool]:
    def refuses(given: Given) -> bool:
        number = _number(given[flag])
        return number is not None and number <= 0

    return refuses


def _is_no_share(flag: str) -> Callable[[Given], bool]:
    def refuses(given: Given) -> bool:
        number = _number(given[flag])
        return number is not None and not 0 <= number <= 1

    return refuses


def _has_other_parts(flag: str, sign: str) -> Callable[[Given], bool]:
    """Whether an item of a list is not two parts with a sign between them."""
    return lambda given: any(each.count(sign) != 1 for each in given[flag].split(",")) and bool(given[flag])


def _is_whole(given: Given) -> bool:
    """Whether no file says more."""
    return JSON not in given and YAML not in given


def _is_static(given: Given) -> bool:
    return given.get(DISCOVERY) == "static"


def _has_unknown_types(given: Given) -> bool:
    return _is_static(given) and _is_whole(given) and not MODEL_TYPES.issuperset(given.get(TYPES, "").split(","))


CHECKS: Mapping[str, tuple[Callable[[Given], bool], str, str]] = {
    "--log-stats-interval": (
        lambda given: "--log-stats" in given and _is_idle("--log-stats-interval")(given),
        "--log-stats-interval is more than 0",
        "seconds, for example 10",
    ),
    **{
        flag: (_is_idle(flag), f"{flag} is more than 0", "seconds")
        for flag in ("--engine-stats-interval", "--request-stats-window")
    },
    **{
        flag: (_is_no_share(flag), f"{flag} is a share", "from 0 to 1")
        for flag in ("--sentry-traces-sample-rate", "--sentry-profile-session-sample-rate")
    },
    HEALTH: (
        _has_unknown_types,
        f"{HEALTH} needs the type of each model in {TYPES}",
        f"of {', '.join(sorted(MODEL_TYPES))}",
    ),
    JSON: (lambda given: YAML in given, f"{JSON} and {YAML} exclude each other", "one of both"),
    LOGIC: (
        lambda given: given[LOGIC] == "session" and SESSION_KEY not in given and _is_whole(given),
        f"{LOGIC} session needs {SESSION_KEY}",
        "the request header that tells sessions apart: `sessionKey: x-user-id`",
    ),
    ALIASES: (
        lambda given: _is_static(given) and _has_other_parts(ALIASES, ":")(given),
        f"{ALIASES} has what is no alias",
        "`alias:model`, separated by commas",
    ),
    "--feature-gates": (
        _has_other_parts("--feature-gates", "="),
        "--feature-gates has what is no gate",
        "`Name=true`, separated by commas",
    ),
}
"""What the router refuses of a flag that is given, in words, and what to do."""
