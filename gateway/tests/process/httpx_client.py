"""Asks a gateway by httpx: one client a protocol, requests one by one and many at once."""

import asyncio
import sys

import httpx

AT_ONCE = 100
URL, KEY, TENANT = sys.argv[1:]
HEADERS = {"x-api-key": KEY, "x-tenantid": TENANT}


def protocols():
    """What the gateway speaks there: client options, and the version that has to come of them."""
    if URL.startswith("https"):
        return [({"http2": True}, "HTTP/2"), ({"http2": False}, "HTTP/1.1")]
    return [({"http1": False, "http2": True}, "HTTP/2"), ({"http2": False}, "HTTP/1.1")]


async def validate(client, version, key, valid):
    answer = await client.post("/api/v1/api-keys/validate", json={"apiKey": key})
    assert answer.status_code == 200, answer.text
    assert answer.http_version == version, answer.http_version
    assert answer.json()["data"]["valid"] is valid, answer.text


async def speak(options, version):
    trust = httpx.create_ssl_context(verify="cert.pem") if URL.startswith("https") else False
    async with httpx.AsyncClient(base_url=URL, headers=HEADERS, verify=trust, **options) as client:
        await validate(client, version, KEY, True)
        await validate(client, version, KEY[:-1] + "?", False)
        await asyncio.gather(*(validate(client, version, KEY, True) for _ in range(AT_ONCE)))
        missing = await client.get("/api/v1/api-keys/00000000-0000-7000-8000-000000000000")
        assert missing.status_code == 404, missing.text
        async with client.stream("GET", "/metrics") as metrics:
            assert metrics.status_code == 200
            assert any([line async for line in metrics.aiter_lines()])


for options, version in protocols():
    asyncio.run(speak(options, version))
print("well")
