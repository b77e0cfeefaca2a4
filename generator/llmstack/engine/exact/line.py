"""What an engine is started with, as vLLM's own checks see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmstack.engine.cards import Card
from llmstack.engine.exact.configs import read_object
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import Flags, Settings, is_on
from llmstack.flags import Catalogue


class Line(Struct, frozen=True):
    """The command line of one engine. `given` has each flag with the text of its last value; `variables` are those of
    its environment, None for a value from elsewhere; `among` are the releases that may be the right one."""

    model: str
    """What it is told to load: a name on the hub, a path, an address."""
    facts: ModelFacts | None
    given: Flags
    variables: Flags
    settings: Settings
    catalogue: Catalogue
    among: tuple[str, ...]
    repository: str
    """The image's."""
    card: Card | None = None

    def text(self, flag: str) -> str:
        """The value of a flag; empty where it is not given, or comes from a variable."""
        text = self.given.get(flag) or ""
        return "" if "$" in text else text

    def number(self, flag: str) -> int | None:
        """The whole number of a flag; None where it is none."""
        try:
            return int(self.text(flag))
        except ValueError:
            return None

    def is_on(self, flag: str) -> bool:
        """Whether a switch is given and does not say `false`."""
        return is_on(self.given, flag)

    def object(self, flag: str) -> Mapping[str, Any]:
        """The JSON object of a flag, keys with `_`; empty for anything else."""
        return {str(key).replace("-", "_"): value for key, value in (read_object(self.text(flag)) or {}).items()}
