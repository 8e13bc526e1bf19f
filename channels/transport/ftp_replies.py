"""What an FTP server's refusal, or the silence of a broken line, means in the project's errors.

Pure: it opens nothing and knows no channel. Reply codes are those of RFC 959, 2228 and 4217; the
words around them are a server's own, so they are cleaned before a person sees them.
"""

from __future__ import annotations

import ftplib
import re
import socket
import ssl

from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

THROTTLE_SECONDS = 30.0
"""How long to leave a server alone that says 421, in seconds."""

FAULTS: tuple[type[Exception], ...] = (ftplib.Error, OSError, EOFError, ValueError)
"""What ``ftplib``, a socket, TLS and a listing that makes no sense raise."""

UNKNOWN_COMMAND = frozenset({500, 501, 502, 503, 504})
"""Codes of a server that does not have a command, as against one that will not."""

_CROWDED = re.compile(r"too many|maximum|max\w* (number|clients|connections)|limit", re.IGNORECASE)
_FULL = "the server's disk or your quota there is full"


def code_of(reply: object) -> int:
    """The three digits at the start of a reply, 0 when there are none."""
    digits = str(reply)[:3]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 3 else 0


def clean(reply: object, secret: str = "") -> str:
    """A reply as one short printable line, without the secret if the server repeats it."""
    text = str(reply)
    if secret:
        text = text.replace(secret, "***")
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())[:200]


def refusal(reply: object, host: str, doing: str, secret: str = "") -> PublisherError:
    """The error for a definite 4xx or 5xx reply after the login; ``doing`` follows "could not"."""
    code, words = code_of(reply), clean(reply, secret)
    said = f"{host} could not {doing}: {words}"
    if code == 421:
        return Throttled(
            f"{host} has too many connections open or closed this one: {words}",
            after=THROTTLE_SECONDS,
            remedy="Lower the number of connections of this account.",
        )
    if code in (452, 552):
        return Rejected(
            f"{host} could not {doing}: {_FULL} ({code})",
            remedy="Free some space there, or ask the site, and publish again.",
            detail=words,
        )
    if code in (530, 331, 332):
        return AuthFailed(f"{host} wants a new login: {words}")
    if 400 <= code < 500:
        return Transient(said)
    if code in (521, 522, 533, 534, 536):
        return AuthFailed(f"{host} refused the encrypted data connection: {words}")
    return Rejected(said, remedy="Read the answer of the server, then ask the site or push again.")


def login_refusal(reply: object, host: str, secret: str) -> PublisherError:
    """The error for a refused login or greeting."""
    code, words = code_of(reply), clean(reply, secret)
    if code == 421 or (code == 530 and _CROWDED.search(words)):
        return Throttled(
            f"{host} has too many connections: {words}",
            after=THROTTLE_SECONDS,
            remedy="Lower the number of connections of this account.",
        )
    if code == 0:
        return NeedsHuman(
            f"{host} does not answer as an FTP server: {words}",
            remedy="Check the account's ..._HOST and ..._PORT.",
        )
    if 400 <= code < 500:
        return Transient(f"{host} cannot take a login now: {words}")
    return AuthFailed(
        f"{host} refused the login: {words}",
        remedy="Check the account's ..._USERNAME and ..._PASSWORD.",
    )


def broken(error: BaseException, host: str, port: int, doing: str) -> PublisherError:
    """The error for a fault of the line itself, before anything final was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return AuthFailed(
            f"the certificate of {host} cannot be trusted: {clean(error.verify_message)}",
            remedy="Set the account's ..._TLS_CA_FILE to the authority that signed it, or, on a "
            "network that you trust, ..._TLS_VERIFY to false.",
            detail=clean(error),
        )
    if isinstance(error, socket.gaierror):
        return Transient(
            f"the host name {host!r} cannot be found",
            remedy="Check the account's ..._HOST and your network.",
            detail=clean(error),
        )
    if isinstance(error, ConnectionRefusedError):
        return Transient(
            f"{host} could not {doing}: nothing listens on port {port}",
            remedy="Check the account's ..._HOST and ..._PORT, or try again later.",
            detail=type(error).__name__,
        )
    late = isinstance(error, TimeoutError)
    why = "it did not answer in time" if late else clean(error) or "it closed the connection"
    return Transient(f"{host} could not {doing}: {why}", detail=type(error).__name__)


def translated(
    error: Exception, host: str, port: int, doing: str, secret: str = ""
) -> PublisherError:
    """Any error of ``ftplib``, of the socket or of TLS as one of ours; ours pass through."""
    if isinstance(error, PublisherError):
        return error
    if isinstance(error, ftplib.Error) and code_of(error):
        return refusal(error, host, doing, secret)
    if isinstance(error, ftplib.Error):
        return Transient(f"{host} answered something that is not FTP: {clean(error, secret)}")
    return broken(error, host, port, doing)


def wrong_size(host: str, name: str, there: int, expected: int) -> PublisherError:
    """The error for a file that the server confirmed with another size, both in bytes."""
    if there < expected:
        return Transient(f"{host} has {there:,} of the {expected:,} bytes of {name}")
    return Conflict(
        f"{host} has a file {name} of {there:,} bytes where {expected:,} were expected",
        remedy="Look at the file there; it is larger than ours.",
    )
