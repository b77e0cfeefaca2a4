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
from urllib.parse import quote

from llmstack.report.clusters import say_removed, sync_rows, told_clusters
from llmstack.report.cost import COLUMNS, cost_rows, say_cost, say_unpriced, told_costs
from llmstack.report.glossary import TERMS
from llmstack.report.groups import Group, group_changes
from llmstack.report.images import changed_images
from llmstack.report.inert import inert_json
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.page_data import environment_page
from llmstack.report.page_engines import engine_cards
from llmstack.report.page_pools import page_pools
from llmstack.report.pages import all_pages
from llmstack.report.risks import group_risks
from llmstack.report.sources import told_sources
from llmstack.report.verdict import NOTHING, judge, say_rule, say_rules
from llmstack.report.visible import visible
from llmstack.report.waves import told_waves
from llmstack.report.words import model_of, say_target, short_revision
from llmstack.review.result import ClusterReview, EnvironmentReview, Review
from llmstack.review.ways_in.breaks import say_for

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
OPEN = 8
"""Risks that are not folded."""


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
    changed = [
        (name, environment)
        for name, environment in sorted(review.environments.items())
        if environment.objects or environment.risks or environment.findings or environment.removed
    ]
    data = [environment_page(name, environment) for name, environment in changed]
    risks = group_risks(review)
    pools, still = page_pools(review)
    effects = dict(verdict.effects)
    return {
        "from_revision": short_revision(review.from_revision),
        "to_revision": say_target(review),
        "level": verdict.level or "none",
        "tally": verdict.headline or ("No risk" if verdict.effects else NOTHING),
        "rules_head": say_rules(review),
        "rules": list(map(say_rule, review.rules)),
        "sources": list(told_sources(review)),
        "environments": [(name, effects.pop(name, "")) for name, _ in changed],
        "beside": list(effects.items()),
        "removed": [
            (name, each.model or f"{each.kind}/{each.name}", say_removed(each))
            for name, environment in changed
            for each in environment.removed
        ],
        "clusters": [
            (name, cluster, sync_rows(cluster)) for name, cluster in told_clusters(review) if _synced(cluster)
        ],
        "risks": risks[:OPEN],
        "more_risks": risks[OPEN:],
        "ways": {(name, way.subject, way.why): way for name, environment in changed for way in environment.ways},
        "findings": [(name, finding) for name, environment in changed for finding in environment.findings],
        "pools": pools,
        "waves": list(told_waves(review)),
        "costs": [
            (name, f"{say_cost(cost)}{say_unpriced(cost)}", *cost_rows(cost)) for name, cost in told_costs(review)
        ],
        "columns": COLUMNS,
        "still": still,
        "engines": engine_cards(review),
        "images": changed_images(review),
        "groups": [group for group in group_changes(review) if len(group.members) > 1 and not _is_image(group)],
        "models": sum(len(environment["models"]) for environment in data),
        "terms": TERMS,
        "pages": {id: all_pages()[id].text for id in {group.risk.id for group in risks} & all_pages().keys()},
        "links": _links(data, changed),
        "data": _script_data({"environments": data}),
    }


def _is_image(group: Group) -> bool:
    """Whether the list of images tells all of a group."""
    return bool(group.changes) and all(change.path.endswith(".image") for change in group.changes)


def _synced(cluster: ClusterReview) -> bool:
    return bool(cluster.sync or cluster.advice or cluster.foreign)


def _links(data: list[dict[str, Any]], changed: list[tuple[str, EnvironmentReview]]) -> dict[tuple[str, str], str]:
    """By environment and object (`Kind/name`), or model: the fragment that opens it."""
    links = {}
    for page, (name, environment) in zip(data, changed, strict=True):
        there = {model["name"] for model in page["models"]}
        owners = {f"{change.kind}/{change.name}": model_of(change.unit) for change in environment.objects}
        owners |= {f"{each.kind}/{each.name}": each.model for each in environment.rollouts if each.model}
        owners |= {each.model: each.model for each in environment.removed if each.model}
        for key, owner in owners.items():
            if visible(owner) in there:
                links[name, key] = f"#{quote(page['name'], safe='')}/{quote(visible(owner), safe='')}"
    return links


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
    environment.globals["say_lasting"] = lambda lasts: "for good" if lasts is None else say_for(lasts)
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
