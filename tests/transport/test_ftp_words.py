"""The pure parts of the FTP transport: listings, replies and names."""

from __future__ import annotations

import ftplib
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.transport.ftp_listing import machine_files, plain_names
from channels.transport.ftp_replies import (
    broken,
    clean,
    code_of,
    login_refusal,
    refusal,
    translated,
    wrong_size,
)
from channels.transport.store import RemoteFile, check_name
from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters="/\\"),
    min_size=1,
    max_size=40,
).filter(lambda name: name == name.strip() and not name.startswith("."))


@given(st.lists(st.tuples(NAMES, st.integers(0, 2**40))))
def test_machine_listing_gives_back_every_file(files: list[tuple[str, int]]) -> None:
    lines = [f"Modify=20260101000000;Type=file;Size={size}; {name}\r" for name, size in files]
    lines += ["type=dir;modify=20260101000000; folder\r", "Type=cdir; .\r", "Type=pdir; ..\r"]
    assert machine_files(lines) == [RemoteFile(name, size) for name, size in files]


@given(st.text(max_size=30))
def test_a_listing_is_read_or_refused_but_never_shortened(line: str) -> None:
    try:
        found = machine_files([line])
    except ValueError:
        return
    assert len(found) == 1 or "type=" in line.lower()


def test_plain_names_lose_their_paths() -> None:
    lines = ["a.jpg\r", "./b.jpg\r", "/incoming/c d.jpg", ".", "..", "/incoming/.."]
    assert plain_names(lines) == ["a.jpg", "b.jpg", "c d.jpg"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("421 There are too many connected clients.", Throttled),
        ("425 Cannot open data connection.", Transient),
        ("426 Connection closed; transfer aborted.", Transient),
        ("450 File busy.", Transient),
        ("451 Local error in processing.", Transient),
        ("452 Insufficient storage.", Rejected),
        ("552 Exceeded storage allocation.", Rejected),
        ("550 Permission denied.", Rejected),
        ("553 File name not allowed.", Rejected),
        ("522 SSL connection failed: session reuse required.", AuthFailed),
        ("530 Please login.", AuthFailed),
    ],
)
def test_refusals_after_the_login(reply: str, kind: type[PublisherError]) -> None:
    error = refusal(reply, "ftp.example.test", "take dunes.jpg")
    assert type(error) is kind
    assert "ftp.example.test" in error.sentence
    assert type(translated(ftplib.error_perm(reply), "h", 21, "do")) is kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("530 Login incorrect.", AuthFailed),
        ("530 Sorry, the maximum number of clients is reached.", Throttled),
        ("421 Too many connections.", Throttled),
        ("431 Try later.", Transient),
        ("SSH-2.0-OpenSSH_9.6", NeedsHuman),
    ],
)
def test_refusals_at_the_login(reply: str, kind: type[PublisherError]) -> None:
    assert type(login_refusal(reply, "h", "pw")) is kind


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "cannot be found"),
        (ConnectionRefusedError(111, "refused"), "nothing listens on port 2121"),
        (TimeoutError("timed out"), "in time"),
        (EOFError(), "closed the connection"),
        (ssl.SSLError(1, "wrong version number"), "wrong version"),
    ],
)
def test_faults_of_the_line_are_passing(fault: Exception, words: str) -> None:
    error = broken(fault, "ftp.example.test", 2121, "take a login")
    assert type(error) is Transient
    assert words in error.sentence
    assert "ftp.example.test" in error.sentence


@given(st.text(max_size=400), st.text(min_size=1, max_size=20))
def test_a_reply_is_shown_on_one_line_and_without_the_secret(reply: str, secret: str) -> None:
    shown = clean(reply, secret)
    assert len(shown) <= 200
    assert shown.isprintable()
    if "*" not in secret:
        assert secret not in clean(f"530 {secret} {reply}", secret)


@given(st.text(max_size=5))
def test_only_three_digits_are_a_code(text: str) -> None:
    assert 0 <= code_of(text) <= 999


def test_sizes_that_differ() -> None:
    assert type(wrong_size("h", "a.jpg", 5, 9)) is Transient
    assert type(wrong_size("h", "a.jpg", 9, 5)) is Conflict


@given(NAMES)
def test_ordinary_names_pass(name: str) -> None:
    if len(name.encode()) <= 255:
        assert check_name(name) == name


@given(st.text(max_size=30), st.sampled_from("/\\\r\n\t\0\u202e\u2028\ud800"), st.text(max_size=30))
def test_names_with_a_path_or_unseen_signs_are_refused(before: str, sign: str, after: str) -> None:
    with pytest.raises(Rejected):
        check_name(before + sign + after)
