"""Puts the errors of an S3 client into the project's error tree.

Pure: an exception goes in, an error comes out. What matters most is whether a failed write may have
landed, so only answers that say no for certain are anything but OutcomeUnknown.
"""

from __future__ import annotations

from typing import Any

from publisher.errors import (
    AuthFailed,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

_DENIED = {
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "Unauthorized",
    "401",
    "403",
}
_SLOWER = {
    "SlowDown",
    "ServiceUnavailable",
    "TooManyRequests",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "429",
    "503",
}
_ELSEWHERE = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
    "307",
}


def code_of(error: BaseException) -> tuple[str, int]:
    """The service's error code and HTTP status; empty and 0 when the service did not answer."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return "", 0
    code = str(response.get("Error", {}).get("Code", ""))
    return code, int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)


def is_missing(error: BaseException) -> bool:
    """The service says that there is no such object (a HEAD gives no more than the status)."""
    code, status = code_of(error)
    return code in {"NoSuchKey", "NotFound"} or (status == 404 and code in {"", "404"})


def refused_because_there(error: BaseException) -> bool:
    """A conditional write found something in its place."""
    code, status = code_of(error)
    return code == "PreconditionFailed" or status == 412


def explain(error: Exception, key: str, bucket: str, *, sent: bool) -> Exception:
    """The error to raise. ``sent``: the request was the one that makes an object appear."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    if isinstance(error, HTTPError | ConnectionError):
        # A line that breaks in the middle of an answer comes through as it is.
        return _unclear("The line broke in the middle of the answer", key, "cut", sent=sent)
    if isinstance(error, ResponseParserError):
        return _unclear("The service's answer was cut short", key, "not parsed", sent=sent)
    if isinstance(error, PublisherError) or not isinstance(error, BotoCoreError | ClientError):
        return error
    code, status = code_of(error)
    if status == 0 and not code:
        return _no_answer(error, key, sent=sent)
    detail = f"{code} {status}"
    if code == "RequestTimeTooSkewed":
        return AuthFailed(
            "The clock of this machine is wrong, so the service refuses our signature",
            remedy="Set the clock of this machine.",
            detail=detail,
        )
    if code in _DENIED or status in {401, 403}:
        return AuthFailed(
            f"The service does not let us use bucket {bucket} ({code})",
            remedy="Check <ACCOUNT>_ACCESS_KEY_ID, <ACCOUNT>_SECRET_ACCESS_KEY and the key's rights.",
            detail=detail,
        )
    if code == "NoSuchBucket" or (sent is False and key == bucket and status == 404):
        return NeedsHuman(
            f"There is no bucket {bucket}",
            remedy="Create it, or correct <ACCOUNT>_BUCKET or <ACCOUNT>_ENDPOINT_URL.",
            detail=detail,
        )
    if code in _ELSEWHERE or status in {301, 307}:
        return NeedsHuman(
            f"Bucket {bucket} is in another region",
            remedy="Correct <ACCOUNT>_REGION.",
            detail=detail,
        )
    if code in _SLOWER or status in {429, 503}:
        return Throttled("The service asks us to slow down", after=5.0, detail=detail)
    if sent and code in {"NoSuchUpload", "NotImplemented"}:
        return _lost_upload(key, code, detail)
    if status >= 500 or code in {"InternalError", "RequestTimeout", "OperationAborted"}:
        return _unclear(f"The service failed ({code})", key, detail, sent=sent)
    if code == "ConditionalRequestConflict" or status == 409:
        return Transient(f"Something else is being written to {key}", detail=detail)
    said = "".join(s if s.isprintable() else " " for s in str(error.args[0]))[:200]
    return Rejected(f"The service refused {key}: {code}", detail=said)


def _lost_upload(key: str, code: str, detail: str) -> PublisherError:
    if code == "NotImplemented":
        return NeedsHuman(
            "The service does not know conditional writes, so nothing can be created safely",
            remedy="Use a service that supports If-None-Match.",
            detail=detail,
        )
    # An earlier completing request may have worked.
    return _unclear(f"The upload of {key} is not known any more", key, detail, sent=True)


def _no_answer(error: Exception, key: str, *, sent: bool) -> PublisherError:
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        IncompleteReadError,
        ParamValidationError,
        ProxyConnectionError,
        ResponseStreamingError,
        SSLError,
    )

    detail = type(error).__name__
    if isinstance(error, ParamValidationError):
        return Rejected(f"{key} cannot be uploaded under this name", detail=str(error)[:300])
    if isinstance(error, SSLError):
        return AuthFailed(
            "The certificate of the service cannot be checked",
            remedy="Check <ACCOUNT>_ENDPOINT_URL, or name the right authority file.",
            detail=detail,
        )
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError):
        # No connection was made, so nothing can have been written.
        return Transient("The service cannot be reached", detail=detail)
    if isinstance(error, HTTPClientError | IncompleteReadError | ResponseStreamingError):
        return _unclear("The connection to the service was lost", key, detail, sent=sent)
    return NeedsHuman(
        "The settings of this service cannot be used",
        remedy="Check <ACCOUNT>_ENDPOINT_URL, <ACCOUNT>_REGION and <ACCOUNT>_BUCKET.",
        detail=detail,
    )


def _unclear(sentence: str, key: str, detail: str, *, sent: bool) -> PublisherError:
    if not sent:
        return Transient(sentence, detail=detail)
    return OutcomeUnknown(
        f"{sentence} as {key} was being finished",
        remedy="Look whether the object is there before sending it again.",
        detail=detail,
    )
