"""How the items of MembersTable are keyed (docs/domain.md has the table)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from loyalty.adapters.dynamodb.attributes import sortable
from loyalty.domain.member import Identity
from loyalty.domain.orders import OrderKey
from loyalty.services.ports import Due, DueKind, GuardKind
from loyalty.services.shards import due_shard

Key = tuple[str, str]

PROFILE = "PROFILE"
JOURNEY = "JOURNEY"
ORDER = "ORDER"
RETURNS = "RETURNS"
IDENTITY = "IDENTITY"
RUN = "RUN"

ENTRY_PREFIX = "ENTRY#"
STATUS_PREFIX = "STATUS#"
MESSAGE_PREFIX = "MESSAGE#"
TASK_PREFIX = "TASK#"
RETURN_PREFIX = "RETURN#"


def member_pk(member_id: str) -> str:
    """Return the partition that all of a customer's items are in."""
    return f"MEMBER#{member_id}"


def profile(member_id: str) -> Key:
    """Return the key of a customer's profile."""
    return member_pk(member_id), PROFILE


def entry(member_id: str, sequence: int) -> Key:
    """Return the key of a ledger entry; entries sort by their sequence."""
    return member_pk(member_id), f"{ENTRY_PREFIX}{sequence:012}"


def status_change(member_id: str, member_version: int, number: int) -> Key:
    """Return the key of the `number`-th status change that the member's version brought."""
    return member_pk(member_id), f"{STATUS_PREFIX}{member_version:012}#{number}"


def message(member_id: str, message_id: str) -> Key:
    """Return the key of a message's claim."""
    return member_pk(member_id), f"{MESSAGE_PREFIX}{message_id}"


def task_about(member_id: str, task_id: str) -> Key:
    """Return the key of what tells that a task is about a customer."""
    return member_pk(member_id), f"{TASK_PREFIX}{task_id}"


def voucher_of(member_id: str, voucher_id: str) -> Key:
    """Return the key of what tells that a voucher was issued to a customer."""
    return member_pk(member_id), f"VOUCHER#{voucher_id}"


def guard(member_id: str, kind: GuardKind, guard_id: str) -> Key:
    """Return the key of the guard of a client's own id."""
    return member_pk(member_id), f"{kind.upper()}#{guard_id}"


def merge(member_id: str, merge_id: str) -> Key:
    """Return the key of a merge into the member."""
    return member_pk(member_id), f"MERGE#{merge_id}"


def wake_up(member_id: str) -> Key:
    """Return the key of where a customer's execution waits."""
    return member_pk(member_id), JOURNEY


def order_pk(key: OrderKey) -> str:
    """Return the partition of an order."""
    return f"ORDER#{key.source}#{key.order_id}"


def order(key: OrderKey) -> Key:
    """Return the key of an accepted order."""
    return order_pk(key), ORDER


def returns(key: OrderKey) -> Key:
    """Return the key of what came back of an order so far."""
    return order_pk(key), RETURNS


def accepted_return(key: OrderKey, return_id: str) -> Key:
    """Return the key of one accepted return."""
    return order_pk(key), f"{RETURN_PREFIX}{return_id}"


def order_time(occurred_at: datetime, key: OrderKey) -> str:
    """Return the sort key of a customer's orders; `order_key_of` takes it apart."""
    return f"{sortable(occurred_at)}#{key.source}#{key.order_id}"


def story_time(at: datetime, name: str) -> str:
    """Return the sort key of what a customer's story tells; `name` tells things of a moment apart.

    A voucher's name is its id: whoever has its code can spend it, and positions get into addresses.
    """
    return f"{sortable(at)}#{name}"


def order_key_of(order_time: str) -> OrderKey:
    """Return the order that an index key stands for."""
    _, source, order_id = order_time.split("#", 2)
    return OrderKey(source, order_id)


def identity(secret: bytes, owned: Identity) -> Key:
    """Return the key of an identity claim; the value cannot be told or guessed from it."""
    digest = hmac.digest(secret, f"{owned.kind}\0{owned.value}".encode(), hashlib.sha256).hex()
    return f"IDENTITY#{owned.kind}#{digest}", IDENTITY


def run(machine: str, run_id: str) -> Key:
    """Return the key of the claim for starting an execution."""
    return f"RUN#{machine}#{run_id}", RUN


def due_pk(kind: DueKind, shard: int) -> str:
    """Return the partition of what is due of a kind in one shard."""
    return f"DUE#{kind}#{shard}"


def due(item: Due) -> Key:
    """Return the key of a due item; a shard's due items sort by time."""
    about = f"#{item.about}" if item.about else ""
    sk = f"{sortable(item.due_at)}#{item.member_id}{about}"
    return due_pk(item.kind, due_shard(item.member_id)), sk


def due_limit(until: datetime) -> str:
    """Return what lies just above all sort keys of due items up to and including `until`."""
    return f"{sortable(until)}$"  # '$' follows '#'
