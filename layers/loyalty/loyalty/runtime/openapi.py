"""The OpenAPI 3.1 document, generated from the API's own functions.

`python -m loyalty.runtime.openapi`.

Written to `loyalty/contracts/openapi.json`, which `/v1/openapi.json` and `/docs` serve; a test
fails when it is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler.openapi import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

DOCUMENT: Final = Path(__file__).parent.parent / "contracts" / "openapi.json"
_PUBLIC: Final = ("/v1/health", "/v1/invitations/", "/v1/unsubscribe/")


def document(functions: Path) -> str:
    """Return the merged document of all resolvers under `functions/api`.

    As JSON with a stable order.
    """
    merge = OpenAPIMerge(
        title="Elite loyalty program",
        version="1",
        description="Orders, points, members, the Elite journey. Errors are RFC 9457 problems.",
        security_schemes={"bearer": HTTPBearer(bearerFormat="JWT")},
        security=[{"bearer": []}],
        on_conflict="error",
    )
    for resource in sorted((functions / "api").glob("[!_]*.py")):
        merge.add_file(resource, resolver_name="app")
    schema = json.loads(merge.get_openapi_json_schema())
    for path, operations in schema["paths"].items():
        if path.startswith(_PUBLIC):
            for operation in operations.values():
                operation["security"] = []
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the document; the functions' folder is the only argument."""
    DOCUMENT.write_text(document(Path(sys.argv[1]).resolve()))


if __name__ == "__main__":
    main()
