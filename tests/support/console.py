"""The staff at the console, signed in through an identity provider of the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import urllib3

from local.identity import Issuer
from local.sign_in import CLIENT_ID, SignIn
from loyalty.adapters.dead_letter_queues import SqsDeadLetterQueues
from loyalty.adapters.execution_log import StepFunctionsExecutionLog
from loyalty.runtime import auth
from loyalty.services.console_ports import Execution, ExecutionStep
from tests.support.browser import Browser, Page
from tests.support.examples import NOW
from tests.support.moto_app import PUBLIC_URL, REGION, MotoApp

# The one execution that there is, of whatever machine.
RUNNING = "m-running"
_STEPS = [ExecutionStep(NOW, "entered", "AwaitAnswer")]
STATES = f"arn:aws:states:{REGION}:000000000000:stateMachine"


@dataclass
class Console:
    """A provider, and browsers in front of the console."""

    app: MotoApp
    issuer: Issuer
    sign_in: SignIn

    def holding(self, **claims: object) -> Browser:
        """Return the browser of an admin whose token has these claims; None leaves one out."""
        browser = Browser(site="pages", folder="console")
        usual = jwt.decode(
            self.issuer.token("admin", audience=CLIENT_ID), options={"verify_signature": False}
        )
        said = {name: what for name, what in (usual | claims).items() if what is not None}
        browser.cookie = f"__Host-console={self.issuer.signed(said)}"
        return browser

    def browser(self, role: str = "admin", *, member_id: str = "", subject: str = "") -> Browser:
        """Return the browser of somebody who has signed in in a role."""
        browser = Browser(site="pages", folder="console")
        begun = browser.ask("GET", "/console/sign-in/begin")
        self.answer(browser, begun, role=role, member_id=member_id, subject=subject)
        return browser

    def answer(self, browser: Browser, begun: Page, **chosen: str) -> Page:
        """Choose who one is at the provider, and follow its answer."""
        asked = dict(parse_qsl(urlsplit(begun.headers["Location"]).query))
        answer = self.sign_in.authorize({**asked, **{k: v for k, v in chosen.items() if v}})
        return browser.open(answer.headers["location"].removeprefix(PUBLIC_URL))


def console(app: MotoApp, directory: Path, patch: pytest.MonkeyPatch) -> Console:
    """Set the provider and what else the console's function needs."""
    issuer = Issuer(directory / "key.pem", f"{PUBLIC_URL}/_local")
    sign_in = SignIn(issuer, PUBLIC_URL)
    sqs = app.client("sqs")
    orders = sqs.create_queue(QueueName="orders")["QueueUrl"]
    events = sqs.create_queue(QueueName="events-dlq")["QueueUrl"]
    for name, value in {
        "OIDC_ISSUER": issuer.url,
        "OIDC_AUDIENCE": "loyalty",
        "OIDC_JWKS_URL": issuer.jwks_url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_AUTHORIZE_URL": issuer.authorize_url,
        "OIDC_TOKEN_URL": issuer.token_url,
        "DEAD_LETTER_QUEUES": f"orders {app.orders_dlq_url} {orders},events {events}",
        "ELITE_JOURNEY_ARN": f"{STATES}:elite_journey",
        "TIER_UPGRADE_ARN": f"{STATES}:tier_upgrade",
    }.items():
        patch.setenv(name, value)

    def redeemed(method: str, url: str, *, body: str, **_: Any) -> SimpleNamespace:
        assert (method, url) == ("POST", issuer.token_url)
        return SimpleNamespace(data=sign_in.token(body.encode()).body)

    # moto does not know move tasks, and of executions only those that it started.
    patch.setattr(SqsDeadLetterQueues, "_is_moving", lambda *_: False)
    patch.setattr(SqsDeadLetterQueues, "redrive", lambda *_: None)
    patch.setattr(StepFunctionsExecutionLog, "execution", _execution)
    patch.setattr(StepFunctionsExecutionLog, "steps", lambda *_, limit: _STEPS[:limit])
    patch.setattr(urllib3, "request", redeemed)
    patch.setattr(auth, "_keys", lambda _: Keys(issuer.jwks()))
    return Console(app, issuer, sign_in)


def _execution(_: StepFunctionsExecutionLog, machine: str, name: str) -> Execution | None:
    return Execution(machine, name, "RUNNING", NOW, None) if name == RUNNING else None


class Keys:
    """The provider's keys, without a request."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = jwt.PyJWKSet.from_dict(dict(jwks))

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        return self._keys[jwt.get_unverified_header(token)["kid"]]
