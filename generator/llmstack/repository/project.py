"""A repository of values: its root, its environments, and the files that are read from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.ownership import is_ours
from llmstack.errors import UsageError
from llmstack.finding import Finding, Place, Severity
from llmstack.model.types import LABEL
from llmstack.values.source import Source, read_source

SUFFIXES = (".yaml", ".yml")
BASE = "base"
VALUES = "values"


@dataclass(frozen=True)
class Environment:
    """One environment: its name and its values file, as messages name it."""

    name: str
    file: Path
    label: str
    layered: bool = True
    """Whether values/base.yaml lies under it; not so for a file outside values/."""


@dataclass(frozen=True)
class Project:
    """A root folder with values/ in it."""

    root: Path
    origins: tuple[Path, ...] = (Path(),)
    """Where paths on the command line start, the first that has such a file; the root goes first where -C names it."""

    def environments(self) -> list[Environment]:
        """Every environment by name. Raises UsageError when two files name one environment."""
        found: dict[str, Environment] = {}
        for file in sorted(self._values_files()):
            if file.stem == BASE:
                continue
            if file.stem in found:
                raise UsageError(f"{found[file.stem].label} and {self.label(file)} name the same environment: keep one")
            found[file.stem] = Environment(file.stem, file, self.label(file))
        return list(found.values())

    def base_file(self) -> Path | None:
        """values/base.yaml, None when there is none."""
        files = [file for file in self._values_files() if file.stem == BASE]
        if len(files) > 1:
            raise UsageError("values/base.yaml and values/base.yml are the same layer: keep one")
        return files[0] if files else None

    def _values_files(self) -> list[Path]:
        """The files of values/, hidden ones left out: editors keep their locks and copies in such."""
        folder = self.root / VALUES
        if not folder.is_dir():
            return []
        files = [file for file in folder.iterdir() if file.suffix in SUFFIXES and not file.name.startswith(".")]
        for file in files:
            if not file.is_file():
                kind = "a folder" if file.is_dir() else "a link to nowhere" if file.is_symlink() else "no regular file"
                raise UsageError(f"{self.label(file)} is {kind}: move it away, or put a values file in its place")
        return files

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
        known = {environment.name: environment for environment in self.environments()}
        selected: dict[str, Environment] = {}
        for name in names or [BASE]:
            for environment in self._meant(name, known, outside=outside, env=env):
                other = selected.setdefault(environment.name, environment)
                if other != environment:
                    both = f"{other.label} and {environment.label}"
                    raise UsageError(f"{both} would both be the environment `{environment.name}`: name one")
        if not selected:
            raise UsageError(f"there is no environment: write {VALUES}/<env>.yaml, or `llmstack init` for an example")
        return list(selected.values())

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
            return [Environment(env or path.stem, path, self.label(path), layered=False)]
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

    def read(self, file: Path) -> Source:
        """Read a values file; raises DiskError when it cannot be read at all."""
        try:
            return read_source(self.label(file), file.read_bytes())
        except OSError as error:
            raise DiskError(self.label(file), f"cannot be read: {reason_of(error)}") from error

    def custom_units(self, environment: str) -> list[str]:
        """Units that people build on: folders of custom/<env>/ with a kustomization."""
        top = self.root / "custom" / environment
        names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
        found = {Path(folder) for folder, _, files in os.walk(top) if any(name in files for name in names)}
        return sorted(folder.relative_to(top).as_posix() for folder in found - {top})

    def read_root(self, name: str) -> bytes | None:
        """The content of a file in the root; None when there is none."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror}") from error

    def encrypted(self, environment: str) -> dict[str, str]:
        """The texts of the files in overlays/<env>/secrets/ that are not generated, by name: encrypted manifests."""
        folder = self.root / "overlays" / environment / "secrets"
        if not folder.is_dir() or folder.is_symlink():
            return {}
        files = [
            file for file in folder.iterdir() if file.suffix in SUFFIXES and file.is_file() and not file.is_symlink()
        ]
        contents = {file.name: file.read_bytes() for file in sorted(files) if not file.name.startswith(".")}
        return {name: content.decode("utf-8", "replace") for name, content in contents.items() if not is_ours(content)}

    def scopes(self, environment: str) -> list[str]:
        """The folders that belong to one environment: its overlay, and its folder of every cluster."""
        clusters = self.root / "clusters"
        found = (
            sorted(folder.name for folder in clusters.iterdir() if (folder / environment).is_dir())
            if clusters.is_dir()
            else []
        )
        return [f"overlays/{environment}", *(f"clusters/{cluster}/{environment}" for cluster in found)]

    def generated_environments(self) -> list[str]:
        """Environments that overlays/ holds."""
        top = self.root / "overlays"
        return sorted(folder.name for folder in top.iterdir() if folder.is_dir()) if top.is_dir() else []


def find_project(names: Sequence[str], directory: Path | None) -> Project:
    """The project a command is about: `-C DIR`, else the parent of the values/ folder that holds a named file, else
    the working directory."""
    if directory is not None:
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a folder")
        return Project(directory, (directory, Path()))
    for name in names:
        path = Path(os.path.abspath(name))
        if path.suffix in SUFFIXES and path.parent.name == VALUES:
            return Project(path.parent.parent)
    return Project(Path.cwd())


def name_findings(environments: Sequence[Environment]) -> Iterator[Finding]:
    """Yield a finding for each environment whose name is not a DNS label."""
    for environment in environments:
        if not re.fullmatch(LABEL, environment.name) or len(environment.name) > 63:
            message = f"the environment's name `{environment.name}` is not a DNS label"
            help = "name the file with lower-case letters, digits and `-`" + (
                "" if environment.layered else ", or give --env NAME"
            )
            yield Finding("bad-name", Severity.ERROR, message, place=Place(environment.label), help=help)
