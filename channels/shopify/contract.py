"""Makes ``contract.graphql``: just those Admin types, fields and arguments that our documents and inputs use.

Run as a program it writes the contract from the real types of the oldest supported version (``make``), brings the
real types into the cache (``obtain``), or says where the versions differ from the contract (``compare``). Nothing
else uses it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels.shopify import documents
from channels.shopify.schema import CONTRACT, VERSIONS, contract_schema, graphql_core, real_schema
from channels.shopify.schema_package import obtain

if TYPE_CHECKING:
    from graphql import GraphQLSchema

INPUTS: Mapping[str, Sequence[str]] = {
    "BulkOperationsSortKeys": (),
    "FileSetInput": ("id", "originalSource", "alt", "filename", "contentType", "duplicateResolutionMode"),
    "InventoryItemInput": ("tracked", "requiresShipping", "cost", "sku"),
    "MetafieldDefinitionInput": (
        "namespace", "key", "name", "description", "type", "ownerType", "capabilities",
    ),
    "MetafieldCapabilityCreateInput": ("uniqueValues",),
    "MetafieldCapabilityUniqueValuesInput": ("enabled",),
    "MetafieldIdentifierInput": ("ownerId", "namespace", "key"),
    "MetafieldInput": ("id", "namespace", "key", "type", "value"),
    "MetafieldsSetInput": ("ownerId", "namespace", "key", "type", "value", "compareDigest"),
    "OptionSetInput": ("id", "name", "position", "values"),
    "OptionValueSetInput": ("id", "name"),
    "ProductIdentifierInput": ("id", "handle", "customId"),
    "ProductSetIdentifiers": ("id", "handle", "customId"),
    "ProductSetInput": (
        "id", "title", "handle", "descriptionHtml", "vendor", "productType", "category", "tags", "status", "seo",
        "productOptions", "variants", "files", "metafields", "collections",
    ),
    "ProductVariantSetInput": (
        "id", "optionValues", "sku", "price", "compareAtPrice", "taxable", "barcode", "position", "file",
        "metafields", "inventoryItem", "inventoryPolicy",
    ),
    "ProductVariantsBulkInput": ("id", "price", "compareAtPrice"),
    "PublicationInput": ("publicationId", "publishDate"),
    "SEOInput": ("title", "description"),
    "StagedUploadInput": ("filename", "mimeType", "resource", "httpMethod", "fileSize"),
    "UniqueMetafieldValueInput": ("namespace", "key", "value"),
    "VariantOptionValueInput": ("id", "name", "optionId", "optionName"),
    "FileCreateInput": ("originalSource", "alt", "filename", "contentType", "duplicateResolutionMode"),
    "FileUpdateInput": ("id", "alt", "filename", "originalSource", "referencesToAdd", "referencesToRemove"),
}  # fmt: skip
"""Input types that are sent as variables → those of their fields that we fill."""

EXTRA: Mapping[str, Mapping[str, Sequence[str]]] = {
    "Mutation": {"productSet": ("identifier", "input", "synchronous")},
    "ProductSetPayload": {"product": (), "productSetOperation": (), "userErrors": ()},
    "ProductSetOperation": {"id": (), "status": (), "product": (), "userErrors": ()},
    "QueryRoot": {"productOperation": ("id",), "node": ("id",)},
    "ProductOperation": {"product": (), "status": ()},
    "PageInfo": {"hasNextPage": (), "hasPreviousPage": (), "startCursor": (), "endCursor": ()},
}
"""What the sandbox needs to play its part beside our documents: type → field → arguments."""

CURRENCIES = ("AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "NZD", "PLN", "SEK", "USD")


def texts() -> dict[str, str]:
    """Every document of ours by its name, also those that are made at run time."""
    channels = ["gid://shopify/Publication/1", "gid://shopify/Publication/2"]
    made = {
        "BULK_PRODUCTS with publications": documents.bulk_products(channels),
        "SET_MANY in bulk": documents.bulk_mutation(documents.set_many(channels), "x"),
        "SET_PRICES in bulk": documents.bulk_mutation(documents.SET_PRICES, "x"),
    }
    return {**documents.ALL, **made}


class _Used:
    """What some documents use of a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.fields: dict[str, dict[str, set[str]]] = defaultdict(dict)
        self.kinds: set[str] = {"QueryRoot", "Mutation"}

    def field(self, kind: str, name: str, arguments: Iterable[str]) -> None:
        """Note a field of a type with some of its arguments, and every type that it names."""
        graphql = graphql_core()
        known = self.schema.type_map[kind].fields[name]  # type: ignore[attr-defined]
        named = set(arguments) | {
            a for a, d in known.args.items() if graphql.is_required_argument(d)
        }
        self.fields[kind].setdefault(name, set()).update(named)
        self.kinds.add(kind)
        self.kind(graphql.get_named_type(known.type).name)
        for argument in named:
            self.kind(graphql.get_named_type(known.args[argument].type).name)

    def kind(self, name: str) -> None:
        """Note a type, and through an input type those of its fields."""
        graphql = graphql_core()
        if name in self.kinds:
            return
        self.kinds.add(name)
        known: Any = self.schema.type_map[name]
        if graphql.is_input_object_type(known):
            for field in self._inputs(name):
                self.kind(graphql.get_named_type(known.fields[field].type).name)

    def _inputs(self, name: str) -> Sequence[str]:
        if name not in INPUTS:
            raise LookupError(f"say in INPUTS which fields of {name} we fill")
        return INPUTS[name]

    def document(self, text: str) -> None:
        """Note everything that a document uses. Raises LookupError for one that is not valid."""
        graphql = graphql_core()
        document = graphql.parse(text)
        errors = graphql.validate(self.schema, document)
        if errors:
            raise LookupError(errors[0].message)
        info = graphql.TypeInfo(self.schema)
        used = self

        class See(graphql.Visitor):  # type: ignore[misc, name-defined]
            """Passes over a document."""

            def enter_field(self, node: Any, *_: Any) -> None:
                """Note a field."""
                parent = info.get_parent_type()
                if not node.name.value.startswith("__"):
                    used.field(
                        parent.name, node.name.value, (a.name.value for a in node.arguments or ())
                    )

            def enter_named_type(self, node: Any, *_: Any) -> None:
                """Note the type of a variable or of a fragment."""
                used.kind(node.name.value)

        graphql.visit(document, graphql.TypeInfoVisitor(info, See()))


