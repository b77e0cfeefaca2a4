"""docs/values.md: every key, its type, its default, and where the default differs from the chart's."""

from __future__ import annotations

from llmstack.model.keys import Key, all_keys

_INTRO = """# Values

<!-- Generated from generator/llmstack/model by `make update`. -->

A values file is that of the vLLM production-stack Helm chart 0.1.12, unmodified, plus the section `gitops`. This page
is made from the model that reads it; `llmstack explain KEY` prints the same for one key.

Layers: our defaults, values/base.yaml, values/<env>.yaml. Maps merge deep, lists are replaced, `null` removes (a
default too). `modelSpec` merges by `name`. A probe's handler and a strategy's type replace the lower layer's.
"""


def values_page() -> str:
    """The whole page."""
    keys = list(all_keys())
    parts = [_INTRO]
    for top in [key for key in keys if "." not in key.path]:
        inner = [key for key in keys if key.path.startswith((f"{top.path}.", f"{top.path}["))]
        parts.append(f"\n## {top.path}\n\n{top.description}{_also(top)}\n")
        if inner:
            parts.append(_table(inner, top.path))
    differing = [key for key in keys if key.chart_default is not None]
    parts.append("\n## Defaults that differ from the chart's\n\n| key | our default | the chart's |\n|---|---|---|\n")
    parts += [f"| `{key.path}` | {_code(key.default)} | {_code(key.chart_default or '')} |\n" for key in differing]
    return "".join(parts)


def _table(keys: list[Key], top: str) -> str:
    rows = ["\n| key | type | default | what it does |\n|---|---|---|---|\n"]
    for key in keys:
        shown = key.path.removeprefix(top).removeprefix(".")
        rows.append(f"| `{shown}` | {key.type} | {_code(key.default)} | {_escape(key.description)}{_also(key)} |\n")
    return "".join(rows)


def _also(key: Key) -> str:
    return f" Also: {', '.join(f'`{alias}`' for alias in key.aliases)}." if key.aliases else ""


def _code(text: str) -> str:
    return f"`{_escape(text)}`" if text and text != "required" else text


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
