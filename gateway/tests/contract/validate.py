#!/usr/bin/env python3
"""Holds OpenAPI documents against the specification, and their examples against their schemas.

usage: validate.py DOCUMENT...

Exits with 0 when all is valid, with 1 and a line for each fault when not, with 2 when a package is
missing.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

try:
    from jsonschema import Draft202012Validator
    from openapi_spec_validator import OpenAPIV31SpecValidator
except ImportError as error:
    print(f"{error}: `scripts/ensure test` installs what the tests need", file=sys.stderr)
    sys.exit(2)


def main(paths: list[str]) -> int:
    faults = [f"{path}: {fault}" for path in paths for fault in check(path)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults or not paths else 0


def check(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        place = "/".join(map(str, error.absolute_path)) if hasattr(error, "absolute_path") else ""
        yield f"{place}: {str(error).splitlines()[0]}"
    seen = 0
    for place, media in media_types(document, ""):
        if "example" not in media:
            continue
        seen += 1
        # References begin at the root of the document, so the schema stands in a copy of it.
        schema = {**media["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for error in validator.iter_errors(media["example"]):
            yield f"{place}: the example at `{error.json_path}`: {error.message}"
    if not seen:
        yield "no example at all"


def media_types(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type object, with its place."""
    if isinstance(value, dict):
        content = value.get("content")
        if isinstance(content, dict):
            for name, media in content.items():
                if isinstance(media, dict) and "schema" in media:
                    yield f"{place}/{name}", media
        for name, member in value.items():
            yield from media_types(member, f"{place}/{name}")
    elif isinstance(value, list):
        for at, member in enumerate(value):
            yield from media_types(member, f"{place}/{at}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
