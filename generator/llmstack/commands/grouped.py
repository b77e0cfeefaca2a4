"""The list of commands in `llmstack -h`: by when they are wanted, and not nineteen in a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup

GROUPS: Mapping[str, tuple[str, ...]] = {
    "To begin": ("init", "migrate", "adopt", "tools"),
    "With every change": ("gen", "lint", "validate", "diff", "affected", "render"),
    "Of clusters and engines": ("status", "fit", "verify", "learn", "secret"),
    "To look up": ("explain", "schema", "mcp", "help"),
}
"""Commands by the heading that they stand under."""


class Grouped(TyperGroup):
    """The program: its commands stand in groups, and of a word that begins with a command's name it is told."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for names in GROUPS.values() for name in names if name in self.commands]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = formatter.width - 6 - max(map(len, self.commands))
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(width)) for name in names])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        begun = [name for name in self.commands if args[0] != name and args[0].startswith(name)]
        if args[0] not in self.commands and begun:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {begun[0]!r}?")
        return super().resolve_command(ctx, args)
