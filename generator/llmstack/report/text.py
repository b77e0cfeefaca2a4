"""Findings as a compiler prints them, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llmstack.finding import Finding, Place, Severity, sort_findings
from llmstack.report.mask import mask_finding
from llmstack.report.options import PLAIN, Options
from llmstack.report.paint import BLUE, BOLD, BY_SEVERITY, Paint, paint_with
from llmstack.report.visible import visible, width
from llmstack.report.words import count_severities

TAB = 4
LONGEST = 160
"""Characters of a source line that are shown; a longer one is cut around the place."""


def render(findings: Sequence[Finding], options: Options = PLAIN) -> str:
    """Return all findings, ordered by file and line, and a tally; the empty string when there are none.

    ```
    error[unknown-key]: `repositry` is not a key of modelSpec[0]
      --> values/prod.yaml:5:7
       |
     5 |       repositry: vllm/vllm-openai
       |       ^^^^^^^^^
       = help: did you mean `repository`?
    ```
    """
    if not findings:
        return ""
    blocks = render_blocks(findings, paint_with(colour=options.colour))
    return "\n".join([*blocks, f"{count_severities(finding.severity for finding in set(findings))}\n"])


def render_blocks(findings: Iterable[Finding], paint: Paint) -> list[str]:
    """Return each finding's lines, in the order of `render`."""
    ordered = [mask_finding(finding) for finding in sort_findings(findings)]
    return ["".join(f"{line}\n" for line in _block(finding, paint)) for finding in ordered]


def _block(finding: Finding, paint: Paint) -> Iterator[str]:
    place = finding.place
    severity = Severity(finding.severity)
    head = paint(f"{severity}[{visible(finding.id)}]", BY_SEVERITY[severity])
    message = visible(finding.message, keep="\n").replace("\n", "\n  ")
    yield head + paint(f": {message}", BOLD)
    gutter = " " * (len(str(place.line)) if place is not None else 1)
    if place is not None:
        yield f"{gutter}{paint(' -->', BLUE)} {visible(str(place))}"
        if place.source_line is not None:
            yield from _snippet(place, place.source_line, gutter, severity, paint)
    if finding.help:
        first, *rest = visible(finding.help, keep="\n").split("\n")
        yield f"{gutter}  {paint('=', BLUE)} {paint('help:', BOLD)} {first}"
        yield from (f"{gutter}          {line}".rstrip() for line in rest)


def _snippet(place: Place, line: str, gutter: str, severity: Severity, paint: Paint) -> Iterator[str]:
    start, end = place.column - 1, place.column - 1 + max(1, place.width)
    first = max(0, start - LONGEST // 2) if len(line) > LONGEST else 0
    last = first + LONGEST
    lead, shown = ("…" if first else ""), _cells(line[first:last])
    before = width(lead) + sum(map(width, shown[: start - first]))
    under = max(1, sum(map(width, shown[start - first : end - first])))
    text = lead + "".join(shown) + ("…" if last < len(line) else "")
    bar = paint("|", BLUE)
    yield f"{gutter}  {bar}"
    yield f" {paint(str(place.line), BLUE)} {bar} {text}".rstrip()
    yield f"{gutter}  {bar} {' ' * before}{paint('^' * under, BY_SEVERITY[severity])}"


def _cells(line: str) -> list[str]:
    """What each character of the line is shown as: a tab up to the next stop, an unseen character as its
    escape."""
    if line.isascii() and line.isprintable():
        return list(line)
    cells: list[str] = []
    column = 0
    for character in line:
        cell = " " * (TAB - column % TAB) if character == "\t" else visible(character)
        cells.append(cell)
        column += width(cell)
    return cells
