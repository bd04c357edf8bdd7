"""MembersTable as the use cases see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action
from pynamodb.indexes import Index

from loyalty.adapters.dynamodb import keys, member_change, pages
from loyalty.adapters.dynamodb.member_items import (
    DueItem,
    EntryItem,
    GuardItem,
    IdentityItem,
    MessageItem,
    StatusChangeItem,
)
from loyalty.adapters.dynamodb.order_items import AcceptedReturnItem, OrderItem, OrderReturnsItem
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.reading import index_pages, read_items
from loyalty.adapters.dynamodb.tables import MembersItem, Tables
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.ledger import Entry
from loyalty.domain.member import Identity, Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey
from loyalty.services.ports import (
    Due,
    DueKind,
    Guard,
    GuardKind,
    MemberChange,
    MessageClaim,
    MessageState,
    OrderContext,
)

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge

Item = TypeVar("Item", bound=MembersItem)


class DynamoMemberStore:
    """Implements `loyalty.services.console_ports.MemberHistory`, a `MemberStore`.

    Parameters
    ----------
    tables : Tables
        The bound tables.
    identity_secret : callable
        Gives the secret of the identity keys; asked only where identities are looked up or claimed.
    """

    def __init__(self, tables: Tables, identity_secret: Callable[[], bytes]) -> None:
        self._tables = tables
        self._identity_secret = identity_secret

    def order_context(
        self,
        key: OrderKey,
        *,
        return_id: str | None = None,
        member_id: str | None = None,
        identities: Sequence[Identity] = (),
    ) -> OrderContext:
        """Read all that deciding needs: one consistent BatchGetItem, a unit per item of 4 KB."""
        claims = self._claim_keys(identities)
        wanted = [keys.order(key), keys.returns(key), *claims]
        if return_id is not None:
            wanted.append(keys.accepted_return(key, return_id))
        if member_id is not None:
            wanted.append(keys.profile(member_id))
        order = returns = accepted_return = member = None
        owners: dict[Identity, str] = {}
        for item in read_items(self._tables, wanted):
            match item:
                case OrderItem():
                    order = item.order()
                case OrderReturnsItem():
                    returns = item.returns()
                case AcceptedReturnItem():
                    accepted_return = item.accepted_return()
                case ProfileItem():
                    member = item.member()
                case IdentityItem():
                    owners[claims[item.pk, item.sk]] = item.customer_id
        return OrderContext(order, returns, accepted_return, member, owners)

    def member(self, member_id: str) -> Member | None:
        item = _get(ProfileItem, keys.profile(member_id))
        return item.member() if item else None

    def profiles(self, member_ids: Sequence[str]) -> Sequence[Member]:
        items = read_items(self._tables, map(keys.profile, member_ids))
        return [item.member() for item in items if isinstance(item, ProfileItem)]

    def owners(self, identities: Sequence[Identity]) -> Mapping[Identity, str]:
        claims = self._claim_keys(identities)
        if not claims:
            return {}
        found = read_items(self._tables, claims)
        return {
            claims[item.pk, item.sk]: item.customer_id
            for item in found
            if isinstance(item, IdentityItem)
        }

    def commit(self, *changes: MemberChange) -> None:
        secret = self._identity_secret() if any(change.claims for change in changes) else b""
        member_change.commit(self._tables.connection, changes, identity_secret=secret)

    def guard(self, member_id: str, kind: GuardKind, guard_id: str) -> Guard | None:
        item = _get(GuardItem, keys.guard(member_id, kind, guard_id))
        return item.guard() if item else None

    def merge(self, member_id: str, merge_id: str) -> Merge | None:
        from loyalty.adapters.dynamodb.merge_items import MergeItem

        item = _get(MergeItem, keys.merge(member_id, merge_id))
        return item.merge() if item else None

    def message(self, member_id: str, message_id: str) -> MessageClaim | None:
        item = _get(MessageItem, keys.message(member_id, message_id))
        return item.claim() if item else None

    def message_claims(self, member_id: str) -> Sequence[MessageClaim]:
        pk = keys.member_pk(member_id)
        found = MessageItem.query(pk, MessageItem.sk.startswith(keys.MESSAGE_PREFIX))
        return [item.claim() for item in found]

    def returns_of(self, orders: Sequence[OrderKey]) -> Sequence[AcceptedReturn]:
        items = read_items(self._tables, map(keys.returns, orders))
        prefix = AcceptedReturnItem.sk.startswith(keys.RETURN_PREFIX)
        return [
            accepted.accepted_return()
            for item in items
            for accepted in AcceptedReturnItem.query(item.pk, prefix)
        ]

    def task_ids(self, member_id: str) -> Sequence[str]:
        from loyalty.adapters.dynamodb.task_items import TaskAboutItem

        prefix = TaskAboutItem.sk.startswith(keys.TASK_PREFIX)
        return [item.task_id for item in TaskAboutItem.query(keys.member_pk(member_id), prefix)]

    def mark_message(
        self, member_id: str, message_id: str, state: MessageState, at: datetime
    ) -> None:
        actions: list[Action] = [MessageItem.state.set(state)]
        if state == "sent":
            actions.append(MessageItem.sent_at.set(at))
        item = MessageItem(*keys.message(member_id, message_id))
        item.update(actions, condition=MessageItem.pk.exists())

    def entries(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Entry], str | None]:
        items, following = pages.newest_first(
            EntryItem, keys.member_pk(member_id), keys.ENTRY_PREFIX, limit=limit, cursor=cursor
        )
        return [item.entry() for item in items], following

    def all_entries(self, member_id: str, *, up_to_sequence: int) -> Iterator[Entry]:
        pk, first = keys.entry(member_id, 0)
        _, last = keys.entry(member_id, up_to_sequence)
        for item in EntryItem.query(pk, EntryItem.sk.between(first, last), consistent_read=True):
            yield item.entry()

    def status_changes(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[StatusChange], str | None]:
        items, following = pages.newest_first(
            StatusChangeItem,
            keys.member_pk(member_id),
            keys.STATUS_PREFIX,
            limit=limit,
            cursor=cursor,
        )
        return [item.status_change() for item in items], following

    def orders(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[AcceptedOrder], str | None]:
        """Return a customer's orders, newest first: one Query of keys, one BatchGetItem."""
        start = _order_position(member_id, cursor) if cursor is not None else None
        index = index_pages(
            self._tables,
            MembersItem.orders_by_member,
            member_id,
            newest_first=True,
            limit=limit + 1,
            start=start,
        )
        found = [key["order_time"]["S"] for key in next(index)]
        times = found[:limit]
        if not times:
            return [], None
        items = read_items(self._tables, [keys.order(keys.order_key_of(time)) for time in times])
        by_key = {item.pk: item.order() for item in items if isinstance(item, OrderItem)}
        following = pages.encode_cursor(times[-1]) if len(found) > limit else None
        return [by_key[keys.order_pk(keys.order_key_of(time))] for time in times], following

    def due(self, kind: DueKind, shard: int, *, until: datetime, limit: int) -> Sequence[Due]:
        items = DueItem.query(
            keys.due_pk(kind, shard),
            DueItem.sk < keys.due_limit(until),
            consistent_read=True,
            limit=limit,
        )
        return [item.due() for item in items]

    def remove_due(self, due: Due, *, seen: Member | None) -> None:
        member_change.remove_due(self._tables.connection, due, seen)

    def member_ids(self, shard: int, *, only_enrolled: bool = False) -> Iterator[str]:
        index: Index[MembersItem] = MembersItem.members_by_shard
        if only_enrolled:
            index = MembersItem.enrolled_by_shard
        for page in index_pages(self._tables, index, shard):
            for key in page:
                yield key["member_id"]["S"]

    def _claim_keys(self, identities: Sequence[Identity]) -> dict[keys.Key, Identity]:
        if not identities:
            return {}
        secret = self._identity_secret()
        return {keys.identity(secret, identity): identity for identity in identities}


def _get(model: type[Item], key: keys.Key) -> Item | None:
    """Return one item by a consistent read."""
    try:
        return model.get(*key, consistent_read=True)
    except DoesNotExist:
        return None


def _order_position(member_id: str, cursor: str) -> dict[str, dict[str, str]]:
    order_time = pages.decode_cursor(cursor)
    if order_time.count("#") < 2:
        raise CursorInvalid
    pk, sk = keys.order(keys.order_key_of(order_time))
    return {
        "orders_of": {"S": member_id},
        "order_time": {"S": order_time},
        "pk": {"S": pk},
        "sk": {"S": sk},
    }
