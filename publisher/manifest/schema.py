"""The manifest's JSON Schema (draft 2020-12) for editors, made from the one pydantic schema. Pure.

It is a little wider than the models where the loader helps: null clears a field, defaults may leave the
provenance class to the assets, and a ``$schema`` key may name this schema.
"""

from __future__ import annotations

from typing import Any

from publisher.manifest.model import Manifest

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CLEARABLE = {
    "Asset": (
        "keywords",
        "categories",
        "releases",
        "exclusivity",
        "editorial",
        "depicts",
        "channels",
    ),
    "Bundle": ("keywords", "channels"),
}
_NULL = {"type": "null"}


def json_schema() -> dict[str, Any]:
    """The schema as plain JSON values. It has no ``$id``: it belongs to no address."""
    made = Manifest.model_json_schema(by_alias=True, mode="validation")
    parts: dict[str, Any] = made["$defs"]
    for name, fields in _CLEARABLE.items():
        for field in fields:
            _allow_null(parts[name]["properties"], field)
    provenance = {k: v for k, v in parts["Provenance"].items() if k != "required"}
    parts["DefaultProvenance"] = {
        **provenance,
        "title": "DefaultProvenance",
        "description": "Like Provenance; the class may be left to the assets.",
    }
    _replace(parts["Defaults"]["properties"], "provenance", "DefaultProvenance")
    for section in ("defaults", "assets", "bundles", "waivers"):
        _allow_null(made["properties"], section)
    made["properties"]["$schema"] = {
        "type": "string",
        "description": "Address of this schema, for editors; it means nothing else.",
    }
    return {"$schema": DIALECT, **made, "title": "Release manifest"}


def _allow_null(properties: dict[str, Any], name: str) -> None:
    whole = properties[name]
    about = {k: whole.pop(k) for k in ("title", "description", "default") if k in whole}
    forms = whole.pop("anyOf", None) or [whole]
    properties[name] = {**about, "anyOf": [*forms, _NULL]}


def _replace(properties: dict[str, Any], name: str, definition: str) -> None:
    about = {k: v for k, v in properties[name].items() if k in ("title", "description", "default")}
    properties[name] = {**about, "anyOf": [{"$ref": f"#/$defs/{definition}"}, _NULL]}
