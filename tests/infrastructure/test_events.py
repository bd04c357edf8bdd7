"""Events have one source of truth: schemas, rules and permissions follow the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lint import house
from lint.rules import permissions
from loyalty.contracts import export
from loyalty.contracts.registry import REGISTRY

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "events" / "schemas"
Resources = dict[str, dict[str, Any]]


def drift(folder: Path) -> list[str]:
    """The names of schema files that are not what the contracts say."""
    written = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    wanted = export.schemas()
    return sorted(
        name for name in written.keys() | wanted.keys() if written.get(name) != wanted.get(name)
    )


def test_committed_schemas_are_those_of_the_contracts() -> None:
    assert drift(SCHEMAS) == [], "run `make schemas` and commit what it writes"


@pytest.mark.parametrize("damage", ["changed", "missing", "left over"])
def test_drift_is_noticed(tmp_path: Path, damage: str) -> None:
    export.export(tmp_path)
    file = tmp_path / "ThresholdCrossed.v1.json"
    if damage == "changed":
        file.write_text(file.read_text(encoding="utf-8").replace('"integer"', '"number"', 1))
    elif damage == "missing":
        file.unlink()
    else:
        file = tmp_path / "ThresholdCrossed.v0.json"
        file.write_text("{}")

    assert drift(tmp_path) == [file.name]


# ── the template ──────────────────────────────────────────────────────────────────────────────────


def _patterns(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, rule in house.of_type(resources, "AWS::Events::Rule"):
        if house.logical_id(rule.get("EventBusName")) == "LoyaltyBus":
            yield name, rule["EventPattern"]


def test_rules_on_the_bus_wait_for_events_that_exist(translated: Resources) -> None:
    registered = {(source, detail_type) for source, detail_type, _ in REGISTRY}
    rules = dict(_patterns(translated))

    assert rules
    for name, pattern in rules.items():
        for source in pattern["source"]:
            word = source["prefix"] if isinstance(source, dict) else source
            for detail_type in pattern["detail-type"]:
                assert (word.partition(".")[0], detail_type) in registered, name


def test_every_inbound_event_reaches_a_queue(translated: Resources) -> None:
    inbound = {detail_type for source, detail_type, _ in REGISTRY if source == "retail"}

    assert set(dict(_patterns(translated))["OrdersRule"]["detail-type"]) == inbound


def test_an_outage_of_the_bus_of_some_hours_needs_no_hands(translated: Resources) -> None:
    mapping = translated["PublishEventsFunctionFacts"]["Properties"]

    assert mapping["MaximumRecordAgeInSeconds"] >= 6 * 3600
    # Attempts do not run out first, though one were made every five seconds.
    assert mapping["MaximumRetryAttempts"] >= mapping["MaximumRecordAgeInSeconds"] / 5


def test_functions_may_publish_only_as_loyalty(translated: Resources) -> None:
    granted = [
        statement
        for _, statement in permissions.statements(translated)
        if "events:PutEvents" in house.as_list(statement.get("Action", []))
    ]

    assert granted
    for statement in granted:
        assert statement["Condition"] == {"StringEquals": {"events:source": "loyalty"}}
    assert {source for source, _, _ in REGISTRY} == {"loyalty", "retail"}
