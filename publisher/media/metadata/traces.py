"""What generators leave in a file beside the IPTC fields: text chunks, comments, the name of the program.

It recognises who made the picture and which texts are a prompt, so that the first can be said in the standard's
own words and the second stays private. It guesses nothing from the pixels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

AIGC = "AIGC"
"""The key of the label that GB 45438-2025 puts into text chunks and comments."""
AIGC_PROPERTY = "TC260:AIGC"

# A file may hold a megabyte of anything: no pattern here looks at the same place more than a few times.
_JOB = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f-]{20,40}", re.IGNORECASE)
_VERSION = re.compile(r"\s--v(?:ersion)? (\d[\d.]*)")
_STEPS = re.compile(r"(?:^|\n)Steps: \d{1,9}, ")
_MODEL = re.compile(r"\bModel: ([^,\n]{1,100})")
_SWITCH = re.compile(r"\s--(?:ar|v|s|q|niji|stylize|seed|chaos|style|no|iw|sref|raw)\b")
_LABEL = re.compile(r'\{\s*"AIGC"\s*:\s*(\{[^{}]{1,4000}\})\s*\}')

_PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "midjourney": "Midjourney",
        "dall-e": "DALL-E",
        "dall·e": "DALL-E",
        "adobe firefly": "Adobe Firefly",
        "stable diffusion": "Stable Diffusion",
        "novelai": "NovelAI",
        "invokeai": "InvokeAI",
        "comfyui": "ComfyUI",
        "fooocus": "Fooocus",
        "draw things": "Draw Things",
        "made with google ai": "Google AI",
        "google ai": "Google AI",
        "ideogram": "Ideogram",
        "leonardo.ai": "Leonardo.Ai",
        "chatgpt": "ChatGPT",
        "gpt-4o": "ChatGPT",
    }
)
"""Names as programs write them, in lower case, and as the IPTC field says them."""

_CHUNKS: Mapping[str, str] = MappingProxyType(
    {
        "invokeai_metadata": "InvokeAI",
        "invokeai_graph": "InvokeAI",
        "sd-metadata": "InvokeAI",
        "dream": "InvokeAI",
        "fooocus_scheme": "Fooocus",
        "workflow": "ComfyUI",
        "prompt": "ComfyUI",
        "parameters": "Stable Diffusion",
        "sui_image_params": "SwarmUI",
        "generation_data": "",
    }
)
"""Text chunks that only a generator writes."""
_CREDITS = ("photoshop:Credit", "xmp:CreatorTool", "Iptc4xmpExt:AISystemUsed")
_CAMERA_CAPTIONS = frozenset(
    {"olympus digital camera", "sony dsc", "samsung", "dcim", "default", "untitled", "minolta dsc"}
)


@dataclass(frozen=True, slots=True)
class Generator:
    """Who made the picture, and the prompt if it is there. ``system`` is "" when only the fact is known."""

    system: str = ""
    version: str = ""
    prompt: str = ""


def generator_of(
    texts: Mapping[str, str], properties: Mapping[str, tuple[str, ...]]
) -> Generator | None:
    """The generator that ``texts`` (chunks and comments by name) or XMP ``properties`` speak of, if any."""
    for name, text in texts.items():
        found = _from_text(name, text)
        if found is not None:
            return found
    named = [v for p in _CREDITS for v in properties.get(p, ())]
    for text in (texts.get("Software", ""), texts.get("Source", ""), *named):
        if system := _program(text):
            prompt = texts.get("Description", "") if system == "NovelAI" else ""
            return Generator(system, prompt=prompt)
    return Generator() if properties.get(AIGC_PROPERTY) else None


def _from_text(name: str, text: str) -> Generator | None:
    if _has_steps(text):
        model = _MODEL.search(text)
        head = re.split(r"\n?Negative prompt: |\n?Steps: \d+, ", text, maxsplit=1)[0]
        return Generator("Stable Diffusion", model.group(1) if model else "", head.strip())
    if _JOB.search(text):
        version = _VERSION.search(text)
        head = _SWITCH.split(_JOB.sub("", text), maxsplit=1)[0]
        return Generator("Midjourney", version.group(1) if version else "", head.strip())
    if name.casefold() in _CHUNKS:
        return Generator(_CHUNKS[name.casefold()])
    return None


def _program(text: str) -> str:
    lower = text.casefold()
    return next((system for mark, system in _PROGRAMS.items() if mark in lower), "")


def generator_mark(text: str) -> bool:
    """Whether a text names a generator, which is a mark that stays."""
    return bool(_program(text))


def label_of(texts: Mapping[str, str]) -> str:
    """The label of GB 45438-2025 in chunks and comments, as JSON text; "" when there is none."""
    plain = texts.get(AIGC, "").strip()
    if plain.startswith("{") and len(plain) <= 4000:
        return plain
    return next((m.group(1) for text in texts.values() if (m := _LABEL.search(text))), "")


def _has_steps(text: str) -> bool:
    """Whether ``text`` has the settings line of a generator: the steps, and behind them the sampler."""
    first = _STEPS.search(text)
    return first is not None and "Sampler: " in text[first.end() :]


@dataclass(frozen=True, slots=True)
class Secrets:
    """Prompts, ready to be looked for: in lower case and with single spaces."""

    whole: frozenset[str] = frozenset()
    telling: tuple[str, ...] = ()
    """Those that are too long to be repeated by accident."""
    joined: str = ""
    """The telling ones, line by line; nothing that is looked for has a line end."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Secrets:
        """The secrets in ``texts``; of absurdly many the longest ones."""
        whole = dict.fromkeys(plain for text in texts if (plain := _plain(text)))
        telling: list[str] = []
        room = _SECRETS_CHARACTERS
        for plain in sorted(whole, key=len, reverse=True)[:_SECRETS_MAX]:
            if _TELLING <= len(plain) <= room:
                telling.append(plain)
                room -= len(plain)
        return cls(frozenset(whole), tuple(telling), "\n".join(telling))


