"""A review as one self-contained page: no network, no fonts, and a policy that allows nothing but its own
script.

Jinja2 writes what is the same for every review and what must be readable without a script;
`templates/review.js` draws the timeline and the changes from the data in the page, a few models at a time, so
that 500 models stay readable.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from llmstack.report.clusters import say_pools, say_removed, sync_rows, told_clusters
from llmstack.report.groups import group_changes
from llmstack.report.inert import inert_json
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.page_chart import draw_usage
from llmstack.report.page_data import environment_page
from llmstack.report.risks import RiskGroup, group_risks
from llmstack.report.verdict import NOTHING, judge, say_effect, say_rule, say_rules
from llmstack.report.visible import visible
from llmstack.report.words import say_gpus, say_hang, say_pool, say_target, short_revision
from llmstack.review.result import EnvironmentReview, GpuPool, Review

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
OPEN_RISKS = 8
"""Risks of an environment that are not folded."""


def render(review: Review, options: Options = PLAIN) -> str:
    """Return the page; secrets are masked, unseen characters shown as escapes, every text escaped."""
    shown = mask_review(review)
    script, style = _asset("review.js"), _asset("review.css")
    page = _page(shown)
    page |= {"script": script, "style": style, "script_hash": _hash(script), "style_hash": _hash(style)}
    return _jinja().get_template("review.html.j2").render(page)


def _page(review: Review) -> dict[str, Any]:
    """What the template fills in."""
    verdict = judge(review)
    risks = group_risks(review)
    changed = [
        (name, environment)
        for name, environment in sorted(review.environments.items())
        if environment.objects or environment.risks or environment.findings or environment.removed
    ]
    data = [environment_page(name, environment) for name, environment in changed]
    return {
        "from_revision": short_revision(review.from_revision),
        "to_revision": say_target(review),
        "level": verdict.level or "none",
        "tally": verdict.tally or ("No risk" if verdict.effects else NOTHING),
        "effects": verdict.effects,
        "rules_head": say_rules(review),
        "rules": list(map(say_rule, review.rules)),
        "groups": [group for group in group_changes(review) if len(group.members) > 1],
        "clusters": [
            (name, cluster, sync_rows(cluster), [(told, say_gpus(pool)) for told, pool in say_pools(cluster)])
            for name, cluster in told_clusters(review)
        ],
        "environments": [
            _environment(name, environment, [group for group in risks if group.environment == name])
            for name, environment in changed
        ],
        "models": sum(len(environment["models"]) for environment in data),
        "data": _script_data({"environments": data}),
    }


def _environment(name: str, environment: EnvironmentReview, risks: list[RiskGroup]) -> dict[str, Any]:
    return {
        "name": name,
        "effect": say_effect(environment) if environment.objects or environment.removed else "",
        "removed": [(each.model or f"{each.kind}/{each.name}", say_removed(each)) for each in environment.removed],
        "risks": risks[:OPEN_RISKS],
        "more_risks": risks[OPEN_RISKS:],
        "findings": environment.findings,
        "pools": [_pool(pool) for pool in environment.gpus],
        "timeline": bool(environment.timeline),
        "objects": len(environment.objects),
    }


def _pool(pool: GpuPool) -> dict[str, Any]:
    return {
        "name": say_pool(pool),
        "told": say_gpus(pool),
        "hang": say_hang(pool),
        "row": pool,
        "free": pool.capacity - pool.after if pool.capacity is not None else None,
        "chart": draw_usage(pool),
    }


def _jinja() -> Environment:
    """Templates that escape every value and show its unseen characters. Imported late: no other report needs
    Jinja."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("llmstack.report", TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )
    environment.filters["prose"] = _prose
    return environment


def _prose(text: str) -> Any:
    """A sentence as markup: what stands in backticks as code."""
    from markupsafe import Markup, escape

    pieces = re.split(r"`([^`\n]+)`", visible(text, keep="\n"))
    quoted = [
        f"<code>{escape(piece)}</code>" if index % 2 else str(escape(piece)) for index, piece in enumerate(pieces)
    ]
    return Markup("".join(quoted))


def _show(value: Any) -> Any:
    """Any value as text with its unseen characters as escapes; what is markup already stays."""
    return value if hasattr(value, "__html__") else visible(str(value), keep="\n")


def _script_data(data: Any) -> Any:
    """JSON that can stand inside a `<script>`: nothing in it can end the element or begin a comment."""
    from markupsafe import Markup

    text = inert_json(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _asset(name: str) -> Any:
    """A file of ours that goes into the page as it is."""
    from markupsafe import Markup

    return Markup(files("llmstack.report").joinpath(TEMPLATES, name).read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """The source expression that allows exactly this inline script or style
    (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
