"""What a worker process can be asked to do, by name. Each job gives plain data that fits into JSON.

An error of a job is data as well; nothing that a file did to a parser leaves this module as an exception.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from publisher.errors import PublisherError, Rejected
from publisher.listing import Recipe, RenditionRequest, SheetRequest
from publisher.manifest.item import Master

if TYPE_CHECKING:
    from publisher.media.checksums import Checksums
    from publisher.media.claims import Claim
    from publisher.media.signing import Signatory

Answer = dict[str, Any]


def perform(kind: str, arguments: tuple[Any, ...]) -> Answer:
    """The answer to one job: what was made, or the error as plain data."""
    name = _name(arguments[0])
    try:
        return _JOBS[kind](*arguments)
    except PublisherError as error:
        return error_answer(error)
    except MemoryError as error:
        refused = Rejected(
            f"{name}: the picture needs more memory than allowed.", detail=repr(error)
        )
        return error_answer(refused) | {"memory": True}
    except Exception as error:  # the run must go on, whatever one file did to a parser
        return error_answer(
            Rejected(f"{name}: the file is damaged, no rendition can be made.", detail=repr(error))
        )


def error_answer(error: PublisherError) -> Answer:
    """``error`` as plain data."""
    return {
        "error": type(error).__name__,
        "sentence": error.sentence,
        "remedy": error.remedy,
        "detail": error.detail,
    }


def _name(subject: Any) -> str:
    master = getattr(subject, "master", subject)
    return Path(getattr(master, "relative", str(master))).name


def _made(size: tuple[int, int], target: Path) -> Answer:
    from publisher.media.checksums import checksums

    return _counted(size, checksums(target))


def _counted(size: tuple[int, int], counted: Checksums) -> Answer:
    return {"width": size[0], "height": size[1]} | dataclasses.asdict(counted)


def _render(request: RenditionRequest, target: Path) -> Answer:
    from publisher.media.rendition import render_image

    return _made(render_image(request, target), target)


def _pictures(
    master: Master, wanted: Sequence[tuple[Recipe, Path]], hashed: bool = False
) -> Answer:
    from publisher.media.rendition import render_pictures

    made = render_pictures(master, wanted, hashed=hashed)
    each = [
        error_answer(one) if isinstance(one, PublisherError) else _counted(one.size, one.checksums)
        for one in made.each
    ]
    likeness = made.onlooker.likeness() if made.onlooker is not None else None
    return {"each": each, "likeness": likeness.packed().hex() if likeness is not None else ""}


def _finish(request: RenditionRequest, pixels: Path, size: tuple[int, int], target: Path) -> Answer:
    from publisher.media.rendition import finish_image

    return _made(finish_image(request, pixels, size, target), target)


def _likeness(master: Master, target: Path) -> Answer:
    from publisher.media.likeness import measure_likeness

    return _made(measure_likeness(master, target), target)


def _thumbnail(master: Master, side: int, target: Path) -> Answer:
    from publisher.media.rendition import render_thumbnail

    return _made(render_thumbnail(master, side, target), target)


def _probe(path: Path, relative: str, megapixels_max: float) -> Answer:
    from publisher.media.probe import probe

    return {"facts": facts_of(probe(path, relative, megapixels_max=megapixels_max))}


_FACTS = (
    "sha256", "size", "format", "width", "height", "alpha", "color", "pages", "problem", "exif",
    "credentials", "mark",
)  # fmt: skip


def facts_of(master: Master) -> list[Any]:
    """The facts of ``master`` without its names, as JSON can hold them."""
    return [getattr(master, name) for name in _FACTS]


def master_of(path: Path, relative: str, facts: Sequence[Any]) -> Master:
    """The master of facts that went through JSON. Raises ``ValueError`` when they are of another kind."""
    found: dict[str, Any] = dict(zip(_FACTS, facts, strict=True))
    for name in ("exif", "mark"):
        found[name] = tuple(found[name]) if found[name] is not None else None
    return Master(path, relative, **found)


def _drawn(request: RenditionRequest, drawing: str, target: Path) -> Answer:
    from publisher.media.drawn import render_drawn

    return _made(render_drawn(request, drawing, target), target)


def _sheet(request: SheetRequest, target: Path) -> Answer:
    from publisher.media.drawn import render_sheet

    return _made(render_sheet(request, target), target)


def _sign(
    master: Master,
    signed_by: Signatory,
    claim: Claim,
    rendition: tuple[Path, int, int],
    target: Path,
) -> Answer:
    from publisher.media.signing import sign

    path, width, height = rendition
    sign(signed_by, claim, path, master.path if master.credentials else None, target)
    return _made((width, height), target)


def _credentials(path: Path) -> Answer:
    from publisher.media.credentials import read_credentials

    found = read_credentials(path)
    return {"found": dataclasses.asdict(found) if found is not None else None}


_JOBS: Mapping[str, Callable[..., Answer]] = MappingProxyType(
    {
        "render": _render,
        "pictures": _pictures,
        "finish": _finish,
        "likeness": _likeness,
        "thumbnail": _thumbnail,
        "probe": _probe,
        "drawn": _drawn,
        "sheet": _sheet,
        "sign": _sign,
        "credentials": _credentials,
    }
)
