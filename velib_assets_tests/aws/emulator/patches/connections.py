"""Connections: a request whose response was lost is not executed again when its client repeats it.

Sometimes the server closes a connection while it executes a request. A client of AWS then repeats the request
with the same `amz-sdk-invocation-id`, and what it creates exists already: Terraform ends with an error.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

IDLE_SECONDS = 600
"""Terraform's provider closes a connection that was idle for 90 seconds, ministack one of 75."""

_REMEMBERED = 500  # responses


def apply() -> None:
    """Keep idle connections for longer than clients do, and remember the responses of the last requests."""
    patching.wrap(importlib.import_module("hypercorn.asyncio"), "serve", _with_memory)


def _with_memory(stock: Any) -> Any:
    def serve(app: Any, config: Any, *args: Any, **kwargs: Any) -> Any:
        config.keep_alive_timeout = IDLE_SECONDS
        return stock(_once(app), config, *args, **kwargs)

    return serve


def _once(app: Any) -> Any:
    responses: OrderedDict[bytes, asyncio.Future[list[Any]]] = OrderedDict()

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        request = headers.get(b"amz-sdk-invocation-id")
        if scope["type"] != "http" or scope["method"] == "GET" or not request:
            await app(scope, receive, send)
            return
        if (earlier := responses.get(request)) and (messages := await earlier):
            while (await receive()).get("more_body"):
                pass
            for message in messages:
                await send(message)
            return
        sent: list[Any] = []

        async def record(message: Any) -> None:
            sent.append(message)
            await send(message)

        responses[request] = response = asyncio.get_running_loop().create_future()
        if len(responses) > _REMEMBERED:
            responses.popitem(last=False)
        try:
            await app(scope, receive, record)
        finally:
            is_done = bool(sent) and not sent[-1].get("more_body") and 200 <= sent[0].get("status", 0) < 300
            response.set_result(sent if is_done else [])

    return respond
