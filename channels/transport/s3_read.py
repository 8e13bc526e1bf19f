"""Streams an object of a bucket into a file, so that its size never matters. It writes nothing there."""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

from channels.transport.s3 import ObjectStore, check_key
from channels.transport.s3_faults import explain, is_missing

_BLOCK = 1024 * 1024


def fetch(store: ObjectStore, key: str, sink: BinaryIO) -> bool:
    """Write the object's bytes into ``sink``; False when there is none. Raises as ``ObjectStore.read`` does."""
    bucket = store.endpoint.bucket
    try:
        answer = store.client.get_object(Bucket=bucket, Key=check_key(key))
        with closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK):
                sink.write(block)
    except Exception as error:
        if is_missing(error):
            return False
        raise explain(error, key, bucket, sent=False) from error
    return True
