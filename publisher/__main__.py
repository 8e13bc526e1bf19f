"""``python -m publisher``: the same program as the console script."""

from publisher.cli.main import run

run()
