"""VouchersTable as a PynamoDB base model; apart from the others, which every order loads."""

from __future__ import annotations

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from loyalty.adapters.dynamodb.tables import Tables, attach


class VouchersByMember(GlobalSecondaryIndex["VouchersItem"]):  # type: ignore[no-untyped-call]
    """A member's vouchers by time; only vouchers that have a member are in it."""

    class Meta:
        index_name = "vouchers_by_member"
        projection = KeysOnlyProjection()

    voucher_of = UnicodeAttribute(hash_key=True)
    voucher_time = UnicodeAttribute(range_key=True)


class VouchersByExpiry(GlobalSecondaryIndex["VouchersItem"]):  # type: ignore[no-untyped-call]
    """Vouchers by the day and shard of their expiry; only those that have not ended are in it."""

    class Meta:
        index_name = "vouchers_by_expiry"
        projection = KeysOnlyProjection()

    expiry_shard = UnicodeAttribute(hash_key=True)
    expiry_time = UnicodeAttribute(range_key=True)


class VouchersItem(Model):
    """Any item of VouchersTable: vouchers, their uses and facts, ids, batches, counts."""

    class Meta:
        table_name: str | None = None

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = DiscriminatorAttribute()
    vouchers_by_member = VouchersByMember()
    vouchers_by_expiry = VouchersByExpiry()


def bind_vouchers(tables: Tables, table_name: str) -> str:
    """Let the models of vouchers speak through the connection of the other tables.

    Binding again (a test with another endpoint) replaces the first. Returns the table's name.
    """
    attach(tables.connection, VouchersItem, table_name)
    return table_name
