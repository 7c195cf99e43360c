import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contract that ``pyproject.toml`` in ``root`` states, on the package beside it."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "hsidiff", tmp_path / "src" / "hsidiff", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_down_and_peers_stay_apart() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "1 kept, 0 broken" in found.stdout


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("scenes/window.py", "from hsidiff.contract import SceneClassifier"),
        ("methods/spectraldiff.py", "from hsidiff.baselines.lda import LinearDiscriminant"),
        ("labels/label_map.py", "import hsidiff.training.loop"),
    ],
    ids=["up", "to a peer", "to a peer below the contract"],
)
def test_an_import_that_points_elsewhere_is_found(copy: Path, importer: str, line: str) -> None:
    path = copy / "src" / "hsidiff" / importer
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    found = lint_imports(copy)
    assert found.returncode == 1, found.stdout + found.stderr
    assert importer.removesuffix(".py").replace("/", ".") in found.stdout


def test_a_new_folder_must_be_given_its_floor(copy: Path) -> None:
    folder = copy / "src" / "hsidiff" / "utils"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    found = lint_imports(copy)
    assert found.returncode != 0
    assert "utils" in found.stdout + found.stderr
