"""The API and its description agree: the file in docs, and every request that the description allows."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import serving
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

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
