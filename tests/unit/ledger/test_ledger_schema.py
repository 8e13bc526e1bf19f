"""Opening: making, migrating, refusing; and what the database itself guarantees."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import publisher.ledger
from publisher.errors import ConfigError
from publisher.ledger import Intent, Ledger
from publisher.ledger.database import REVISIONS
from publisher.ledger.tables import metadata
from publisher.listing import Remote

Opener = Callable[..., Intent]
MIGRATIONS = Path(publisher.ledger.__file__).parent / "migrations"


def script() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def definitions(place: Path) -> dict[str, str]:
    with sqlite3.connect(place) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {n: " ".join(s.split()) for n, s in rows if "ledger_version" not in n}


def test_migrations_arrive_at_the_tables(ledger: Ledger, place: Path, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{place}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "ledger_version", "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    direct = tmp_path / "direct.db"
    other = sa.create_engine(f"sqlite:///{direct}")
    metadata.create_all(other)
    other.dispose()
    assert definitions(place) == definitions(direct)
    assert {"events_no_UPDATE", "events_no_DELETE", "ux_intents_open"} <= set(definitions(place))


def test_known_revisions_are_those_of_the_migrations() -> None:
    found = ScriptDirectory.from_config(script()).walk_revisions()
    assert tuple(each.revision for each in found)[::-1] == REVISIONS


def test_downgrade_is_not_offered(ledger: Ledger, place: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{place}")
    config = script()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(NotImplementedError, match="only moves forward"):
            command.downgrade(config, "base")
    engine.dispose()


def test_events_cannot_be_changed(ledger: Ledger, place: Path, noon: dt.datetime) -> None:
    ledger.begin_run("push", "d", noon)
    with sqlite3.connect(place) as connection:
        for statement in ("UPDATE events SET item = 'x'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_the_database_refuses_a_second_open_intent(
    ledger: Ledger, intend: Opener, place: Path
) -> None:
    intend()
    copy = (
        "INSERT INTO intents SELECT 99, run, account, item, verb, key, 2, 'unknown', fields, files,"
        " tags, release, at, changed_at, counted_at, note FROM intents"
    )
    with sqlite3.connect(place) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(copy)


def test_every_connection_is_durable(ledger: Ledger) -> None:
    for transaction in (ledger._database.read, ledger._database.write):
        with transaction() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_newer_ledger_is_left_alone(ledger: Ledger, place: Path) -> None:
    ledger.close()
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE ledger_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer version"):
        Ledger.open(place)


def test_what_is_not_a_ledger_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("this is not a database" * 100)
    with pytest.raises(ConfigError, match="not a database"):
        Ledger.open(text)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(ConfigError, match="not a ledger"):
        Ledger.open(foreign)
    with pytest.raises(ConfigError, match="cannot be opened"):
        Ledger.open(tmp_path)
    with pytest.raises(ConfigError, match="cannot be used"):
        Ledger.open(text / "below" / "ledger.db")


@pytest.mark.parametrize("url", ["sqlite://", "mysql://me:hunter2@host/db", "://"])
def test_urls_that_cannot_be_a_ledger(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Ledger.open(url)
    assert "hunter2" not in f"{caught.value}{caught.value.remedy}{caught.value.detail}"


def test_an_unreachable_server_is_a_sentence_without_the_password() -> None:
    with pytest.raises(ConfigError) as caught:
        Ledger.open("postgresql://me:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in f"{caught.value}{caught.value.remedy}{caught.value.detail}"


def test_a_url_of_a_file_is_that_file(place: Path, noon: dt.datetime) -> None:
    with Ledger.open(f"sqlite:///{place}") as one, Ledger.open(str(place)) as two:
        one.begin_run("push", "d", noon)
        assert two.had_run("d")
        assert str(place) in repr(two)


def test_a_leftover_empty_file_becomes_a_ledger(place: Path) -> None:
    place.parent.mkdir()
    place.touch()
    with Ledger.open(place) as opened:
        assert opened.head() == 0


def test_many_threads_may_make_the_same_ledger(place: Path, noon: dt.datetime) -> None:
    failures: list[BaseException] = []

    def make() -> None:
        try:
            with Ledger.open(place) as opened:
                opened.begin_run("push", "d", noon)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Ledger.open(place) as opened:
        assert len(opened.runs()) == 6


def test_many_processes_may_make_the_same_ledger(place: Path) -> None:
    code = (
        "import sys; from publisher.ledger import Ledger; sys.stdin.read(1);"
        "Ledger.open(sys.argv[1]).close(); print('made')"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(3)
    ]
    said = [child.communicate("x")[0] for child in children]
    assert said == ["made\n"] * 3


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, publisher.ledger; assert 'sqlalchemy' not in sys.modules;"
        "publisher.ledger.Intent, publisher.ledger.fold; assert 'sqlalchemy' not in sys.modules;"
        "publisher.ledger.Ledger; assert 'sqlalchemy' in sys.modules;"
        "assert 'alembic' not in sys.modules"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_opening_and_reading_500_bindings_is_quick(
    ledger: Ledger, place: Path, noon: dt.datetime
) -> None:
    fields: dict[str, Any] = {"title": "x" * 70, "description": "y" * 200}
    fields["keywords"] = tuple(f"keyword{n}" for n in range(45))
    for n in range(500):
        ledger.adopt(
            run=1, account="stock", item=f"i{n}", key=f"i{n}.jpg", remote=Remote("r", "k"),
            fields=fields, release="winter", at=noon,
        )  # fmt: skip
    ledger.close()
    times = []
    for _ in range(7):
        begin = time.process_time()  # a busy machine must not fail it
        with Ledger.open(place) as opened:
            assert len(opened.bindings()) == 500
        times.append(time.process_time() - begin)
    assert min(times) < 0.060, times
