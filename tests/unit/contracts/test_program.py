"""The program definition as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from loyalty.contracts.program import ProgramDocument, default_definition, unknown_currencies

RATE = {"currency": "USD", "valid_from": "2017-01-01", "rate": "0.95"}
NOW = datetime(2017, 1, 1, tzinfo=UTC)


def test_an_empty_document_is_a_working_program() -> None:
    definition = ProgramDocument.model_validate({}).to_domain(version=0, effective_from=NOW)
    assert definition.earn_rate == Decimal("0.10")
    assert [variant.name for variant in definition.variants] == ["standard", "hold_out"]
    assert definition.variant("hold_out").hold_out
    assert default_definition().version == 0


def test_a_program_survives_its_json() -> None:
    document = ProgramDocument.model_validate({"exchange_rates": [RATE], "quiet_from": "22:30"})
    text = document.model_dump_json()
    assert '"earn_rate":"0.10"' in text
    assert '"rate":"0.95"' in text
    assert '"quiet_from":"22:30"' in text
    assert ProgramDocument.model_validate_json(text) == document
    definition = document.to_domain(version=3, effective_from=NOW)
    assert ProgramDocument.from_domain(definition) == document
    assert (definition.version, definition.effective_from) == (3, NOW)


def variant(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "weight": 1, **fields}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"earn_rate": 0.1}, "as a string"),
        ({"earn_rate": "-1"}, "greater than or equal to 0"),
        ({"earn_rate": "NaN"}, "finite"),
        ({"time_zone": "Mars/Base"}, "IANA"),
        ({"time_zone": "../etc/passwd"}, "IANA"),
        ({"currency": "euro"}, "pattern"),
        ({"unheard": 1}, "Extra inputs"),
        ({"pending_days": "14"}, "valid integer"),
        ({"quiet_from": 21}, "time of day"),
        ({"quiet_from": "21:00:30"}, "whole minutes"),
        ({"marketing_per_week": 0}, "greater than or equal to 1"),
        ({"variants": []}, "at least 1 item"),
        ({"variants": [variant(weight=0)]}, "greater than or equal to 1"),
        ({"variants": [variant(), variant()]}, "different names"),
        ({"variants": [variant(hold_out=True)]}, "must not be a hold-out"),
        ({"variants": [variant(name="A b")]}, "pattern"),
        ({"variants": [variant(texts="poetry")]}, "'standard' or 'warm'"),
        ({"variants": [variant(invite_window_days=60)], "link_valid_days": 60}, "must cover"),
        ({"exchange_rates": [RATE, RATE]}, "two exchange rates"),
        ({"exchange_rates": [RATE | {"currency": "EUR"}]}, "accounting currency"),
        ({"exchange_rates": [RATE | {"rate": "0"}]}, "greater than 0"),
        (
            {"exchange_rates": [RATE, RATE | {"valid_from": "2017-02-01", "minor_digits": 3}]},
            "same minor_digits",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ProgramDocument.model_validate(change)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({}, ()),
        ({"currency": "XQQ"}, ("XQQ",)),
        ({"currency": "JPY", "minor_digits": 0}, ()),
        ({"currency": "JPY"}, ("JPY",)),
        ({"exchange_rates": [RATE, RATE | {"currency": "ZZZ"}]}, ("ZZZ",)),
    ],
)
def test_currencies_are_those_of_iso_4217(change: dict[str, Any], unknown: tuple[str, ...]) -> None:
    assert unknown_currencies(ProgramDocument.model_validate(change)) == unknown
