"""The whole conformance suite once more, with the package that Shopify gave up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.rare
@pytest.mark.timeout(1200)
def test_every_level_holds_with_the_legacy_package(tmp_path: Path) -> None:
    """In a process of its own: the transport is a setting, and settings come from the environment."""
    words = "shopify or https"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", words,
         f"--basetemp={tmp_path / 'base'}", "tests/conformance"],
        cwd=ROOT,
        env={**os.environ, "SHOPIFY_TRANSPORT": "shopify-legacy", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", run.stdout)
    assert run.returncode == 0, run.stdout[-4000:]
    assert passed is not None and int(passed.group(1)) > 70, run.stdout[-500:]
