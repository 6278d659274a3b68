"""The API and its description agree: the file in docs, all requests that it allows, and chains of them by its links."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import serving
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance  # noqa: E402

ROOT = Path(__file__).parents[1]


def test_the_description_in_docs_is_the_codes() -> None:
    spec = importlib.util.spec_from_file_location("openapi", ROOT / "scripts" / "openapi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == module.made(), "run scripts/openapi.py"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    top = tmp_path_factory.mktemp("schema")
    write_photos(top / "photos")
    indexed(top / "photos", top / "index", model="efficientnet-lite2")
    with serving(top / "index", keys=top / "keys") as running:
        yield running


UNSAID = [positive_data_acceptance]
"""A schema can't say which items are there, which filters can be read, or that something must be asked."""


@schemathesis.serializer("application/x-ndjson")
def _lines(ctx: object, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


OPERATIONS = [one.ok() for one in schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json").get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_whatever_the_description_allows_is_answered_as_it_says(operation: Any, service: Any) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=operation.as_strategy())
    def asked(case: Any) -> None:
        case.call_and_validate(base_url=service.url, headers=service.may_write, excluded_checks=UNSAID)

    asked()


def test_chains_of_requests_by_the_links_are_answered_as_described(service: Any) -> None:
    """An item that was put, by itself or in a batch, is read, looked at, changed, removed, and read again."""
    schema = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json")
    schema.config.update(base_url=service.url)
    machine = schema.as_state_machine()
    followed: set[str] = set()

    class Chains(machine):  # type: ignore[misc, valid-type]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": service.may_write}

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            followed.add(f"{case.method} {case.path}")
            line_by_line = (
                [negative_data_rejection] if case.path == "/v1/items:batch" else []
            )  # which answers each line
            case.validate_response(response, excluded_checks=UNSAID + line_by_line)

    # the same examples each time, and no longer for a failure, which says what was asked
    Chains.run(
        settings=settings(
            max_examples=20,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
    )
    assert followed >= {"PUT /v1/items/{id}", "GET /v1/items/{id}", "DELETE /v1/items/{id}", "POST /v1/items:batch"}
