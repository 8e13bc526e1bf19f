"""The wheel in a fresh environment, away from the source tree: everything a project needs is inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from stagehand import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    for needed in ("build", "hatchling"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    place = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "-o",
        str(place),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and the other packages by a path file."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place, with_pip=False, symlinks=True)
    inside = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", vars=inside))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    # The path file comes after the wheel's own folder, so the wheel wins over what is installed there.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin" / "python"


def run(python: Path, place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed interpreter in another folder, with little of our environment."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG") if k in os.environ}
    return subprocess.run(
        [str(python), *arguments],
        cwd=place,
        env=kept | {"HOME": str(place)},
        capture_output=True,
        text=True,
    )


def test_what_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        "publisher",
        "channels",
        "templates",
    }
    assert not [n for n in names if "test" in n.lower() or n.endswith((".pyc", ".jpg", ".env"))]
    for folder, suffix in (("publisher", ".py"), ("channels", ".toml"), ("channels", ".py")):
        tree = {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob(f"*{suffix}")}
        assert tree <= set(names)
    templates = {p.relative_to(ROOT).as_posix() for p in (ROOT / "templates").rglob("*.*")}
    assert {t for t in templates if "__pycache__" not in t} <= set(names)
    assert "publisher/ledger/migrations/versions/0001_first.py" in names
    assert any(n.endswith("entry_points.txt") for n in names)
    assert any("licenses/" in n for n in names)


def test_it_works_elsewhere(python: Path, tmp_path: Path) -> None:
    origin = run(python, tmp_path, "-c", "import publisher; print(publisher.__file__)")
    assert str(python.parent.parent) in origin.stdout, "the source tree was used"
    assert run(python, tmp_path, "-m", "publisher", "init", "shop").returncode == 0
    shop = tmp_path / "shop"
    for command in ("check", "plan"):
        done = run(python, shop, "-m", "publisher", command, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["items"]
    done = run(python, shop, "-m", "publisher", "rehearse", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    assert found["nothing_to_do"] and found["differences"] == []
    assert Path(found["report"]).is_file()
    done = run(python, shop, "-m", "publisher", "preview", "--json")
    assert done.returncode == 0, done.stderr
