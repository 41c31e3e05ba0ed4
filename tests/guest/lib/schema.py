# SPDX-License-Identifier: GPL-2.0
"""JSON Schema, as much of it as Documentation/schema/ uses."""

import json
import pathlib

FOLDER = pathlib.Path("/root/Documentation/schema")
TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}
KNOWN = {"$schema", "$id", "title", "description", "type", "required", "additionalProperties",
         "properties", "items", "enum"}


def is_a(value, name):
    """Whether a value is of a type of JSON Schema."""
    if name in ("number", "integer"):
        return (isinstance(value, (int, float) if name == "number" else int)
                and not isinstance(value, bool))
    return isinstance(value, TYPES[name])


def problems(value, schema, path="$"):
    """Lines that say where a value is not as the schema wants it."""
    unknown = schema.keys() - KNOWN
    if unknown:
        return [f"{path}: the schema has {sorted(unknown)}, which this does not check"]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_a(value, name) for name in types):
        return [f"{path}: {value!r:.60} is not {' or '.join(types)}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r:.60} is not one of {schema['enum']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{path}: lacks {name}" for name in schema.get("required", [])
                  if name not in value]
        if schema.get("additionalProperties", True) is False:
            found += [f"{path}: has {name}" for name in value if name not in known]
        for name, part in known.items():
            if name in value:
                found += problems(value[name], part, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found += problems(item, schema["items"], f"{path}[{place}]")
    return found


def load(name):
    """A schema of Documentation/schema/."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
