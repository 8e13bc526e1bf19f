"""What the pages show about prices is read by the program, and says what the pages say."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import pytest

from publisher.manifest.load import load_manifest
from publisher.manifest.prices import PriceRules, RateTable
from publisher.manifest.project import load_project

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "prices.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/prices.md"])
def test_the_rules_on_the_pages_are_accepted(tmp_path: Path, page: str) -> None:
    (text,) = [b for b in blocks((ROOT / page).read_text("utf-8"), "toml") if "[prices." in b]
    (tmp_path / "publisher.toml").write_text(text, "utf-8")
    project = load_project(tmp_path)
    assert project.accounts["shop-us"].prices.currency == "USD"
    assert project.prices.rates[0].in_force(dt.date(2026, 12, 31))


def test_the_manifest_on_the_page_is_accepted_and_priced(tmp_path: Path) -> None:
    (tmp_path / "masters").mkdir()
    (tmp_path / "masters" / "glass-001.png").write_bytes(b"not looked at")
    release = tmp_path / "release.yaml"
    release.write_text("release: r\n" + blocks(PAGE, "yaml")[0], "utf-8")
    loaded = load_manifest(release, tmp_path, ["shop-us"])
    assert loaded.manifest.bundles[0].discount == 25


def test_every_key_of_the_rules_is_on_the_page() -> None:
    for model in (PriceRules, RateTable):
        for name, info in model.model_fields.items():
            assert re.search(rf"\b{info.alias or name}\b", PAGE), name


def test_every_command_on_the_page_has_its_options() -> None:
    shown: dict[str, set[str]] = {}
    for line in "".join(blocks(PAGE, "console")).splitlines():
        command = re.match(r"publisher (sync prices|undo|runs)", line)
        assert command is not None, line
        shown.setdefault(command[1], set()).update(re.findall(r"--[a-z-]+", line))
    for name, options in shown.items():
        said = subprocess.run(
            [sys.executable, "-m", "publisher", *name.split(), "--help"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert options <= set(re.findall(r"--[a-z-]+", said)), name