def is_private(text: str, secrets: Secrets, *, caption: bool = False) -> bool:
    """Whether ``text`` is a prompt, or a part of one of the ``secrets``, or holds one.

    As a ``caption`` even a short one is private when it is the whole prompt.
    """
    if _has_steps(text) or _JOB.search(text) or _SWITCH.search(text) or "Negative prompt:" in text:
        return True
    plain = _plain(text)
    if len(plain) < _TELLING:
        return caption and plain in secrets.whole
    return plain in secrets.joined or any(s in plain for s in secrets.telling)


def secrets_of(
    texts: Mapping[str, str], generator: Generator | None, prompts: Iterable[str] = ()
) -> Secrets:
    """Every text that is or may be a prompt, as it is and as the strings of the JSON that it may be."""
    found = [*prompts, generator.prompt if generator is not None else ""]
    for name, text in texts.items():
        if name.casefold() in _CHUNKS or name == "UserComment" or _from_text(name, text):
            found += [text, *_strings(text)]
    return Secrets.of(found)


def _strings(text: str) -> list[str]:
    if not text.lstrip().startswith(("{", "[")):
        return []
    try:
        waiting: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return []
    found: list[str] = []
    while waiting and len(found) < _STRINGS_MAX:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | dict):
            waiting += value.values() if isinstance(value, dict) else value
    return found


_STRINGS_MAX = 10_000
_SECRETS_MAX, _SECRETS_CHARACTERS = 2_000, 2 * 1024 * 1024
_TELLING = 20
"""Characters from which on a shared text is no accident."""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def says_nothing(caption: str) -> bool:
    """Whether a caption is what a camera writes under every picture."""
    return caption.strip().casefold() in _CAMERA_CAPTIONS
