#!/usr/bin/env python3
"""Opens both documentation pages of a running gateway in headless Chromium and tries a call.

usage: pages.py BASE_URL API_KEY [--reference-call PATH] [--explorer-call PATH]
                [--chromium FILE] [--screenshots DIR]

The two paths are GET operations without required parameters that answer 200 to the key. Exits with
0 when both pages load from the gateway alone, complain of nothing, and show the 200; with 1 when
not, with 2 when there is no browser to ask.
"""

import argparse
import json
import os
import sys
import urllib.request
from urllib.parse import urlsplit

import snippets
from chromium import Browser, BrowserError, Page


def main() -> int:
    args = arguments()
    if not os.access(args.chromium, os.X_OK):
        print(f"no Chromium at `{args.chromium}`: install Debian's `chromium`", file=sys.stderr)
        return 2
    base = args.base_url.rstrip("/")
    tests = {"reference": (reference, args.reference_call), "explorer": (explorer, args.explorer_call)}
    failures: list[str] = []
    with Browser(args.chromium) as browser:
        for name, (test, path) in tests.items():
            page = browser.page()
            try:
                test(page, base, args.api_key, path)
                failures += [f"{name}: {wrong}" for wrong in problems(page, base, args.api_key, path)]
            except (BrowserError, AssertionError) as error:
                failures.append(f"{name}: {error}")
            if args.screenshots:
                page.screenshot(os.path.join(args.screenshots, f"{name}.png"))
            print(f"{name}: {len(page.requests)} requests")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def reference(page: Page, base: str, key: str, path: str) -> None:
    """Scalar: open the request, fill in the key, send it, read the status."""
    tag = operation(f"{base}/api/v1/docs/openapi.json", path)["tags"][0]
    page.open(f"{base}/api/v1/docs#tag/{tag.lower().replace(' ', '-')}/GET{path}")
    page.click(f"worded('button', {json.dumps(f'(get {path})')})")
    page.type("all('[role=dialog] .scalar-password-input')[0]", key)
    page.click("worded('[role=dialog] button', 'Send')")
    page.until("worded('[role=dialog]', '200 OK')")


def explorer(page: Page, base: str, key: str, path: str) -> None:
    """Swagger UI: authorize, try the operation, execute it, read the status and the snippets."""
    page.open(f"{base}/api-docs")
    page.click("all('.auth-wrapper .authorize')[0]")
    header = "all('.auth-container').find((one) => one.textContent.includes('X-API-Key'))"
    page.type(f"all('input', {header})[0]", key)
    page.click(f"worded('button.authorize', 'Authorize', {header})")
    page.click("all('.modal-ux .btn-done')[0]")
    block = f"all('.opblock-get').find((one) => all('[data-path={json.dumps(path)}]', one).length)"
    page.click(f"all('.opblock-summary-control', {block})[0]")
    page.click(f"all('.try-out__btn', {block})[0]")
    page.click(f"all('.execute', {block})[0]")
    page.until(f"all('.live-responses-table .response-col_status', {block}).find("
               "(one) => one.textContent.trim().startsWith('200'))")
    for title, word in SNIPPETS.items():
        page.click(f"all('.request-snippets h4, .request-snippets button, .request-snippets .btn', {block})"
                   f".find((one) => one.textContent.trim() === {json.dumps(title)})")
        page.until(f"worded('.request-snippets', {json.dumps(word)}, {block})")
    if wrong := snippets.check(page):
        raise AssertionError("; ".join(wrong))


SNIPPETS = {
    "cURL": "curl -X 'GET'",
    "JavaScript (fetch)": "await fetch(",
    "Python (requests)": "requests.request(",
    "Python (httpx)": "httpx.request(",
}


def problems(page: Page, base: str, key: str, path: str) -> list[str]:
    """What a page that works must not have done, and the call that it must have made."""
    found = list(page.complaints)
    origin = urlsplit(base)[:2]
    for request in page.requests:
        url = urlsplit(request["url"])
        if url.scheme != "data" and url[:2] != origin:
            found.append(f"asked another host: {request['url']}")
    document = page.responses[0]
    policy = {name.lower(): value for name, value in document["headers"].items()}.get(
        "content-security-policy", ""
    )
    if "default-src 'none'" not in policy or "script-src 'self';" not in policy:
        found.append(f"the policy of `{document['url']}` is `{policy}`")
    calls = [one for one in page.requests if urlsplit(one["url"]).path == path]
    if not any(key in one["headers"].values() for one in calls):
        found.append(f"no request to `{path}` carried the key")
    if page.evaluate("indexedDB.databases().then((all) => all.length)"):
        found.append("the page made a database in the browser")
    if key in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"):
        found.append("the key was stored in the browser")
    return found


def operation(url: str, path: str) -> dict:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["paths"][path]["get"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url", help="for example http://127.0.0.1:8080")
    parser.add_argument("api_key", help="a key that may make both calls")
    parser.add_argument("--reference-call", default="/api/v1/api-keys", metavar="PATH")
    parser.add_argument("--explorer-call", default="/v1/api-keys", metavar="PATH")
    parser.add_argument("--chromium", default="/usr/bin/chromium", metavar="FILE")
    parser.add_argument("--screenshots", metavar="DIR", help="keep a picture of each page here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
