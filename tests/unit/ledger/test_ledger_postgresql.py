"""The same ledger on PostgreSQL. Needs psycopg and an empty database, PUBLISHER_TEST_DATABASE_URL."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from publisher.errors import Busy, Conflict
from publisher.ledger import Ledger, SentFile, fold
from publisher.ledger.tables import metadata
from publisher.listing import Remote, Status
from publisher.row import Verb

URL = os.environ.get("PUBLISHER_TEST_DATABASE_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="PUBLISHER_TEST_DATABASE_URL is not set")

HOLD = """
import datetime, sys
from publisher.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.lock("stock", datetime.datetime.now(datetime.UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A schema of its own, so that tests do not see each other."""
    schema = f"t{uuid.uuid4().hex}"
    plain = sa.make_url(URL).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(plain, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    own = plain.update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


def create(ledger: Ledger, item: str, at: dt.datetime) -> None:
    intent = ledger.open_intent(
        run=1, account="stock", item=item, verb=Verb.CREATE, key=item,
        fields={"title": "T", "keywords": ("a", "ÿ"), "ai": True, "none": None},
        files=[SentFile("a.jpg", "1" * 64, 3_000_000_000)], tags=("week",), release="r", at=at,
    )  # fmt: skip
    ledger.sending(intent.id, at)
    ledger.confirm(
        intent.id, remote=Remote("r", item, Status.LIVE), tasks=("look",), prepared=False, at=at
    )


def test_a_history_reads_back(url: str, noon: dt.datetime) -> None:
    with Ledger.open(url) as ledger:
        ledger.end_run(ledger.begin_run("push", "d", noon), "done", noon)
        create(ledger, "a", noon)
        create(ledger, "b", noon)
        batch = ledger.open_intent(
            run=1, account="stock", item="", verb=Verb.SUBMIT, key="d", fields={}, files=(),
            tags=(), release="r", at=noon,
        )  # fmt: skip
        ledger.confirm_submit(batch.id, items=["a"], digest="d", tasks=(), at=noon)
        ledger.observe("stock", "a", Status.REJECTED, noon, "noise")
    with Ledger.open(url) as again:
        assert again.bindings() == fold(again.events())
        known = again.binding("stock", "a")
        assert known is not None
        assert (known.fields["keywords"], known.fields["ai"], known.at) == (("a", "ÿ"), True, noon)
        assert [b.item for b in again.unsubmitted("stock")] == ["b"]
        assert again.writes_since("stock", noon, [Verb.CREATE]) == [(noon, ("week",))] * 2
        assert again.began("stock", "a.jpg", "1" * 64)
        assert again.head() == 12


def test_migrations_arrive_at_the_tables(url: str, noon: dt.datetime) -> None:
    with Ledger.open(url) as ledger:
        ledger.begin_run("push", "d", noon)
        with ledger._database.read() as connection:
            options = {"version_table": "ledger_version", "compare_type": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []
    engine = sa.create_engine(url)
    for statement in ("UPDATE events SET item = 'x'", "DELETE FROM events", "TRUNCATE events"):
        with engine.connect() as raw, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            raw.exec_driver_sql(statement)
    engine.dispose()


def test_many_threads_open_and_write(url: str, noon: dt.datetime) -> None:
    def work(n: int) -> None:
        with Ledger.open(url) as ledger:
            create(ledger, f"i{n}", noon)

    def race(ledger: Ledger) -> str:
        try:
            create(ledger, "same", noon)
        except Conflict:
            return "conflict"
        return "done"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
        with Ledger.open(url) as ledger:
            ends = list(pool.map(race, [ledger] * 30))
            assert len(ledger.bindings()) == 25
            assert ledger.bindings() == fold(ledger.events())
            assert len(ledger.events()) == 3 * (24 + ends.count("done"))
            assert ledger.unsettled() == []


def test_the_lock_dies_with_its_process(url: str, noon: dt.datetime) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Ledger.open(url) as ledger:
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=f"process {child.pid}"), ledger.lock("stock", noon):
            pytest.fail("two at once")
        child.kill()
        child.communicate()
        deadline = time.monotonic() + 20
        while True:
            try:
                with ledger.lock("stock", noon):
                    create(ledger, "a", noon)  # a write of the lane itself is not locked out
                    with pytest.raises(Busy), ledger.lock("stock", noon):
                        pytest.fail("two at once")
                break
            except Busy:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert len(ledger.bindings()) == 1
