"""The pinned packages: exact, hashed, within the ranges of pyproject.toml, and tied to no package index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PINS = ("runtime", "dev", "release", "site", "lock", "installed")
INSTALLED = ROOT / "generator/llmstack/commands/init/files/requirements.txt"
"""What `init` writes, and `llmstack tools requirements` prints."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RANGES = {
    "runtime": PROJECT["project"]["dependencies"],
    "dev": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["mcp"],
        *PROJECT["build-system"]["requires"],
        *PROJECT["dependency-groups"]["dev"],
    ],
    "release": PROJECT["dependency-groups"]["release"],
    "installed": [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]],
    "site": PROJECT["dependency-groups"]["site"],
    "lock": PROJECT["dependency-groups"]["lock"],
}


def text(name: str) -> str:
    path = INSTALLED if name == "installed" else ROOT / "requirements" / f"{name}.txt"
    return path.read_text(encoding="utf-8")


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Each package of a file of pins: its version and the hashes of its archives."""
    joined = re.sub(r"\s*\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text(name), flags=re.MULTILINE))
    found: dict[str, tuple[str, list[str]]] = {}
    for line in joined.splitlines():
        match = re.fullmatch(r"(\S+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)", line)
        assert match, f"not an exact, hashed pin: {line[:80]!r}"
        found[canonicalize_name(match[1])] = (match[2], match[3].split())
    return found


@pytest.mark.parametrize("name", PINS)
def test_every_package_is_exact_and_hashed(name: str) -> None:
    assert pins(name)
    assert all(hashes for _, hashes in pins(name).values())


@pytest.mark.parametrize("name", PINS)
def test_no_index_or_host_is_named(name: str) -> None:
    assert not re.search(
        r"https?:|//|--(extra-)?index|--find-links|--trusted-host|\b\w+\.(com|net|org|io)\b", text(name)
    )


@pytest.mark.parametrize("name", PINS)
def test_the_pins_are_within_the_ranges_of_pyproject(name: str) -> None:
    found = pins(name)
    for wanted in map(Requirement, RANGES[name]):
        version, _ = found[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted} is pinned to {version}: `make lock`"


def test_what_is_tested_is_what_users_run() -> None:
    runtime, dev, installed = pins("runtime"), pins("dev"), pins("installed")
    assert {name: dev.get(name) for name in installed} == installed
    assert {name: installed.get(name) for name in runtime} == runtime