def made(schema: GraphQLSchema, sources: Iterable[str]) -> str:
    """The contract of some documents with a schema, as SDL without descriptions."""
    used = _Used(schema)
    for text in sources:
        used.document(text)
    for kind, fields in EXTRA.items():
        for name, arguments in fields.items():
            used.field(kind, name, arguments)
    _close(used)
    blocks = [_block(used, name) for name in sorted(used.kinds)]
    head = "schema {\n  query: QueryRoot\n  mutation: Mutation\n}"
    return "\n\n".join([head, *(b for b in blocks if b)]) + "\n"


def _close(used: _Used) -> None:
    """Give every type a field, and every object what its interfaces have here, until nothing is added."""
    graphql = graphql_core()
    size = -1
    while size != (size := sum(len(f) for f in used.fields.values()) + len(used.kinds)):
        for name in sorted(used.kinds):
            kind: Any = used.schema.type_map[name]
            if not (graphql.is_object_type(kind) or graphql.is_interface_type(kind)):
                continue
            if not used.fields.get(name):
                used.field(name, next(f for f in ("id", *kind.fields) if f in kind.fields), ())
            for interface in kind.interfaces:
                if interface.name in used.kinds:
                    for field, arguments in dict(used.fields[interface.name]).items():
                        used.field(name, field, arguments)


