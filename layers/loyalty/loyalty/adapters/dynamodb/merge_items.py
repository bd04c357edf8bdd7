"""The item of a merge, in the survivor's partition; only merges and their returns load it."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import DocumentAttribute
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.merging import Merge


class MergeItem(MembersItem, discriminator="merge"):
    """What a merge moved; changed only together with the survivor's version."""

    member_id = UnicodeAttribute()
    document = DocumentAttribute(Merge)

    @classmethod
    def of(cls, merge: Merge) -> MergeItem:
        return cls(
            *keys.merge(merge.member_id, merge.merge_id),
            member_id=merge.member_id,
            document=merge,
        )

    def merge(self) -> Merge:
        return self.document
