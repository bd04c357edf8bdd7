"""The OpenAPI 3.1 document, generated from the API's own functions.

`python -m loyalty.runtime.openapi`.

Written to `loyalty/contracts/openapi.json`, which `/v1/openapi.json` and `/docs` serve; a test
fails when it is stale.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi import params
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from loyalty.runtime.routing import Place, Route

DOCUMENT: Final = Path(__file__).parent.parent / "contracts" / "openapi.json"
_PUBLIC: Final = ("/v1/health", "/v1/invitations/", "/v1/unsubscribe/")


_MARKER: Final[dict[Place, type]] = {
    "path": params.Path,
    "query": params.Query,
    "body": params.Body,
}


def document(functions: Path) -> str:
    """Return the document of all routes under `functions/api`, as JSON with a stable order."""
    resolver = APIGatewayRestResolver(enable_validation=True)
    for resource in sorted((functions / "api").glob("[!_]*.py")):
        for route in importlib.import_module(f"api.{resource.stem}").app.routes:
            register = resolver.route(route.path, method=route.method, **route.description)
            register(_declared(route))
    text = resolver.get_openapi_json_schema(
        title="Elite loyalty program",
        version="1",
        description="Orders, points, members, the Elite journey. Errors are RFC 9457 problems.",
        security_schemes={"bearer": HTTPBearer(bearerFormat="JWT")},
        security=[{"bearer": []}],
    )
    schema = json.loads(text)
    for path, operations in schema["paths"].items():
        if path.startswith(_PUBLIC):
            for operation in operations.values():
                operation["security"] = []
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def _declared(route: Route) -> Callable[..., str]:
    """Return a stand-in for a route's function with the signature that Powertools describes."""

    @wraps(route.function)
    def stand_in(**_: Any) -> str:
        raise NotImplementedError  # Powertools reads the signature and calls nothing

    declared = [
        inspect.Parameter(
            parameter.argument,
            inspect.Parameter.KEYWORD_ONLY,
            default=parameter.default,
            annotation=Annotated[
                parameter.annotation, _MARKER[parameter.place](alias=parameter.name)
            ],
        )
        for parameter in route.parameters
    ]
    signature = inspect.Signature(declared, return_annotation=str)
    stand_in.__signature__ = signature  # type: ignore[attr-defined]
    return stand_in


def main() -> None:
    """Write the document; the functions' folder is the only argument."""
    DOCUMENT.write_text(document(Path(sys.argv[1]).resolve()))


if __name__ == "__main__":
    main()
