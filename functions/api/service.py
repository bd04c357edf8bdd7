"""What the service says of itself: health, the OpenAPI document, a page to browse it.

No token needed.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from loyalty.contracts.service import Health
from loyalty.contracts.values import iso
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.runtime.settings import settings

app = http.Api()


@app.get(
    "/v1/health",
    summary="Alive, and the program clock's now",
    tags=["service"],
    responses={200: http.returns("Healthy", Health)},
)
def get_health() -> Response:
    now = composition.clock().now()
    return http.answer(
        HTTPStatus.OK, {"status": "ok", "version": settings().service_version, "time": iso(now)}
    )


@app.get("/v1/openapi.json", include_in_schema=False)
def get_openapi() -> Response:
    return Response(HTTPStatus.OK, "application/json", _openapi_document())


@app.get("/docs", include_in_schema=False)
def get_docs() -> Response:
    return Response(HTTPStatus.OK, "text/html; charset=utf-8", _docs_page())


@cache
def _openapi_document() -> str:
    return files("loyalty.contracts").joinpath("openapi.json").read_text()


@cache
def _docs_page() -> str:
    # Imported only when used: it brings all of Powertools' resolvers.
    from aws_lambda_powertools.event_handler.openapi.swagger_ui.html import generate_swagger_html

    assets = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    return generate_swagger_html(
        spec=_openapi_document().replace("</", "<\\/"),
        swagger_js=assets.joinpath("swagger-ui-bundle.min.js").read_text(),
        swagger_css=assets.joinpath("swagger-ui.min.css").read_text(),
        swagger_base_url="",
        oauth2_config=None,
        persist_authorization=False,
    )


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
