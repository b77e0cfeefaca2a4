"""Builds what is released: the source archive of a commit, the wheel made from it, their SBOM and their checksums.

    python tools/make_dist.py

Both are built twice, in two folders, under two umasks and two time zones, and must come out to the same bytes: whoever
has the commit and requirements/release.txt can build them again. (hatchling takes times from SOURCE_DATE_EPOCH, see
https://reproducible-builds.org/specs/source-date-epoch/, and sorts what it packs.) The SBOM is CycloneDX, made by its
own tool from requirements/runtime.txt: the packages and hashes that the release was tested with.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CIRCUMSTANCES = ((0o022, "UTC"), (0o077, "Pacific/Kiritimati"))
"""A umask and a time zone for each of the two builds."""

Files = dict[str, bytes]


def main() -> None:
    """Write dist/ anew; ends with an error when the two builds differ."""
    built = build_twice(ROOT, _git(ROOT, "rev-parse", "HEAD").decode().strip())  # which may go on in the meantime
    target = ROOT / "dist"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    files = built | {sbom_name(built): describe(ROOT)}
    files["SHA256SUMS"] = checksums(files)
    for name, content in files.items():
        (target / name).write_bytes(content)
        print(f"dist/{name}  {len(content):,} bytes")


def build_twice(root: Path, commit: str) -> Files:
    """The sdist and the wheel of a commit, by name; SystemExit that names what differs between two builds."""
    first, second = (build(root, commit, umask, zone) for umask, zone in CIRCUMSTANCES)
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    if differing:
        raise SystemExit(f"two builds of {commit} differ: {', '.join(differing)}")
    return first


def build(root: Path, commit: str, umask: int, zone: str) -> Files:
    """One build: the sdist from the commit's files, the wheel from what the sdist holds."""
    epoch = _git(root, "log", "-1", "--format=%ct", commit).decode().strip()
    environment = os.environ | {"SOURCE_DATE_EPOCH": epoch, "TZ": zone, "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="dist-") as place:
        sources, made = Path(place, "sources"), Path(place, "made")
        _unpack(_git(root, "archive", commit), sources)
        _hatch("sdist", sources, made, environment, umask)
        (sdist,) = made.iterdir()
        _unpack(sdist.read_bytes(), Path(place, "unpacked"))
        (top,) = Path(place, "unpacked").iterdir()
        _hatch("wheel", top, made, environment, umask)
        return {file.name: file.read_bytes() for file in sorted(made.iterdir())}


def _hatch(kind: str, folder: Path, target: Path, environment: dict[str, str], umask: int) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    subprocess.run(command, cwd=folder, env=environment, umask=umask, check=True, stdout=subprocess.DEVNULL)


def _git(root: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True).stdout


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def sbom_name(names: Iterable[str]) -> str:
    """The SBOM's name, that of the sdist with another ending."""
    (sdist,) = (name for name in names if name.endswith(".tar.gz"))
    return f"{sdist.removesuffix('.tar.gz')}.cdx.json"


def describe(root: Path) -> bytes:
    """The SBOM of what the package needs to run, in CycloneDX JSON, without times and random numbers."""
    command = [
        sys.executable, "-m", "cyclonedx_py", "requirements", "requirements/runtime.txt",
        "--pyproject", "pyproject.toml", "--mc-type", "application",
        "--spec-version", "1.6", "--output-format", "JSON", "--output-reproducible", "--validate",
    ]  # fmt: skip
    return subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout


def checksums(files: Files) -> bytes:
    """What `sha256sum --check` reads."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


if __name__ == "__main__":
    main()
