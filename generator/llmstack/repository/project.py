"""The repository a command is about: its root, and what names on the command line mean in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from llmstack.errors import UsageError
from llmstack.repository.environments import BASE, Environment, list_environments
from llmstack.repository.root import SUFFIXES, VALUES, find_root
from llmstack.repository.snapshot import Disk


class Project(Struct, frozen=True, dict=True):
    """A root folder with values/ in it."""

    root: Path
    origins: tuple[Path, ...] = (Path(),)
    """Where paths on the command line start, the first that has such a file; the root goes first where -C names it."""

    @cached_property
    def disk(self) -> Disk:
        """What it holds now."""
        return Disk(self.root)

    def label(self, file: Path) -> str:
        """A path as messages name it: from the root where it is below it, with `/`."""
        absolute, root = Path(os.path.abspath(file)), Path(os.path.abspath(self.root))
        return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else str(file)

    def means_all(self, names: Sequence[str]) -> bool:
        """Whether names on the command line mean every environment: none at all, or values/base.yaml among them."""
        return not names or any(self._means_base(name) for name in names)

    def select(self, names: Sequence[str], *, outside: bool = False, env: str | None = None) -> list[Environment]:
        """The environments that names or values files mean, each once; all of them for none, or for values/base.yaml.

        A file outside values/ is a UsageError unless `outside` admits it; `env` is then its name.
        """
        known = {environment.name: environment for environment in list_environments(self.disk)}
        selected: dict[str, Environment] = {}
        for name in names or [BASE]:
            for environment in self._meant(name, known, outside=outside, env=env):
                other = selected.setdefault(environment.name, environment)
                if other != environment:
                    both = f"{other.label} and {environment.label}"
                    raise UsageError(f"{both} would both be the environment `{environment.name}`: name one")
        if not selected:
            raise UsageError(
                f"there is no environment here: write {VALUES}/<env>.yaml, or `llmstack init` for an example; "
                f"`llmstack -C DIR` is for another folder that holds {VALUES}/"
            )
        return list(selected.values())

    def select_one(self, name: str, *, env: str | None = None) -> Environment:
        """The one environment that a name or a values file means; raises UsageError for several."""
        selected = self.select([name], outside=True, env=env)
        if len(selected) != 1:
            raise UsageError(f"`{name}` means {len(selected)} environments: name one")
        return selected[0]

    def _meant(self, name: str, known: dict[str, Environment], *, outside: bool, env: str | None) -> list[Environment]:
        path = self._locate(name)
        found = self._known(name, path, known)
        if found and env is not None:
            raise UsageError(f"--env {env} is for a file outside {VALUES}/; `{name}` has its name already")
        if found or self._means_base(name):
            return found
        if path.is_file():
            if not outside:
                raise UsageError(
                    f"{name} is not in {self.label(self.root / VALUES)}/: an environment is {VALUES}/<env>.yaml"
                )
            return [Environment(env or path.stem, os.path.abspath(path), self.label(path), layered=False)]
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"`{name}` is neither an environment ({listed}) nor a values file")

    def _known(self, name: str, path: Path, known: dict[str, Environment]) -> list[Environment]:
        if self._means_base(name):
            return list(known.values())
        stem = name if name in known else path.stem if self._is_value(path) else None
        return [known[stem]] if stem in known else []

    def _means_base(self, name: str) -> bool:
        path = self._locate(name)
        return name == BASE or (path.stem == BASE and path.suffix in SUFFIXES and self._is_value(path))

    def _locate(self, name: str) -> Path:
        """The path that a name on the command line means, whether or not it is there."""
        paths = [origin / name for origin in self.origins]
        return next((path for path in paths if path.exists()), paths[-1])

    def _is_value(self, path: Path) -> bool:
        return Path(os.path.abspath(path)).parent == Path(os.path.abspath(self.root / VALUES)) and path.is_file()


def find_project(names: Sequence[str], directory: Path | None) -> Project:
    """The project a command is about, at the root that `find_root` finds."""
    return Project(*find_root(names, directory))
