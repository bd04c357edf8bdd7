"""What the domain refuses of offers; beside `errors`."""

from __future__ import annotations

from loyalty.domain.errors import DomainError


class OfferNotFound(DomainError):
    """There is no such offer."""

    code = "offer_not_found"


class OfferConflict(DomainError):
    """The offer id came before with another content."""

    code = "offer_conflict"


class OfferInvalid(DomainError):
    """The offer contradicts itself."""

    code = "offer_invalid"
    is_message_public = True


class OfferIsOver(DomainError):
    """The offer has expired or was retired."""

    code = "offer_expired"


class OfferNotYetValid(DomainError):
    """The offer's period has not begun."""

    code = "offer_not_yet_valid"


class OfferNotForMember(DomainError):
    """The offer is not for this member: not in Elite, in another tier or not in its segments."""

    code = "offer_not_for_member"


class OfferNotInStore(DomainError):
    """The offer does not hold in this store, or the store is not named."""

    code = "offer_not_in_store"


class OfferUsedUp(DomainError):
    """The offer was used as often as it may be in all."""

    code = "offer_used_up"


class OfferLimitReached(DomainError):
    """The member has used the offer as often as one may."""

    code = "offer_limit_reached"


class OfferNeedsTill(DomainError):
    """Members use offers of this kind at a till or in the shop, not by themselves."""

    code = "offer_needs_till"


class OrderNeedsTill(DomainError):
    """Members name no order with what they use themselves: a till or the shop does."""

    code = "order_needs_till"


class TooManyOffersActivated(DomainError):
    """The member has activated as many offers as one may."""

    code = "too_many_offers_activated"


class OfferUseNotFound(DomainError):
    """There is no such use of the offer."""

    code = "offer_use_not_found"


class OfferUseConflict(DomainError):
    """The use id came before with another content."""

    code = "offer_use_conflict"
