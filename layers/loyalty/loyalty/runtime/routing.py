"""Routes: which function answers a request of API Gateway, and with which arguments.

A route's own signature says what it takes, and nothing says it twice: a parameter that the path
names comes from the path, a contract is the body (JSON, or a form of a page), all others are of the
query string. Requests are validated by it here, and `loyalty.runtime.openapi` describes it
(docs/adr/0013-own-routes-at-runtime.md).
"""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, get_type_hints
from urllib.parse import parse_qsl

from pydantic import BaseModel, TypeAdapter, ValidationError

Place = Literal["path", "query", "body"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handle = TypeVar("Handle", bound=Callable[..., "Response"])

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Description(TypedDict, total=False):
        """What the OpenAPI document says of a route; `responses` by status."""

        summary: str
        tags: list[str]
        responses: Mapping[int, Mapping[str, Any]]
        include_in_schema: bool


class Response(NamedTuple):
    """An answer; its body is text that is serialized already."""

    status: int
    content_type: str
    body: str
    headers: Mapping[str, str] = {}

    def as_event(self) -> dict[str, Any]:
        """Return the answer as API Gateway takes it."""
        headers = {**self.headers, "Content-Type": self.content_type}
        return {
            "statusCode": int(self.status),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": self.body,
            "isBase64Encoded": False,
        }


class Request:
    """A request as API Gateway hands it over."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.method: str = event["httpMethod"].upper()
        self.path: str = event["path"]
        self._event = event

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers by their names in small letters."""
        headers = self._event.get("headers") or {}
        return {name.lower(): value for name, value in headers.items() if value is not None}

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query string; of a repeated name the first value."""
        many = self._event.get("multiValueQueryStringParameters") or {}
        single = self._event.get("queryStringParameters") or {}
        return {**single, **{name: values[0] for name, values in many.items() if values}}

    @cached_property
    def body(self) -> str:
        """The body as text, empty when there is none."""
        text: str = self._event.get("body") or ""
        return base64.b64decode(text).decode() if self._event.get("isBase64Encoded") else text

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form by name; empty when the body is none."""
        if not self.is_form:
            return {}
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def is_form(self) -> bool:
        """Whether the body is what a browser makes of a form."""
        kind = self.headers.get("content-type") or ""
        return kind.lower().startswith("application/x-www-form-urlencoded")

    @property
    def authorizer_context(self) -> Mapping[str, Any]:
        """What the authorizer told of the caller; empty on routes without one."""
        return (self._event.get("requestContext") or {}).get("authorizer") or {}


class Fault(NamedTuple):
    """A place of the request that is wrong, and why, as pydantic names it; never its value."""

    place: tuple[str | int, ...]
    reason: str


class InvalidRequest(Exception):
    """The request does not fit the route's signature; `faults` says where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


class RouteNotFound(Exception):
    """No route has this method and path."""


class Parameter:
    """A parameter of a route's function: where its value comes from and what it must be.

    `name` is the caller's word for it. Where that is one of Python's own, such as `from`, the
    function's `argument` has a `_` at its end.
    """

    def __init__(self, declared: inspect.Parameter, annotation: Any, *, in_path: bool) -> None:
        self.argument = declared.name
        self.name = declared.name.removesuffix("_")
        self.default = declared.default
        self.annotation = annotation
        self.is_body = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        self.place: Place = "body" if self.is_body else "path" if in_path else "query"

    @cached_property
    def _validate(self) -> Callable[[object], object]:
        if self.is_body:
            validate: Callable[[object], object] = self.annotation.model_validate
            return validate
        return TypeAdapter(self.annotation).validate_python

    def value(self, given: object, faults: list[Fault]) -> object:
        """Return the validated value, or add what is wrong with it to `faults`."""
        place = (self.place,) if self.is_body else (self.place, self.name)
        if given is None and self.default is not inspect.Parameter.empty:
            return self.default
        if given is None:
            faults.append(Fault(place, "missing"))
            return None
        try:
            return self._validate(given)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            faults += [Fault((*place, *item["loc"]), item["type"]) for item in found]
            return None


class Route:
    """A function with its method and path, and what the OpenAPI document says of it.

    In the path, `<name>` stands for one segment, which the function gets by that name.
    """

    def __init__(
        self,
        method: Method,
        path: str,
        function: Callable[..., Response],
        description: Description,
    ) -> None:
        self.method = method
        self.path = path
        self.function = function
        self.description = description
        self._segments = path.split("/")

    def match(self, method: str, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the values in the path; None when the request means another route."""
        if method != self.method or len(segments) != len(self._segments):
            return None
        values = {}
        for expected, segment in zip(self._segments, segments, strict=True):
            if expected.startswith("<") and segment:
                values[expected[1:-1]] = segment
            elif expected != segment:
                return None
        return values

    @cached_property
    def parameters(self) -> Sequence[Parameter]:
        """Return what the function's signature takes."""
        hints = get_type_hints(self.function, include_extras=True)
        return [
            Parameter(declared, hints[name], in_path=f"<{name}>" in self._segments)
            for name, declared in inspect.signature(self.function).parameters.items()
        ]

    def bind(self, request: Request, in_path: Mapping[str, str]) -> Callable[[], Response]:
        """Return the function with its arguments; raise `InvalidRequest` where they do not fit."""
        faults: list[Fault] = []
        arguments: dict[str, object] = {}
        for parameter in self.parameters:
            match parameter.place:
                case "path":
                    given: object = in_path[parameter.name]
                case "query":
                    given = request.query.get(parameter.name)
                case "body":
                    given = request.form if request.is_form else _json(request.body)
            arguments[parameter.argument] = parameter.value(given, faults)
        if faults:
            raise InvalidRequest(faults)
        return partial(self.function, **arguments)


def _json(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except json.JSONDecodeError as error:
        raise InvalidRequest([Fault(("body", error.pos), "json_invalid")]) from error


class Router:
    """The routes of one API function, and the request that it is answering."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.request: Request

    def get(self, path: str, **description: Unpack[Description]) -> Callable[[Handle], Handle]:
        return self._route("GET", path, description)

    def post(self, path: str, **description: Unpack[Description]) -> Callable[[Handle], Handle]:
        return self._route("POST", path, description)

    def put(self, path: str, **description: Unpack[Description]) -> Callable[[Handle], Handle]:
        return self._route("PUT", path, description)

    def patch(self, path: str, **description: Unpack[Description]) -> Callable[[Handle], Handle]:
        return self._route("PATCH", path, description)

    def delete(self, path: str, **description: Unpack[Description]) -> Callable[[Handle], Handle]:
        return self._route("DELETE", path, description)

    def _route(
        self, method: Method, path: str, description: Description
    ) -> Callable[[Handle], Handle]:
        def register(function: Handle) -> Handle:
            self.routes.append(Route(method, path, function, description))
            return function

        return register

    def bind(self, request: Request) -> Callable[[], Response]:
        """Return the function that the request means, with its arguments.

        A literal segment goes before a `<name>`.

        Raises
        ------
        RouteNotFound
            There is none.
        InvalidRequest
            The request does not fit its signature.
        """
        segments = request.path.rstrip("/").split("/")
        found = [
            (len(values), route, values)
            for route in self.routes
            if (values := route.match(request.method, segments)) is not None
        ]
        if not found:
            raise RouteNotFound
        _, route, in_path = min(found, key=lambda match: match[0])
        return route.bind(request, in_path)
