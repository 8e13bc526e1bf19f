"""The SFTP messages over plain pipes, with a peer that says anything; and the words of ssh."""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels.transport.sftp_line import Attributes, LineLost, Refused, SftpEndpoint
from channels.transport.sftp_refusals import explain
from channels.transport.sftp_wire import Answer, Kind, NoAnswer, Wire, text
from publisher.errors import AuthFailed, NeedsHuman, PublisherError, Throttled, Transient


@contextlib.contextmanager
def wired(patience: float = 5.0) -> Iterator[tuple[Wire, int, int]]:
    """A wire, and the two ends of its peer: where requests come out, where answers go in."""
    requests, answers, errors = os.pipe(), os.pipe(), os.pipe()
    ends = {*requests, *answers, *errors}
    try:
        yield Wire(requests[1], answers[0], errors[0], patience), requests[0], answers[1]
    finally:
        for end in ends:
            os.close(end)


def packet(kind: int, number: int, body: bytes = b"") -> bytes:
    return struct.pack(">IBI", 5 + len(body), kind, number) + body


def status(number: int, code: int, words: str = "no") -> bytes:
    return packet(101, number, struct.pack(">I", code) + text(words) + text(""))


def test_answers_come_in_any_order_and_in_crumbs() -> None:
    with wired() as (wire, _requests, answers):
        first, second = wire.send(Kind.STAT, text("a")), wire.send(Kind.STAT, text("b"))
        attributes = struct.pack(">IQI", 0x05, 7, 0o100644)
        stream = packet(105, second, attributes) + status(first, 2, "No such file")
        writer = threading.Thread(
            target=lambda: [os.write(answers, stream[n : n + 1]) for n in range(len(stream))]
        )
        writer.start()
        assert wire.any([first])[1].kind == 101
        assert wire.any([second])[1].attributes() == Attributes(7, 0o100644)
        writer.join(5)


@pytest.mark.parametrize(
    ("code", "expected"), [(2, Refused), (4, Refused), (0, Refused), (5, LineLost), (7, LineLost)]
)
def test_status_where_a_handle_is_due(code: int, expected: type[Exception]) -> None:
    body = struct.pack(">I", code) + text("words") + text("en")
    with pytest.raises(expected, match="words"):
        Answer(Kind.STATUS, body).expect(Kind.HANDLE)


@pytest.mark.parametrize(
    "junk",
    [
        packet(101, 99),
        struct.pack(">IBI", 0xFFFFFFFF, 1, 1),
        b"Welcome to this server, have a nice day\n",
        struct.pack(">IBI", 4, 101, 1),
    ],
)
def test_what_is_not_an_answer_ends_the_line(junk: bytes) -> None:
    with wired() as (wire, _requests, answers):
        wire.send(Kind.STAT, text("a"))
        os.write(answers, junk)
        with pytest.raises(LineLost):
            wire.any([1])


def test_silence_and_a_pipe_that_nobody_reads() -> None:
    with wired(0.2) as (wire, _requests, _answers):
        with pytest.raises(NoAnswer):
            wire.ask(Kind.STAT, text("a"), Kind.ATTRS)
        with pytest.raises(NoAnswer):
            wire.send(Kind.STAT, text("x" * 1_000_000))
        # Half a request is in the pipe: nothing may follow it.
        with pytest.raises(LineLost):
            wire.send(Kind.STAT, text("a"))


@given(st.sampled_from([101, 102, 104, 105, 201, 3]), st.binary(max_size=80))
def test_any_bytes_are_an_answer_or_a_lost_line(kind: int, body: bytes) -> None:
    answer = Answer(kind, body)
    with contextlib.suppress(LineLost, Refused):
        answer.expect(Kind.ATTRS).attributes()
    answer = Answer(kind, body)
    with contextlib.suppress(LineLost, Refused):
        answer.expect(Kind.NAME)
        for _ in range(answer.number()):
            answer.text()
            answer.string()
            answer.attributes()


END = SftpEndpoint("files.example", 2222, "ana", SecretStr("s3cret"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ana@files.example: Permission denied (publickey,password).", AuthFailed),
        (
            "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
            AuthFailed,
        ),
        ("Received disconnect from 10.0.0.1 port 22:12: Too many connections", Throttled),
        ("Received disconnect from 10.0.0.1 port 22:11: Bye", Transient),
        (
            "debug2: sshconnect2.c: bad passphrase given, try again...\nana: Permission denied (publickey).",
            AuthFailed,
        ),
        ("subsystem request failed on channel 0", NeedsHuman),
        ("ssh: Could not resolve hostname files.example: Name or service not known", Transient),
        ("ssh: connect to host files.example port 2222: Connection refused", Transient),
        ("ssh: connect to host files.example port 2222: No route to host", Transient),
        ("ssh: connect to host files.example port 2222: Connection timed out", Transient),
        ("Connection timed out during banner exchange", Transient),
        ("kex_exchange_identification: Connection closed by remote host", Transient),
        ("kex_exchange_identification: read: Connection reset by peer", Transient),
        ("Connection closed by 10.0.0.1 port 2222", Transient),
        ("Connection reset by 10.0.0.1 port 2222", Transient),
    ],
)
def test_words_of_ssh(words: str, expected: type[PublisherError]) -> None:
    said = explain(END, f"debug1: kex.c: remote software version X\n{words}\n")
    assert type(said) is expected
    assert words[:40] in said.detail
    assert "s3cret" not in f"{said!r} {said.detail}"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "something new",
        "Host key verification failed.",
        'Load key "key": bad permissions\nana@files.example: Permission denied (publickey).',
        "command-line: line 0: Bad configuration option: logverbose",
        "Unable to negotiate with 10.0.0.1 port 22: no matching cipher found. Their offer: 3des",
    ],
)
def test_words_that_do_not_settle_it(words: str) -> None:
    assert explain(END, words) is None
