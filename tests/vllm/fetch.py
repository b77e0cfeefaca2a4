"""Fetches vLLM's wheels and keeps their Python files: .tools/vllm/<release>/vllm/.

    python -m tests.vllm.fetch

By pip, from the index that the machine is configured with; every wheel is checked against its hash, and is neither
installed nor kept. One release of each way in which the planner of the KV cache has worked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".tools" / "vllm"

RELEASES = {
    "0.11.2": "ea473bd4fde06940fe3f681a00476060652f62b3279ef11aaffac5768856cfe8",
    "0.17.1": "c52e892309532b4e51cb94d022c5e3c0087300cdb56e4645708601443299d871",
    "0.19.1": "71a87f46cafab4489c69a5c5c83b870d0235e5694d8222303d460576293dc719",
    "0.21.0": "f4a75b1391f44c67dc1ca268f5ffed9f6b7fdbc657c93db64e6892c5d1bc320b",
    "0.29.0": "09d48617fc2be9c6cdcd5db480651ab0d84817b257204f2cc2e3ecbb70bbb635",
    "0.33.0": "4b6bdec4ab269990bf70d45a3c1e94c3760a27064513760193b26d6f0da883aa",
}
"""Each release with the hash of its wheel for Linux on x86-64."""


def main() -> int:
    for release, digest in RELEASES.items():
        target = FOLDER / release
        if not target.exists():
            print(f"{target}: fetching the wheel of vLLM {release}", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                unpack(download(release, digest, Path(folder)), target)
    return 0


def download(release: str, digest: str, folder: Path) -> Path:
    """The wheel of a release, in `folder`; fails where its hash is another."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"vllm=={release} --hash=sha256:{digest}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "--require-hashes", "--dest", str(folder), "-r", str(wanted)], check=True)
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, target: Path) -> None:
    """Put the Python files of a wheel into `target`, which is there whole or not at all."""
    half = target.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(half, [name for name in archive.namelist() if name.endswith(".py")])
    half.rename(target)


if __name__ == "__main__":
    sys.exit(main())
