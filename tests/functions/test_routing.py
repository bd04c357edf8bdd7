"""Routes: the function that a request means gets what its signature asks for, or a problem."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from loyalty.contracts.values import Contract, Key, PageLimit
from loyalty.runtime import http
from loyalty.runtime.routing import Response


class Greeting(Contract):
    words: str


def _told(**said: object) -> Response:
    return http.answer(200, said)


def _api() -> http.Api:
    app = http.Api()

    @app.get("/shops/<shop>")
    def get_shop(shop: Key, limit: PageLimit = 50) -> Response:
        return _told(shop=shop, limit=limit)

    @app.get("/orders")
    def get_orders(from_: Key) -> Response:
        return _told(since=from_)

    @app.get("/shops/nearest")
    def get_nearest() -> Response:
        return _told(nearest=True)

    @app.post("/shops/<shop>/greetings")
    def post_greeting(shop: Key, greeting: Greeting) -> Response:
        return _told(shop=shop, words=greeting.words)

    return app


def _ask(method: str, path: str, body: str | None = None, **more: Any) -> tuple[int, Any]:
    event = {"httpMethod": method, "path": path, "body": body, "headers": None, **more}
    answer = _api().resolve(event)
    return answer["statusCode"], json.loads(answer["body"])


def test_values_come_from_the_path_and_the_query_string() -> None:
    query = {"multiValueQueryStringParameters": {"limit": ["7", "8"]}}
    assert _ask("GET", "/shops/17", **query) == (200, {"shop": "17", "limit": 7})


def test_a_name_may_be_a_word_of_python_s() -> None:
    query = {"queryStringParameters": {"from": "May"}}
    assert _ask("GET", "/orders", **query) == (200, {"since": "May"})
    status, problem = _ask("GET", "/orders", queryStringParameters={"from_": "May"})
    assert (status, problem["errors"]) == (422, [{"pointer": "/query/from", "reason": "missing"}])


def test_a_value_that_is_not_given_has_its_default() -> None:
    assert _ask("GET", "/shops/17/") == (200, {"shop": "17", "limit": 50})


def test_a_literal_path_goes_before_a_parameter() -> None:
    assert _ask("GET", "/shops/nearest") == (200, {"nearest": True})


def test_a_contract_is_the_body_also_when_the_gateway_encoded_it() -> None:
    text = json.dumps({"words": "hello"})
    expected = (200, {"shop": "17", "words": "hello"})
    assert _ask("POST", "/shops/17/greetings", text) == expected
    encoded = base64.b64encode(text.encode()).decode()
    assert _ask("POST", "/shops/17/greetings", encoded, isBase64Encoded=True) == expected


def test_everything_that_is_wrong_is_said_at_once() -> None:
    status, problem = _ask("POST", "/shops/a b/greetings", json.dumps({"word": "hello"}))
    assert status == 422
    assert problem["errors"] == [
        {"pointer": "/path/shop", "reason": "string_pattern_mismatch"},
        {"pointer": "/body/words", "reason": "missing"},
        {"pointer": "/body/word", "reason": "extra_forbidden"},
    ]


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        (None, "/body", "missing"),
        ("null", "/body", "missing"),
        ('{"words": ', "/body/10", "json_invalid"),
        ('[{"words": "hello"}]', "/body", "model_type"),
    ],
)
def test_a_body_that_is_no_greeting(body: str | None, pointer: str, reason: str) -> None:
    status, problem = _ask("POST", "/shops/17/greetings", body)
    assert status == 422
    assert problem["errors"] == [{"pointer": pointer, "reason": reason}]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/shops"), ("GET", "/shops//"), ("PUT", "/shops/17"), ("GET", "/")]
)
def test_no_route(method: str, path: str) -> None:
    status, problem = _ask(method, path)
    assert (status, problem["code"]) == (404, "route_not_found")


def test_an_error_that_is_no_refusal_is_raised() -> None:
    app = http.Api()

    @app.get("/broken")
    def get_broken() -> Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        app.resolve({"httpMethod": "GET", "path": "/broken"})
