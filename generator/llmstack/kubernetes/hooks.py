"""What a container does before its end: Kubernetes documentation, "Container Lifecycle Hooks"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SLEEPS = re.compile(r"(?:(?:/bin/|/usr/bin/)?(?:ba)?sh -c )?(?:/bin/|/usr/bin/)?sleep (\d{1,9})s?")
"""A command that sleeps, by itself or in a shell."""


def seconds_slept(hooks: Mapping[str, Any] | None) -> int:
    """Seconds of a preStop hook that sleeps, by its own action or a command that does nothing else; 0 for any other."""
    hook = (hooks or {}).get("preStop")
    found: Any = hook if isinstance(hook, Mapping) else {}
    action, command = found.get("sleep"), found.get("exec")
    if isinstance(action, Mapping):
        seconds = action.get("seconds")
        return seconds if type(seconds) is int else 0
    words = command.get("command") if isinstance(command, Mapping) else None
    match = _SLEEPS.fullmatch(" ".join(str(word) for word in words)) if isinstance(words, list) else None
    return int(match[1]) if match else 0
