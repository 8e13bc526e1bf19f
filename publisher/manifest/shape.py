"""Questions about the schema's shape: which keys a mapping may have, and which word was probably meant.

Derived from the pydantic models, so that a new field is known everywhere at once. Pure.
"""

from __future__ import annotations

import difflib
import functools
import types
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

_CANDIDATES_MAX = 500
"""With more known words than this there is no guess: naming thousands of mistakes must stay cheap."""


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _alternatives(argument)
    else:
        yield annotation


def _step(annotation: Any, part: str | int) -> Any:
    for kind in _alternatives(annotation):
        if isinstance(part, int):
            if get_origin(kind) is tuple:
                return get_args(kind)[0]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, info in kind.model_fields.items():
                if part == (info.alias or name):
                    return info.annotation
        elif get_origin(kind) is dict:
            return get_args(kind)[1]
    return None


def annotation_at(model: type[BaseModel], path: Sequence[str | int]) -> Any:
    """The annotation at a path of keys and indexes; None when the schema has no such place."""
    current: Any = model
    for part in path:
        current = _step(current, part)
        if current is None:
            return None
    return current


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that a mapping at ``path`` may have; empty when they are free or there is no mapping."""
    for kind in _alternatives(annotation_at(model, path)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return tuple(info.alias or name for name, info in kind.model_fields.items())
    return ()


def nearest(word: str, known: Collection[str]) -> str:
    """ ", did you mean 'title'?" for a word that is close to a known one, else nothing."""
    if len(known) > _CANDIDATES_MAX or len(word) > 100:
        return ""
    return _nearest(word, tuple(known))


@functools.lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    folded = word.casefold()
    close = [k for k in known if k.casefold() == folded]
    close = close or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean '{close[0]}'?" if close else ""