def _block(used: _Used, name: str) -> str:
    graphql = graphql_core()
    kind: Any = used.schema.type_map[name]
    if graphql.is_scalar_type(kind):
        return "" if graphql.is_specified_scalar_type(kind) else f"scalar {name}"
    if graphql.is_enum_type(kind):
        values = CURRENCIES if name == "CurrencyCode" else sorted(kind.values)
        return _braced(f"enum {name}", values)
    if graphql.is_input_object_type(kind):
        one_of = " @oneOf" if kind.is_one_of else ""
        rows = [_given(field, kind.fields[field]) for field in INPUTS[name]]
        return _braced(f"input {name}{one_of}", rows)
    if graphql.is_union_type(kind):
        members = [t.name for t in kind.types if t.name in used.kinds]
        return f"union {name} = {' | '.join(sorted(members))}" if members else ""
    shared = sorted(i.name for i in kind.interfaces if i.name in used.kinds)
    implements = f" implements {' & '.join(shared)}" if shared else ""
    word = "interface" if graphql.is_interface_type(kind) else "type"
    return _braced(f"{word} {name}{implements}", _rows(kind, used.fields[name]))


def _braced(head: str, rows: Iterable[str]) -> str:
    return head + " {\n" + "".join(f"  {row}\n" for row in rows) + "}"


def _rows(kind: Any, fields: Mapping[str, set[str]]) -> list[str]:
    rows = []
    for field in sorted(fields):
        known = kind.fields[field]
        given = [_given(a, known.args[a]) for a in sorted(fields[field])]
        arguments = f"({', '.join(given)})" if given else ""
        rows.append(f"{field}{arguments}: {known.type}")
    return rows


def _given(name: str, argument: Any) -> str:
    """An argument or input field with its default, without the word that it is deprecated."""
    from graphql.utilities.print_schema import print_input_value

    return print_input_value(name, argument).partition(" @deprecated")[0]


def differences(contract: GraphQLSchema, real: GraphQLSchema) -> list[str]:
    """Where the real types do not keep the contract, one sentence each; none means that they do."""
    graphql = graphql_core()
    found: list[str] = []
    for name, kind in contract.type_map.items():
        if name.startswith("__") or graphql.is_specified_scalar_type(kind):
            continue
        there: Any = real.type_map.get(name)
        if there is None or type(there) is not type(kind):
            found.append(f"{name} is no longer what it was")
        elif graphql.is_enum_type(kind):
            found += [f"{name}.{v} is gone" for v in kind.values if v not in there.values]  # type: ignore[attr-defined]
        elif hasattr(kind, "fields"):
            found += _fields_differ(name, kind, there)
    return found


def _fields_differ(name: str, kind: Any, there: Any) -> list[str]:
    graphql = graphql_core()
    found: list[str] = []
    for field, known in kind.fields.items():
        other = there.fields.get(field)
        if other is None or str(other.type) != str(known.type):
            found.append(f"{name}.{field} is {other and other.type}, not {known.type}")
            continue
        for argument, wanted in getattr(known, "args", {}).items():
            given = other.args.get(argument)
            if given is None or str(given.type) != str(wanted.type):
                found.append(
                    f"{name}.{field}({argument}:) is {given and given.type}, not {wanted.type}"
                )
        needed = {
            a for a, d in getattr(other, "args", {}).items() if graphql.is_required_argument(d)
        }
        found += [f"{name}.{field} now needs {a}" for a in needed - set(getattr(known, "args", {}))]
    if graphql.is_input_object_type(kind):
        required = {f for f, d in there.fields.items() if graphql.is_required_input_field(d)}
        found += [f"{name} now needs {f}" for f in required - set(kind.fields)]
    return found


def main(arguments: Sequence[str]) -> int:
    """``obtain``, ``make`` or ``compare``; returns the exit code. Raises SchemaUnavailable."""
    what = arguments[0] if arguments else "compare"
    folder = obtain()
    if what == "make":
        text = made(real_schema(VERSIONS[0]), texts().values())
        (Path(__file__).parent / CONTRACT).write_text(text, "utf-8")
    said = [str(folder)] if what == "obtain" else []
    if what == "compare":
        for version in VERSIONS:
            said += [
                f"{version}: {d}" for d in differences(contract_schema(), real_schema(version))
            ]
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 1 if what == "compare" and said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
