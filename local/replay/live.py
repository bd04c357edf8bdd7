"""What the program holds after a replay, read from its live tables.

Reads whole tables page by page, which the product never does: a check must see everything.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from boto3.dynamodb.types import TypeDeserializer

from local import outputs
from local.deploy import Cloud
from local.replay.simulation import email_of
from local.replay.standings import Decision, cycles
from local.workspace import Workspace

Item = dict[str, Any]

_DOCUMENTS = {
    "lots",
    "pending",
    "lines",
    "identities",
    "crossing_order",
    "data",
    "standing",
    "terms",
    "uses",
}


@dataclass(frozen=True, slots=True)
class LiveState:
    """All items of the tables of members and vouchers, by their `item_type`."""

    items: dict[str, list[Item]]

    def of(self, item_type: str) -> list[Item]:
        return self.items.get(item_type, [])


def read(workspace: Workspace) -> LiveState:
    """Read the tables of the running cloud."""
    deserialize = TypeDeserializer().deserialize
    found: dict[str, list[Item]] = defaultdict(list)
    scan = Cloud(workspace.url).client("dynamodb").get_paginator("scan")
    for table in ("MembersTable", "VouchersTable"):
        for page in scan.paginate(TableName=outputs.read(workspace)[table]):
            for stored in page["Items"]:
                item = {name: deserialize(value) for name, value in stored.items()}
                found[item["item_type"]].append({**item, **_nested(item)})
    return LiveState(dict(found))


def customers(
    state: LiveState, households: Iterable[int], start: datetime, end: datetime
) -> pd.DataFrame:
    """Return a row per household with the figures that the recomputation must meet."""
    orders = Counter(item["orders_of"] for item in state.of("order"))
    rows = {}
    for household, profile in _profiles(state, households):
        member_id = profile["member_id"]
        crossing = profile.get("crossing_order") or {}
        rows[household] = {
            "member_id": member_id,
            "joined_at": pd.to_datetime(profile.get("joined_at"), utc=True),
            "variant": profile.get("variant") or "",
            "orders": orders[member_id],
            "spend_minor": int(profile["lifetime_spend_minor"]),
            "points": points_of(profile),
            "crossing_order": crossing.get("order_id", ""),
            "tiers": " ".join(_tiers(profile, start, end)),
            "vouchers": ", ".join(sorted(_vouchers(state, member_id, end))),
            "top": " ".join(_judged(profile, "top")),
            "lapsed": " ".join(_judged(profile, "lapsed")),
            "elite": _elite(profile),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("household")


def decisions(state: LiveState, households: Iterable[int]) -> list[Decision]:
    """Return what managers decided on upgrades, oldest first."""
    household_of = {
        profile["member_id"]: household for household, profile in _profiles(state, households)
    }
    found = [
        Decision(
            household=household_of[item["member_id"]],
            is_approved=item["data"]["decision"] == "approved",
            at=_instant(item["occurred_at"]),
        )
        for item in state.of("status_change")
        if item["event"] == "TaskDecided" and item["data"]["kind"] == "tier_review"
    ]
    return sorted(found, key=lambda decision: decision.at)


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
        "offers used": events["OfferUsed"] - events["OfferUseReversed"],
        "top customers": events["TopCustomerNamed"],
        "won back": events["MemberReactivated"],
        "corrected": events["EngagementCorrected"],
        "messages": len([item for item in state.of("message") if item["state"] == "sent"]),
        "points issued": issued,
    }


def _nested(item: Item) -> Item:
    """Return the attributes that are stored as JSON documents, parsed.

    An offer's `uses` is none but a number.
    """
    named = _DOCUMENTS & item.keys()
    return {name: json.loads(item[name]) for name in named if isinstance(item[name], str)}


def _profiles(state: LiveState, households: Iterable[int]) -> Iterator[tuple[int, Item]]:
    by_email = {email: profile for profile in state.of("profile") for email in _emails(profile)}
    for household in sorted(households):
        yield household, by_email[email_of(household)]


def _tiers(profile: Item, start: datetime, end: datetime) -> Iterator[str]:
    """Yield a member's tier as each month's cycle left it."""
    for at, month in cycles(start, end):
        spans = profile["standing"]["spans"]
        if tiers := [span["tier"] for span in spans if _instant(span["since"]) <= at]:
            yield f"{month}:{tiers[-1]}"


def _judged(profile: Item, figure: str) -> Iterator[str]:
    """Yield the months of which a member was named `top`, or in which they had `lapsed`."""
    yield from (used["month"] for used in profile.get("uses") or [] if used.get(figure))


def _elite(profile: Item) -> str:
    if profile["status"] == "active":
        return "active"
    return "lapsed" if profile.get("inactive_reason") == "lapsed" else ""


def _vouchers(state: LiveState, member_id: str, at: datetime) -> Iterator[str]:
    for item in state.of("voucher"):
        if item.get("voucher_of") != member_id:
            continue
        expires_at = _instant(item["terms"]["expires_at"])
        has_expired = item["state"] == "issued" and expires_at <= at
        upgrade = item["voucher_id"].removeprefix(f"{member_id}-")
        month, tier = upgrade[:7], upgrade[8:].rpartition("-")[0]
        state_now = "expired" if has_expired else item["state"]
        yield f"{tier} {month} {state_now} {expires_at.date()}"


def _instant(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _emails(profile: Item) -> list[str]:
    return [
        identity["value"]
        for identity in profile.get("identities") or []
        if identity["kind"] == "email"
    ]
