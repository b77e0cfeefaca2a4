"""Which files of the repository a source of Flux takes: `ignore` and `sparseCheckout` of a GitRepository, and the
copies of an ArtifactGenerator.

source-controller checks out the directories of `sparseCheckout` alone (docs/spec/v1/gitrepositories.md, "Sparse
checkout"), and leaves out of the artifact what `ignore` excludes, in .gitignore's form: the last pattern that matches
decides, and one that matches a folder matches all below it (go-git, plumbing/format/gitignore/pattern.go and
matcher.go). source-watcher makes an artifact of nothing but its copies (docs/spec/v1beta1/artifactgenerators.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Any

from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.local import SOURCEIGNORE
from llmstack.sync.owner import is_under

_COPY = re.compile(r"@([a-z0-9-]+)/(.*?)/?\*\*")
"""A whole folder: `@repo/base/engine/**`."""
MOST_PATTERNS = 5_000
"""How many patterns of files to leave out are looked at: each is asked about each file, and people have some ten."""


def takes(filters: Mapping[str, Any], path: str) -> bool | None:
    """Whether a source with these fields has a file of the repository at its own place; None where that cannot be told
    (what another repository is put over, copies of another form, more than MOST_PATTERNS).

    Submodules add files where there are none, and take none away; so does `include` outside of its folder.
    """
    included = [str(each.get("toPath") or _included(each)) for each in map(mapping, sequence(filters.get("include")))]
    if any(is_under(path, [each.strip("./")]) for each in included):
        return None
    folders = [str(each).strip("./") for each in sequence(filters.get("sparseCheckout"))]
    if folders and not any(not each or path.startswith(f"{each}/") for each in folders):
        return False
    patterns = "\n".join(str(filters.get(each) or "") for each in (SOURCEIGNORE, "ignore"))
    if patterns.count("\n") > MOST_PATTERNS:
        return None
    if is_ignored(patterns, path):
        return False
    copies = filters.get("copies")
    return True if copies is None else _is_copied(sequence(copies), str(filters.get("alias")), path)


def _included(entry: Mapping[str, Any]) -> str:
    """Where files of another source go that says no place: a folder of its name (`GetToPath`, source-controller,
    api/v1/gitrepository_types.go)."""
    return str(mapping(entry.get("repository")).get("name"))


def from_root(patterns: str, folder: str) -> str:
    """The patterns of a .sourceignore in a folder, as they would stand in one at the root (fluxcd/pkg,
    sourceignore/sourceignore.go, `LoadIgnorePatterns`: each file counts for its folder)."""
    lines = (line for line in patterns.splitlines() if line.strip() and not line.startswith("#"))
    return "\n".join(_from_root(line, folder) for line in lines) if folder else patterns


def _from_root(line: str, folder: str) -> str:
    sign, pattern = ("!", line[1:]) if line.startswith("!") else ("", line)
    anywhere = "" if "/" in pattern.rstrip().removesuffix("/") else "**/"
    return f"{sign}/{folder}/{anywhere}{pattern.removeprefix('/')}"


def is_ignored(patterns: str, path: str) -> bool:
    """Whether patterns in .gitignore's form leave a file out."""
    steps = path.split("/")
    for line in reversed(patterns.splitlines()):
        pattern = line.rstrip()
        if pattern and not pattern.startswith("#"):
            found = _matches(pattern.removeprefix("!"), steps)
            if found:
                return not pattern.startswith("!")
    return False


def _matches(pattern: str, steps: list[str]) -> bool:
    """Whether a pattern matches a file, or a folder above it."""
    of_folder, wanted = pattern.endswith("/"), pattern.removesuffix("/")
    if "/" not in wanted:
        return any(_matches_step(wanted, step) for step in (steps[:-1] if of_folder else steps))
    parts = wanted.removeprefix("/").split("/")
    while parts and parts[-1] == "**":
        parts.pop()
    ends = {0}
    for part in parts:  # a regular expression of the whole would try stars against stars, without end
        if part == "**":
            ends = set(range(min(ends), len(steps)))
        else:
            ends = {end + 1 for end in ends if end < len(steps) and _matches_step(part, steps[end])}
        if not ends:
            return False
    return any(0 < end < len(steps) + (not of_folder) for end in ends)


def _matches_step(part: str, step: str) -> bool:
    return part == step or _compiled(part).match(step) is not None


@lru_cache(maxsize=2 * MOST_PATTERNS)
def _compiled(part: str) -> re.Pattern[str]:
    """Stars of `fnmatch` take what they match and no second try (atomic groups)."""
    return re.compile(translate(part))


def alias_of(copy: Any) -> str:
    """The source that a copy is from: `@repo/base/**` is from `repo`."""
    return str(mapping(copy).get("from")).partition("/")[0].removeprefix("@")


def _is_copied(copies: Iterable[Any], alias: str, path: str) -> bool | None:
    """Whether the copies of a source put a file at its own place; None where one of another form, or of another source,
    may."""
    unknown = False
    for each in map(mapping, copies):
        form = _COPY.fullmatch(str(each.get("from")))
        target = str(each.get("to") or "").rstrip("/").removeprefix("@artifact").strip("/")
        if form is None or form[1] != alias or each.get("strategy") not in (None, "Overwrite"):
            unknown = True
        elif target == form[2] and (not target or path.startswith(f"{target}/")):
            if not any(_may_match(str(pattern), path, target) for pattern in sequence(each.get("exclude"))):
                return True
            unknown = True
    return None if unknown else False


def _may_match(pattern: str, path: str, folder: str) -> bool:
    """Whether an excluding pattern can mean a file, by whichever of its names the pattern is held to."""
    names = {path, path.removeprefix(f"{folder}/"), path.rpartition("/")[2]}
    return any(fnmatchcase(name, pattern.replace("**/", "*")) or fnmatchcase(name, pattern) for name in names)


def first_left_out(filters: Mapping[str, Any], paths: Iterable[str]) -> tuple[str | None, bool]:
    """The first file that a source does not take, and whether of all others it is known that it does."""
    answers = {path: takes(filters, path) for path in sorted(paths)}
    missing = next((path for path, answer in answers.items() if answer is False), None)
    return missing, None not in answers.values()
