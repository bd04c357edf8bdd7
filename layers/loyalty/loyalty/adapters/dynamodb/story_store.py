"""A customer's story as MembersTable and VouchersTable have it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from loyalty.adapters.dynamodb import keys, pages
from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.member_items import EntryItem, MessageItem, StatusChangeItem
from loyalty.adapters.dynamodb.order_items import OrderItem
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.reading import Raw, read_across
from loyalty.adapters.dynamodb.tables import MembersItem, StoryByMember, Tables
from loyalty.adapters.dynamodb.voucher_items import VoucherItem, voucher_key
from loyalty.adapters.dynamodb.voucher_tables import VouchersItem
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.member import Member
from loyalty.domain.strands import Strand
from loyalty.services.console_ports import StoryPage, Told

# Keys are some 200 bytes: so many of them are 12 units, and mostly more than a year.
_KEYS_READ_AT_MOST: Final = 500


class DynamoStoryStore:
    """Implements `loyalty.services.console_ports.StoryStore`; its models must be bound."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def page(
        self,
        member_id: str,
        *,
        strands: Collection[Strand],
        limit: int,
        cursor: str | None = None,
    ) -> StoryPage:
        """Read a page: one Query of keys and one consistent BatchGetItem of 1 + `limit` items."""
        before = pages.decode_cursor(cursor) if cursor is not None else None
        until = _moment(before) if before is not None else None
        answer = self._tables.connection.query(
            self._tables.members,
            member_id,
            range_key_condition=StoryByMember.story_time < before if before is not None else None,
            filter_condition=Path("strand").is_in(*sorted(strands)),
            index_name=StoryByMember.Meta.index_name,
            scan_index_forward=False,
            limit=_KEYS_READ_AT_MOST,
        )
        found = answer["Items"]
        last = found[limit - 1] if len(found) > limit else answer.get("LastEvaluatedKey")
        position = last["story_time"]["S"] if last else None
        member, told = self._read(member_id, found[:limit])
        return StoryPage(
            member=member,
            told=told,
            until=until,
            since=_moment(position) if position is not None else None,
            next_cursor=pages.encode_cursor(position) if position is not None else None,
        )

    def _read(self, member_id: str, found: list[Raw]) -> tuple[Member | None, list[Told]]:
        places = {_key(key): place for place, key in enumerate(found)}
        wanted: Mapping[type[Model], list[Key]] = {
            MembersItem: [
                keys.profile(member_id),
                *(_key(key) for key in found if "voucher_code" not in key),
            ],
            VouchersItem: [_key(key) for key in found if "voucher_code" in key],
        }
        member = None
        told: dict[int, Told] = {}
        for item in read_across(self._tables, wanted):
            match item:
                case ProfileItem():
                    member = item.member()
                case OrderItem():
                    told[places[item.pk, item.sk]] = item.order()
                case EntryItem():
                    told[places[item.pk, item.sk]] = item.entry()
                case StatusChangeItem():
                    told[places[item.pk, item.sk]] = item.status_change()
                case MessageItem():
                    told[places[item.pk, item.sk]] = item.claim()
                case VoucherItem():
                    told[places[item.pk, item.sk]] = item.voucher()
        return member, [told[place] for place in sorted(told)]


def _key(found: Raw) -> Key:
    """Return where the thing lies that a key of the index stands for."""
    if "voucher_code" in found:
        return voucher_key(found["voucher_code"]["S"])
    return found["pk"]["S"], found["sk"]["S"]


def _moment(position: str) -> datetime:
    at, _, name = position.partition("#")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise CursorInvalid from error
    if not name or moment.tzinfo is None:
        raise CursorInvalid
    return moment
