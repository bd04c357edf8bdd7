"""What the domain refuses of vouchers, rewards and redemptions; beside `errors`."""

from __future__ import annotations

from loyalty.domain.errors import DomainError


class VoucherNotFound(DomainError):
    """There is no such voucher."""

    code = "voucher_not_found"


class VoucherInvalid(DomainError):
    """The voucher contradicts itself."""

    code = "voucher_invalid"
    is_message_public = True


class VoucherConflict(DomainError):
    """The voucher or batch id came before with another content."""

    code = "voucher_conflict"


class VoucherAlreadyRedeemed(DomainError):
    """The voucher was redeemed."""

    code = "voucher_already_redeemed"


class VoucherAlreadyCancelled(DomainError):
    """The voucher was cancelled."""

    code = "voucher_cancelled"


class VoucherHasExpired(DomainError):
    """The voucher has expired."""

    code = "voucher_expired"


class VoucherNotYetValid(DomainError):
    """The voucher's period has not begun."""

    code = "voucher_not_yet_valid"


class VoucherIsReserved(DomainError):
    """The voucher is reserved for another redemption."""

    code = "voucher_reserved"


class VoucherAmountExceeded(DomainError):
    """More is asked for than is left of the voucher."""

    code = "voucher_amount_exceeded"


class VoucherMemberNeeded(DomainError):
    """Uses of this voucher are limited by member: name the member."""

    code = "voucher_member_needed"


class VoucherLimitReached(DomainError):
    """The member has used as many vouchers of this batch as one may."""

    code = "voucher_limit_reached"


class VoucherOfAnotherMember(DomainError):
    """The voucher is another member's."""

    code = "voucher_of_another_member"


class StoreNotIncluded(DomainError):
    """The voucher does not hold in this store."""

    code = "store_not_included"


class CurrencyMismatch(DomainError):
    """The voucher is in another currency than the order."""

    code = "currency_mismatch"


class MinimumOrderNotMet(DomainError):
    """The goods cost less than the voucher's minimum order."""

    code = "minimum_order_not_met"


class NoEligibleGoods(DomainError):
    """The order has none of the goods that the voucher is for."""

    code = "no_eligible_goods"


class RedemptionNotFound(DomainError):
    """There is no such redemption."""

    code = "redemption_not_found"


class RedemptionConflict(DomainError):
    """The redemption id came before with another content."""

    code = "redemption_conflict"


class RedemptionRolledBack(DomainError):
    """The redemption was rolled back; its id is used up."""

    code = "redemption_rolled_back"


class RewardNotFound(DomainError):
    """There is no such reward."""

    code = "reward_not_found"


class RewardConflict(DomainError):
    """The reward id came before with another content, or somebody else changed the reward."""

    code = "reward_conflict"


class RewardInvalid(DomainError):
    """The reward contradicts itself."""

    code = "reward_invalid"
    is_message_public = True


class RewardNotAvailable(DomainError):
    """The reward is retired, or not for the member's tier."""

    code = "reward_not_available"


class PriceChanged(DomainError):
    """The reward takes other points than those that were agreed to."""

    code = "price_changed"

    def __init__(self, reward_id: str, points: int) -> None:
        super().__init__(reward_id)
        self.reward_id = reward_id
        self.points = points


class AddressNeeded(DomainError):
    """The reward is sent by post, and the member has told us no address."""

    code = "address_needed"


class OutOfStock(DomainError):
    """There is not so much of the reward left."""

    code = "out_of_stock"


class GiftDispatched(DomainError):
    """The gift is on its way, or has arrived."""

    code = "gift_dispatched"
