"""What is derived stays in step, and the core names no channel."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from publisher.channel_pages import channels_page
from publisher.discovery import adapter, known_rows, load_row
from publisher.environment import env_example
from publisher.matrix import matrix_markdown
from publisher.observe import Account
from publisher.settings import describe

ROOT = Path(__file__).resolve().parents[3]


def test_env_example_is_in_step_with_the_settings() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == env_example(), (
        "write it anew: publisher schema --env > .env.example"
    )


def test_the_readme_s_matrix_is_in_step_with_the_rows() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = text.partition("<!-- channels:begin -->\n")[2].partition("<!-- channels:end -->")[0]
    assert block == matrix_markdown()


def test_the_page_of_channels_is_in_step_with_the_rows() -> None:
    assert (ROOT / "docs" / "channels.md").read_text("utf-8") == channels_page(), (
        "write it anew: publisher channels --markdown > docs/channels.md"
    )


def test_every_setting_is_described() -> None:
    for name in known_rows():
        for field, text, _, _ in describe(adapter(load_row(name)).settings_type()):
            assert text.endswith((".", ")")), f"{name}: {field} has no description"


def test_the_core_names_no_channel() -> None:
    # "bundles" and "handoff" are words of the core as well; "canva" is part of canvas.
    names = [n for n in known_rows() if n not in ("bundles", "handoff")]
    brands = re.compile("|".join(rf"{re.escape(n)}(?!s)" for n in names), re.IGNORECASE)
    for path in (ROOT / "publisher").rglob("*.py"):
        code = "\n".join(
            line for line in path.read_text("utf-8").splitlines() if "ACCOUNT_123RF" not in line
        )
        code = code.replace("``123RF_HOST``", "").replace("123RF_", "")
        assert not brands.search(code), f"{path.name} names a channel: {brands.search(code)}"


def test_a_new_agency_is_one_file_in_the_project(tmp_path: Path) -> None:
    folder = tmp_path / "channels" / "stock"
    folder.mkdir(parents=True)
    shipped = (ROOT / "channels" / "stock" / "alamy.toml").read_text("utf-8")
    new = re.sub(r'^name = "alamy"', 'name = "new-agency"', shipped, flags=re.MULTILINE)
    (folder / "new-agency.toml").write_text(new, "utf-8")
    assert "new-agency" in known_rows(tmp_path)
    row = load_row("new-agency", tmp_path)
    assert Account("new-agency", adapter(row)).row.adapter == "stock"
    assert "new-agency" not in known_rows()
    shutil.rmtree(folder)


def test_files_and_functions_stay_readable() -> None:
    for path in [*(ROOT / "publisher").rglob("*.py"), *(ROOT / "channels").rglob("*.py")]:
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) <= 340, f"{path.name} has {len(lines)} lines"
        assert lines and lines[0].startswith('"""'), f"{path.name} does not say what it is"
        assert path.stem not in ("utils", "helpers", "manager"), path
