"""The local mode of Qdrant's client behind HTTP, so that requests go the way that they go to a server.

Paths and bodies are those of Qdrant's REST interface: each body is read by the client's own model, which takes no
unknown key. What it answers is what local mode answers; it is no server, and has neither indexes nor graphs.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, TypeAdapter
from qdrant_client import models

Route = Callable[[Any, str, Any, str], Any]
ROUTES: list[tuple[str, str, Any, Route]] = [
    ("GET", "/", None, lambda client, c, body, rest: client.info()),
    ("GET", "/aliases", None, lambda client, c, body, rest: client.get_aliases()),
    (
        "POST",
        "/collections/aliases",
        models.ChangeAliasesOperation,
        lambda client, c, body, rest: client.update_collection_aliases(body.actions),
    ),
    ("GET", "/collections", None, lambda client, c, body, rest: client.get_collections()),
    ("GET", "/collections/C", None, lambda client, c, body, rest: client.get_collection(c)),
    (
        "GET",
        "/collections/C/exists",
        None,
        lambda client, c, body, rest: models.CollectionExistence(exists=client.collection_exists(c)),
    ),
    (
        "PUT",
        "/collections/C",
        models.CreateCollection,
        lambda client, c, body, rest: client.create_collection(
            c, body.vectors, metadata=body.metadata, shard_number=body.shard_number
        ),
    ),
    (
        "PATCH",
        "/collections/C",
        models.UpdateCollection,
        lambda client, c, body, rest: client.update_collection(c, metadata=body.metadata),
    ),
    ("DELETE", "/collections/C", None, lambda client, c, body, rest: client.delete_collection(c)),
    (
        "PUT",
        "/collections/C/index",
        models.CreateFieldIndex,
        lambda client, c, body, rest: client.create_payload_index(c, body.field_name, body.field_schema),
    ),
    ("DELETE", "/collections/C/index/R", None, lambda client, c, body, rest: client.delete_payload_index(c, rest)),
    (
        "PUT",
        "/collections/C/points",
        models.PointsList,
        lambda client, c, body, rest: client.upsert(
            c, body.points, update_filter=body.update_filter, update_mode=body.update_mode
        ),
    ),
    (
        "POST",
        "/collections/C/points",
        models.PointRequest,
        lambda client, c, body, rest: client.retrieve(c, body.ids, body.with_payload, body.with_vector),
    ),
    (
        "POST",
        "/collections/C/points/delete",
        models.PointsSelector,
        lambda client, c, body, rest: client.delete(c, body),
    ),
    (
        "POST",
        "/collections/C/points/batch",
        models.UpdateOperations,
        lambda client, c, body, rest: client.batch_update_points(c, body.operations),
    ),
    (
        "POST",
        "/collections/C/points/scroll",
        models.ScrollRequest,
        lambda client, c, body, rest: scrolled(
            client.scroll(
                c,
                body.filter,
                limit=body.limit,
                offset=body.offset,
                with_payload=body.with_payload,
                with_vectors=body.with_vector,
            )
        ),
    ),
    (
        "POST",
        "/collections/C/points/count",
        models.CountRequest,
        lambda client, c, body, rest: client.count(c, body.filter),
    ),
    (
        "POST",
        "/collections/C/points/query",
        models.QueryRequest,
        lambda client, c, body, rest: client.query_points(
            c, body.query, using=body.using, query_filter=body.filter, limit=body.limit, with_payload=body.with_payload
        ),
    ),
    (
        "POST",
        "/collections/C/facet",
        models.FacetRequest,
        lambda client, c, body, rest: client.facet(c, body.key, body.filter, limit=body.limit),
    ),
]


def scrolled(found: tuple[list[models.Record], Any]) -> models.ScrollResult:
    return models.ScrollResult(points=found[0], next_page_offset=found[1])


class QdrantHttp:
    """A local client that listens on a port of the loopback.

    Args:
        client: one at a time, see ``qdrant.OneAtATime``.
        port: 0 for any that is free.
    """

    def __init__(self, client: Any, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"client": client})
        self._listening = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._listening.daemon_threads = True
        self.port = self._listening.server_port
        threading.Thread(target=self._listening.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._listening.shutdown()
        self._listening.server_close()


class _Handler(BaseHTTPRequestHandler):
    client: Any

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        status, told = respond(self.client, self.command, self.path, self.rfile.read(size))
        data = json.dumps(told).encode()
        with suppress(BrokenPipeError, ConnectionResetError):  # who asked was killed
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *told: object) -> None:
        """Nothing is logged."""


def respond(client: Any, method: str, address: str, data: bytes) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(address)
    assert set(parse_qs(parts.query)) <= {"wait", "ordering", "consistency", "timeout"}, parts.query
    for wanted, pattern, model, call in ROUTES:
        found = re.fullmatch(pattern.replace("C", "([^/]+)").replace("R", "([^/]+)"), parts.path)
        if wanted != method or found is None:
            continue
        names = [*map(unquote, found.groups()), "", ""]
        body = None if model is None else TypeAdapter(model).validate_json(data)
        try:
            result = call(client, names[0], body, names[1])
        except ValueError as error:
            return 404 if str(error).endswith("not found") else 400, {"status": {"error": str(error)}, "time": 0.0}
        plain = TypeAdapter(type(result)).dump_python(result, mode="json")
        if isinstance(result, list):
            plain = [one.model_dump(mode="json") for one in result]
        elif isinstance(result, BaseModel):
            plain = result.model_dump(mode="json")
        return 200, plain if pattern == "/" else {"result": plain, "status": "ok", "time": 0.0}
    raise AssertionError(f"{method} {parts.path} is no request that lookseek is known to make")
