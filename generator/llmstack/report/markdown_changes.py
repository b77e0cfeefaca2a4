"""What changes in the objects, for the comment: field by field, then as rendered differences."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.report.budget import Part
from llmstack.report.groups import Group, Member
from llmstack.report.markdown import code, fenced, fold_title
from llmstack.report.rendered import render_difference
from llmstack.report.visible import from_difference
from llmstack.review.wording import plural

NAMES = 6
"""Names that a group lists."""
MANY = 4
"""Objects that change alike, of which from then on one is rendered."""
VALUE = 120
"""Characters of a field's value."""
DIFF_LINES = 120
"""Lines of one object's rendered difference."""


def changes_part(groups: list[Group]) -> Part:
    """Each change of fields once, with the objects that have it."""
    return Part("\n#### Changes\n\n", map(_group, groups), len(groups), "change", share=0.4)


def _group(group: Group) -> str:
    """A group of changes: how many have it, what it is, whose it is."""
    verbs = {"add": "New", "remove": "**Removed**", "change": "Changed"}
    extent = group.say_extent()
    said = [verbs[group.action], code(group.kind, 60)]
    said += [f"({extent})"] if extent else []
    said += ["**restarts pods**"] if group.restarts else []
    environments = ", ".join(code(name, 60) for name in group.environments[:NAMES])
    names = list(dict.fromkeys(member.object.name for member in group.members))
    lines = [f"- {' '.join(said)}: {list_names(names)} in {environments}"]
    for change in group.changes[:12]:
        before, after = from_difference(change.before, change.after, VALUE)
        lines.append(f"  - {code(change.path, 160)}: {_value(before)} → {_value(after)}")
    more = len(group.changes) - 12
    return "\n".join([*lines, *([f"  - and {plural(more, 'other field')}"] if more > 0 else []), ""])


def differences_part(groups: list[Group]) -> Part:
    """Each object's rendered difference, folded; of many that change alike the first."""
    members = list({id(member.object): member for group in groups for member in _rendered(group)}.values())
    objects = len({id(member.object) for group in groups for member in group.members})
    of = f", of {plural(objects, 'object')}" if objects > len(members) else ""
    head = f"\n<details><summary>Rendered difference of {plural(len(members), 'object')}{of}</summary>\n"
    return Part(head, map(_difference, members), len(members), "rendered difference", foot="\n</details>\n")


def _rendered(group: Group) -> Sequence[Member]:
    return group.members[:1] if len(group.members) >= MANY else group.members


def _difference(member: Member) -> str:
    change = member.object
    lines = render_difference(change)
    cut = len(lines) - DIFF_LINES
    shown = [line if len(line) <= 300 else f"{line[:299]}…" for line in lines[:DIFF_LINES]]
    note = f"{change.action}, {cut} lines left out" if cut > 0 else change.action
    body = fenced(shown, "diff") if shown else "(not rendered)"
    title = f"{change.kind}/{change.name} in {member.environment}"
    return f"\n<details>{fold_title(title, note)}\n\n{body}\n\n</details>\n"


def list_names(names: Sequence[str]) -> str:
    """The first names as code, and how many more there are."""
    listed = ", ".join(code(name, 100) for name in names[:NAMES])
    more = len(names) - NAMES
    return f"{listed} and {more:,} more" if more > 0 else listed


def _value(value: str | None) -> str:
    return "*unset*" if value is None else code(value, VALUE) if value else "*empty*"
