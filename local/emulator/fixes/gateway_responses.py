"""API Gateway's own answers look as the template says, and tell nothing of a crash.

Raw MiniStack ignores the gateway responses of a deployed REST API, and answers a handler's
uncaught exception, stack and all, to the client. AWS takes them from the API's OpenAPI
document, where SAM's ``GatewayResponses`` end up, and answers a crash with 502 and
``Internal server error`` through ``DEFAULT_5XX``.
"""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway_v1

_EXTENSION = "x-amazon-apigateway-gateway-responses"
_FAILED_FUNCTION_STATUS = 502


class _FunctionFailed(Exception):
    """The function raised, timed out or ended."""


def apply() -> None:
    apigateway_v1._import_rest_api = _with_gateway_responses(apigateway_v1._import_rest_api)
    apigateway_v1._lambda_proxy_response = _raising(apigateway_v1._lambda_proxy_response)
    apigateway_v1._invoke_lambda_proxy_v1 = _hiding(apigateway_v1._invoke_lambda_proxy_v1)
    apigateway_v1._gateway_error_response = _with_bad_gateway(apigateway_v1._gateway_error_response)


def _with_gateway_responses(import_api: Any) -> Any:
    def imported(document: dict[str, Any], base: dict[str, Any] | None = None) -> str:
        api_id: str = import_api(document, base)
        for kind, response in document.get(_EXTENSION, {}).items():
            status, _, body = apigateway_v1._put_gateway_response(api_id, kind, response)
            if status >= 400:
                raise ValueError(f"gateway response {kind}: {body!r}")
        return api_id

    return imported


def _raising(shape_answer: Any) -> Any:
    def shaped(result: dict[str, Any]) -> Any:
        answer, error = shape_answer(result)
        if error:
            raise _FunctionFailed
        return answer, error

    return shaped


def _hiding(invoke: Any) -> Any:
    async def invoked(*args: Any, **kwargs: Any) -> Any:
        try:
            return await invoke(*args, **kwargs)
        except _FunctionFailed:
            error = apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
            error.status = _FAILED_FUNCTION_STATUS
            return error

    return invoked


def _with_bad_gateway(render: Any) -> Any:
    def rendered(error: Any, request: dict[str, Any]) -> Any:
        status, headers, body = render(error, request)
        customized = apigateway_v1._gateway_responses.get(request["api_id"], {})
        if "statusCode" not in customized.get(error.response_type, {}):
            status = getattr(error, "status", status)
        return status, headers, body

    return rendered
