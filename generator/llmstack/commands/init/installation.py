"""What a new repository's requirements.txt says: the llmstack that is running, as its installation recorded it.

The record is direct_url.json of the installed package (PEP 610; the forms are those of
https://packaging.python.org/en/latest/specifications/direct-url-data-structure/). A package from an index has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from llmstack import __file__ as running
from llmstack import about

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_WRITABLE = re.compile(r"[\x21-\x7e]+\Z")
"""What an address may hold to stand in a line of requirements.txt."""

_BY_HAND = f"""\
# The llmstack that this repository is generated with goes here, from where you have it:
#   {about.DISTRIBUTION} @ git+https://HOST/PATH@COMMIT
#   {about.DISTRIBUTION} @ https://HOST/PATH/FILE.whl#sha256=HASH
"""


class Pin(Struct, frozen=True):
    """The text of requirements.txt, and what is left to do to it, if anything."""

    text: str
    advice: str | None = None
    action: str | None = None
    """The same as an action of GitHub, `OWNER/REPOSITORY@COMMIT`; None where it came from elsewhere."""


def pin_running() -> Pin:
    """Pin the package that is running; where its record does not say which that is, say what to fill in."""
    try:
        installed = distribution(about.DISTRIBUTION)
    except PackageNotFoundError:
        return fill_in("it runs from a folder of sources")
    if not _holds(installed, Path(running)):
        return fill_in("it runs from a folder of sources")
    return pin(installed.version, installed.read_text("direct_url.json"), published=about.IS_PUBLISHED)


def _holds(installed: Distribution, module: Path) -> bool:
    """Whether the record is that of the module which runs, and not of another copy further down the path."""
    file = Path(str(installed.locate_file("llmstack/__init__.py")))
    return file.exists() and file.samefile(module)


def pin(version: str, record: str | None, *, published: bool) -> Pin:
    """Pin what a record says: an address and a commit, an address and a hash, or, without a record, a version.

    A version is asked of an index only where the package is `published` there under its name.
    """
    if record is None:
        if not published:
            return fill_in("its installation did not record where it came from")
        return Pin(f"{about.DISTRIBUTION}=={version}\n")
    try:
        data = json.loads(record)
        requirement = _requirement(data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return fill_in("the record of its installation cannot be read")
    if requirement is None:
        return fill_in("it was installed from a folder, or without a commit or a hash")
    if data["url"].startswith("file:"):
        return Pin(
            f"# Only machines that have this path can install it: name an address that CI reaches.\n{requirement}\n",
            "requirements.txt names a path of this machine: put an address there that CI reaches",
        )
    return Pin(f"{requirement}\n", action=_action(data))


def _action(data: Mapping[str, Any]) -> str | None:
    """How a workflow names a record's commit, which GitHub takes from itself alone (jobs.<job_id>.steps[*].uses)."""
    parts = urlsplit(data["url"])
    path = re.fullmatch(r"/([\w.-]+/[\w.-]+?)(?:\.git)?/?", parts.path, re.ASCII)
    if parts.hostname != "github.com" or path is None or "vcs_info" not in data:
        return None
    return "/".join([path[1], *([data["subdirectory"]] if data.get("subdirectory") else [])]) + (
        f"@{data['vcs_info']['commit_id']}"
    )


def _requirement(data: Mapping[str, Any]) -> str | None:
    """The line of requirements.txt (PEP 508) of a record; None where it names nothing that stays the same."""
    address = without_secrets(data["url"])
    within = data.get("subdirectory")
    parts = [f"subdirectory={within}"] if within else []
    if data.get("vcs_info", {}).get("vcs") == "git" and _COMMIT.match(data["vcs_info"]["commit_id"]):
        address = f"git+{address}@{data['vcs_info']['commit_id']}"
    elif sha256 := _sha256(data.get("archive_info", {})):
        parts.insert(0, f"sha256={sha256}")
    else:
        return None
    line = "#".join([address, *(["&".join(parts)] if parts else [])])
    if not (_WRITABLE.match(data["url"]) and _WRITABLE.match(line)):
        return None
    if line.startswith("git+file:"):
        return line  # pip before 24.1 refuses such an address behind a name: it has no host
    return f"{about.DISTRIBUTION} @ {line}"


def _sha256(archive: Mapping[str, Any]) -> str | None:
    """The hash of an archive, in the form of today or in the older one; both may be missing."""
    found = archive.get("hashes", {}).get("sha256") or archive.get("hash", "").removeprefix("sha256=")
    return found if re.fullmatch(r"[0-9a-f]{64}", found) else None


def without_secrets(address: str) -> str:
    """The address without a user and a password; `git` stays, which is the user of Git over SSH."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"git@{host}" if at and user == "git" else host
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


def fill_in(why: str) -> Pin:
    """Leave the line to people: nothing is named that might be somebody else's."""
    advice = f"requirements.txt names no llmstack yet ({why}): it says what to fill in"
    return Pin(_BY_HAND, advice)
