"""The environment of a function; the only module that reads it, and only when asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path


class SettingMissing(Exception):
    """The function was deployed without an environment variable that it needs."""


class Settings:
    """One property per environment variable; `SettingMissing` when a needed one is not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def _needed(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            raise SettingMissing(name)
        return value

    # tables, queues, buckets, bus
    @property
    def members_table(self) -> str:
        return self._needed("MEMBERS_TABLE")

    @property
    def program_table(self) -> str:
        return self._needed("PROGRAM_TABLE")

    @property
    def vouchers_table(self) -> str:
        return self._needed("VOUCHERS_TABLE")

    @property
    def idempotency_table(self) -> str:
        return self._needed("IDEMPOTENCY_TABLE")

    @property
    def bus_name(self) -> str:
        return self._needed("BUS_NAME")

    @property
    def due_queue_url(self) -> str:
        return self._needed("DUE_QUEUE_URL")

    @property
    def messages_queue_url(self) -> str:
        return self._needed("MESSAGES_QUEUE_URL")

    @property
    def orders_dlq_url(self) -> str:
        return self._needed("ORDERS_DLQ_URL")

    @property
    def dead_letter_queues(self) -> Mapping[str, tuple[str, str | None]]:
        """URLs of dead-letter queues by name, each with that of the queue it feeds, if any.

        `<name> <URL> [<URL>]`, separated by commas.
        """
        queues: dict[str, tuple[str, str | None]] = {}
        for entry in self._needed("DEAD_LETTER_QUEUES").split(","):
            name, url, *feeds = entry.split()
            queues[name] = url, feeds[0] if feeds else None
        return queues

    @property
    def imports_bucket(self) -> str:
        return self._needed("IMPORTS_BUCKET")

    # state machines
    @property
    def machine_arns(self) -> Mapping[str, str]:
        """State machine ARNs by the machine's name, as far as the function knows them."""
        names = (
            "elite_journey",
            "inactive_outreach",
            "order_import",
            "ledger_check",
            "engagement_review",
            "offer_refresh",
            "program_cycle",
            "member_evaluation",
            "tier_upgrade",
        )
        arns = {name: self._environment.get(f"{name.upper()}_ARN", "") for name in names}
        return {name: arn for name, arn in arns.items() if arn}

    # secrets and callers
    @property
    def identity_secret_arn(self) -> str:
        return self._needed("IDENTITY_SECRET_ARN")

    @property
    def link_secret_arn(self) -> str:
        return self._needed("LINK_SECRET_ARN")

    @property
    def oidc_issuer(self) -> str:
        return self._needed("OIDC_ISSUER")

    @property
    def oidc_audience(self) -> str:
        return self._needed("OIDC_AUDIENCE")

    @property
    def oidc_jwks_url(self) -> str:
        return self._needed("OIDC_JWKS_URL")

    @property
    def oidc_client_id(self) -> str:
        """What the provider knows the console as; the audience of its ID tokens."""
        return self._needed("OIDC_CLIENT_ID")

    @property
    def oidc_authorize_url(self) -> str:
        return self._needed("OIDC_AUTHORIZE_URL")

    @property
    def oidc_token_url(self) -> str:
        return self._needed("OIDC_TOKEN_URL")

    @property
    def oidc_end_session_url(self) -> str | None:
        """Where the provider ends its own session; None where it offers nothing of the kind."""
        return self._environment.get("OIDC_END_SESSION_URL") or None

    # the outside
    @property
    def public_url(self) -> str:
        """Where people reach the API, without a slash at the end."""
        return self._needed("PUBLIC_URL").rstrip("/")

    @property
    def sender_address(self) -> str:
        return self._needed("SENDER_ADDRESS")

    @property
    def sms_sender_id(self) -> str | None:
        """The sender that phones show, where a country allows one; None for a number of AWS's."""
        return self._environment.get("SMS_SENDER_ID") or None

    @property
    def sms_max_price(self) -> str:
        """What one text message may cost at most, in US dollars."""
        return self._needed("SMS_MAX_PRICE")

    # behaviour
    @property
    def program_time_zone(self) -> str:
        """The IANA time zone in which the schedules run."""
        return self._needed("PROGRAM_TIME_ZONE")

    @property
    def program_cache_seconds(self) -> float:
        return float(self._environment.get("PROGRAM_CACHE_SECONDS") or 60)

    @property
    def clock_file(self) -> Path | None:
        """The file that controls the program's clock; None in AWS."""
        path = self._environment.get("LOYALTY_CLOCK_FILE", "")
        return Path(path) if path else None

    @property
    def stage(self) -> str:
        return self._environment.get("STAGE") or "local"

    @property
    def service_version(self) -> str:
        return self._environment.get("SERVICE_VERSION") or "unknown"

    @property
    def tracing(self) -> bool:
        """Whether X-Ray traces calls in this process; off unless asked for, never on a laptop."""
        return self._environment.get("TRACING", "").lower() == "active"


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings(os.environ)
