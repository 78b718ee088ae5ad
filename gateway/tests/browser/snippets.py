"""Checks that the explorer's snippets of awkward requests make exactly the request they show."""

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from chromium import Page

URL = "http://localhost/v1/api-keys?name=a%20b"
# Quotes of both kinds, a backslash, template marks, line ends of two scripts, other alphabets.
AWKWARD = "it's \"ci\" \\ ${1} {x} `y`\n\u2028 ключ 🔑"
VALUE = {"name": AWKWARD, AWKWARD: [1, 1.5, True, False, None, [], {}, {"deep": [AWKWARD]}]}
HEADERS = {"Content-Type": "application/json", "X-API-Key": "lk_'\"_`$(id)"}
BODIES = [
    None,
    json.dumps(VALUE, ensure_ascii=False, indent=2),
    json.dumps(VALUE, ensure_ascii=False),
    # Neither may be rounded, merged or mended by a snippet.
    '{"n": 12345678901234567890}',
    '{"n": 1, "n": 2}',
    f"not JSON: {AWKWARD}",
    "grant_type=client_credentials&scope=a%20b",
]

Request = dict[str, Any]


def check(page: Page) -> list[str]:
    """What is wrong with the snippets of `page`, which is the explorer."""
    found = []
    for body in BODIES:
        method, headers = ("GET", {}) if body is None else ("POST", HEADERS)
        asked = {"url": URL, "method": method, "headers": headers, "body": body}
        made = {"javascript": javascript(generate(page, "javascript_fetch", asked), page)}
        for library, raw in (("requests", "data"), ("httpx", "content")):
            made[library] = python(generate(page, f"python_{library}", asked), library, raw)
        found += [f"{kind} asks {got}, not {asked}" for kind, got in made.items() if dense(got) != dense(asked)]
    return found


def dense(request: Request) -> Request:
    """The request, with a JSON body whose numbers and members survive Python in one spelling."""
    try:
        pairs = json.loads(request["body"], object_pairs_hook=lambda pairs: ["object", *pairs])
        return {**request, "body": json.dumps(pairs)}
    except (TypeError, ValueError):
        return request


def generate(page: Page, name: str, asked: Request) -> str:
    """The snippet. A plain Map reads like the immutable one that the explorer holds."""
    headers = f"new Map(Object.entries({json.dumps(asked['headers'])}))"
    request = f"new Map(Object.entries({{ ...{json.dumps(asked)}, headers: {headers} }}))"
    return page.evaluate(f"LatchkeySnippets().fn.requestSnippetGenerator_{name}({request})")


def python(code: str, library: str, raw: str) -> Request:
    """Runs a Python snippet over a stand-in for its library; gives the request it made."""
    made: list[Request] = []

    def ask(method: str, url: str, headers: dict[str, str] | None = None, **given: Any) -> Any:
        body = json.dumps(given.pop("json"), ensure_ascii=False) if "json" in given else None
        body = given.pop(raw).decode() if raw in given else body
        assert not given, f"unknown arguments {given}"
        made.append({"url": url, "method": method, "headers": headers or {}, "body": body})
        return SimpleNamespace(status_code=200, text="")

    stand_in = ModuleType(library)
    stand_in.request = ask  # type: ignore[attr-defined]
    with patch.dict(sys.modules, {library: stand_in}):
        exec(code, {"print": lambda *_: None})
    return made[0]


def javascript(code: str, page: Page) -> Request:
    """Runs the JavaScript snippet over a stand-in for `fetch`; gives the request it made."""
    return page.evaluate(
        f"""(async () => {{
        let made;
        const console = {{ log() {{}} }};
        const fetch = async (url, {{ method, headers = {{}}, body = null }}) => {{
            made = {{ url, method, headers, body }};
            return {{ status: 200, text: async () => "" }};
        }};
        {code}
        return made;
    }})()"""
    )
