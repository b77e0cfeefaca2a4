"""Expected files: a missing, empty or different one fails; `--update` writes it."""

import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
TEST = """
from pathlib import Path

def test_it(expect):
    expect(Path(__file__).parent / "expected" / "a.txt", "one\\n")
"""


def run(folder: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, "test_it.py"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode


def test_expected_files(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    expected = tmp_path / "expected" / "a.txt"
    assert run(tmp_path) == 1
    assert run(tmp_path, "--update") == 0
    assert expected.read_text(encoding="utf-8") == "one\n"
    assert run(tmp_path) == 0
    for wrong in ("", "two\n"):
        expected.write_text(wrong, encoding="utf-8")
        assert run(tmp_path) == 1
