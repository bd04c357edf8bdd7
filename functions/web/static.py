"""Styles and pictures of the pages: the same for everybody, kept by browsers for a year."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import http, web
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response, RouteNotFound

app = http.Api()


@app.get("/static/<name>", include_in_schema=False)
def get_static(name: str) -> Response:
    file = web.static_file(name)
    if file is None:
        raise RouteNotFound
    return file


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
