"""What the program holds after a replay, read from its live tables.

Reads whole tables page by page, which the product never does: a check must see everything.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from boto3.dynamodb.types import TypeDeserializer

from local import outputs
from local.deploy import Cloud
from local.replay.simulation import email_of
from local.workspace import Workspace

Item = dict[str, Any]

_DOCUMENTS = {"lots", "pending", "lines", "identities", "crossing_order"}


@dataclass(frozen=True, slots=True)
class LiveState:
    """All items of the members table, by their `item_type`."""

    items: dict[str, list[Item]]

    def of(self, item_type: str) -> list[Item]:
        return self.items.get(item_type, [])


def read(workspace: Workspace) -> LiveState:
    """Read the members table of the running cloud."""
    table = outputs.read(workspace)["MembersTable"]
    deserialize = TypeDeserializer().deserialize
    found: dict[str, list[Item]] = defaultdict(list)
    pages = Cloud(workspace.url).client("dynamodb").get_paginator("scan").paginate(TableName=table)
    for page in pages:
        for stored in page["Items"]:
            item = {name: deserialize(value) for name, value in stored.items()}
            found[item["item_type"]].append({**item, **_nested(item)})
    return LiveState(dict(found))


def customers(state: LiveState, households: Iterable[int]) -> pd.DataFrame:
    """Return a row per household with the figures that the recomputation must meet."""
    orders = Counter(item["orders_of"] for item in state.of("order"))
    by_email = {email: profile for profile in state.of("profile") for email in _emails(profile)}
    rows = {}
    for household in sorted(households):
        profile = by_email[email_of(household)]
        crossing = profile.get("crossing_order") or {}
        rows[household] = {
            "member_id": profile["member_id"],
            "joined_at": pd.to_datetime(profile.get("joined_at"), utc=True),
            "variant": profile.get("variant") or "",
            "orders": orders[profile["member_id"]],
            "spend_minor": int(profile["lifetime_spend_minor"]),
            "points": points_of(profile),
            "crossing_order": crossing.get("order_id", ""),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("household")


def points_of(profile: Item) -> int:
    """Return a profile's points: available, pending, less what is owed."""
    lots = sum(int(lot["points"]) for lot in profile.get("lots") or [])
    pending = sum(int(part["points"]) for part in profile.get("pending") or [])
    return lots + pending - int(profile.get("owed") or 0)


def broken_invariants(state: LiveState) -> Iterator[str]:
    """Yield what is wrong with the books, in words.

    Nothing when entries, accounts and profiles agree.
    """
    sums: Counter[tuple[str, str]] = Counter()
    sequences: dict[str, list[int]] = defaultdict(list)
    for entry in state.of("entry"):
        member_id = entry["member_id"]
        sequences[member_id].append(int(entry["sequence"]))
        if total := sum(int(line["points"]) for line in entry["lines"]):
            yield f"entry {member_id}/{entry['sequence']} sums to {total}, not 0"
        for line in entry["lines"]:
            sums[member_id, line["account"].removeprefix(f"member:{member_id}:")] += int(
                line["points"]
            )
    for profile in state.of("profile"):
        member_id = profile["member_id"]
        pending = sum(int(part["points"]) for part in profile.get("pending") or [])
        if sums[member_id, "pending"] != pending:
            yield f"{member_id}: pending {pending}, not {sums[member_id, 'pending']}"
        if sums[member_id, "available"] != points_of(profile) - pending:
            balance = points_of(profile) - pending
            yield f"{member_id}: balance {balance}, not {sums[member_id, 'available']}"
        if sorted(sequences[member_id]) != list(range(1, int(profile["entries"]) + 1)):
            yield f"{member_id}: its entries are not 1 to {profile['entries']}"


def table(state: LiveState) -> dict[str, int]:
    """Return the run's figures, as the last table of a replay prints them."""
    events = Counter(item["event"] for item in state.of("status_change"))
    issued = sum(
        -int(line["points"])
        for item in state.of("entry")
        for line in item["lines"]
        if line["account"] == "issued"
    )
    return {
        "orders": len(state.of("order")),
        "returns": len(state.of("accepted_return")),
        "customers": len(state.of("profile")),
        "enrolled": sum(1 for profile in state.of("profile") if profile.get("joined_at")),
        "crossed the threshold": events["ThresholdCrossed"],
        "held out": events["CustomerHeldOut"],
        "invited": events["CustomerInvited"],
        "reminded": events["CustomerReminded"],
        "accepted": events["InviteAccepted"],
        "declined": events["InviteDeclined"],
        "inactive": events["CustomerInactive"],
        "outreach": events["OutreachSent"],
        "messages": len([item for item in state.of("message") if item["state"] == "sent"]),
        "points issued": issued,
    }


def _nested(item: Item) -> Item:
    """Return the attributes that are stored as JSON documents, parsed."""
    return {name: json.loads(item[name]) for name in _DOCUMENTS & item.keys()}


def _emails(profile: Item) -> list[str]:
    return [
        identity["value"]
        for identity in profile.get("identities") or []
        if identity["kind"] == "email"
    ]
