"""Tests a running server with the Python client gql and its default settings.

Runs a query, an invalid query and a subscription that is idle for longer than any timeout over both WebSocket transports of
gql. Then measures the latency of responses with and without gzip over a persistent connection.

    pip install "gql[websockets,aiohttp]" requests
    python tests/clients/gql_client.py 127.0.0.1:8080 70
"""

import asyncio
import statistics
import sys
import time

import requests
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

ADDRESS = sys.argv[1] + "/graphql"
IDLE = float(sys.argv[2]) if len(sys.argv) > 2 else 70.0
SUGGEST = """mutation {
  submitSuggestion(input: {text: "from gql", position: {lon: 106.5, lat: 29.5}}) { suggestion { id } }
}"""


async def suggest():
    async with Client(transport=AIOHTTPTransport(url="http://" + ADDRESS)) as session:
        result = await session.execute(gql(SUGGEST))
        assert result["submitSuggestion"]["suggestion"], result


async def check_websocket(transport):
    async with Client(transport=transport(url="ws://" + ADDRESS)) as session:
        assert await session.execute(gql("{ __typename }")) == {"__typename": "Query"}
        try:
            await session.execute(gql("{ nothing }"))
            raise AssertionError("an unknown field was not refused")
        except TransportQueryError:
            pass
        changes = session.subscribe(gql("subscription { registerChanged { kind } }"))
        first = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(IDLE)
        await suggest()
        change = await asyncio.wait_for(first, 5)
        await changes.aclose()
        assert change["registerChanged"]["kind"] == "SUGGESTION", change
        print(f"{transport.__name__}: an event after {IDLE:.0f} idle seconds")


async def main():
    await asyncio.gather(check_websocket(WebsocketsTransport), check_websocket(AIOHTTPWebsocketsTransport))


def latency(coding):
    session = requests.Session()
    session.headers["Accept-Encoding"] = coding
    times = []
    for _ in range(100):
        began = time.perf_counter()
        reply = session.post("http://" + ADDRESS, json={"query": "{ __schema { types { name description } } }"})
        assert reply.json()["data"]
        times.append(time.perf_counter() - began)
    used = reply.headers.get("Content-Encoding", "identity")
    assert used == coding, used
    print(f"{coding}: median {statistics.median(times) * 1000:.1f} ms")


asyncio.run(main())
for coding in ("identity", "gzip"):
    latency(coding)
