"""Problems as RFC 9457 says, and which HTTP status each refusal of the domain has."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict

from loyalty.domain import errors, offer_errors, report_errors, reward_errors

STATUS_OF: dict[type[errors.DomainError], HTTPStatus] = {
    errors.MemberNotFound: HTTPStatus.NOT_FOUND,
    errors.OrderNotFound: HTTPStatus.NOT_FOUND,
    reward_errors.VoucherNotFound: HTTPStatus.NOT_FOUND,
    reward_errors.RedemptionNotFound: HTTPStatus.NOT_FOUND,
    reward_errors.RewardNotFound: HTTPStatus.NOT_FOUND,
    offer_errors.OfferNotFound: HTTPStatus.NOT_FOUND,
    offer_errors.OfferUseNotFound: HTTPStatus.NOT_FOUND,
    errors.MergeNotFound: HTTPStatus.NOT_FOUND,
    errors.ImportNotFound: HTTPStatus.NOT_FOUND,
    report_errors.ReportNotFound: HTTPStatus.NOT_FOUND,
    report_errors.CycleNotFound: HTTPStatus.NOT_FOUND,
    report_errors.ReviewNotFound: HTTPStatus.NOT_FOUND,
    report_errors.PeriodNotReadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    report_errors.MonthStillOpen: HTTPStatus.CONFLICT,
    report_errors.MonthTooOld: HTTPStatus.CONFLICT,
    errors.TaskNotFound: HTTPStatus.NOT_FOUND,
    errors.ProgramVersionNotFound: HTTPStatus.NOT_FOUND,
    errors.InvitationInvalid: HTTPStatus.NOT_FOUND,
    errors.InvitationExpired: HTTPStatus.GONE,
    errors.InvitationAnswered: HTTPStatus.CONFLICT,
    errors.ExecutionNotFound: HTTPStatus.NOT_FOUND,
    errors.QueueNotFound: HTTPStatus.NOT_FOUND,
    errors.SignInLinkInvalid: HTTPStatus.GONE,
    errors.SessionOver: HTTPStatus.UNAUTHORIZED,
    errors.OrderConflict: HTTPStatus.CONFLICT,
    errors.ReturnConflict: HTTPStatus.CONFLICT,
    errors.ReturnExceedsOrder: HTTPStatus.CONFLICT,
    errors.TooManyReturnsWaiting: HTTPStatus.CONFLICT,
    errors.NotEnrolled: HTTPStatus.CONFLICT,
    errors.AdjustmentConflict: HTTPStatus.CONFLICT,
    errors.TransferConflict: HTTPStatus.CONFLICT,
    errors.SameMember: HTTPStatus.CONFLICT,
    errors.ActionConflict: HTTPStatus.CONFLICT,
    errors.ActionNotRewarded: HTTPStatus.CONFLICT,
    errors.ActionLimitReached: HTTPStatus.CONFLICT,
    errors.MergeConflict: HTTPStatus.CONFLICT,
    errors.TooManyMerged: HTTPStatus.CONFLICT,
    errors.MergeIsFinal: HTTPStatus.CONFLICT,
    errors.IdentityTaken: HTTPStatus.CONFLICT,
    errors.AlreadyEnrolled: HTTPStatus.CONFLICT,
    errors.InsufficientPoints: HTTPStatus.CONFLICT,
    errors.ProgramVersionConflict: HTTPStatus.CONFLICT,
    reward_errors.VoucherConflict: HTTPStatus.CONFLICT,
    reward_errors.VoucherAlreadyRedeemed: HTTPStatus.CONFLICT,
    reward_errors.VoucherAlreadyCancelled: HTTPStatus.CONFLICT,
    reward_errors.VoucherHasExpired: HTTPStatus.CONFLICT,
    reward_errors.VoucherNotYetValid: HTTPStatus.CONFLICT,
    reward_errors.VoucherIsReserved: HTTPStatus.CONFLICT,
    reward_errors.VoucherAmountExceeded: HTTPStatus.CONFLICT,
    reward_errors.VoucherMemberNeeded: HTTPStatus.CONFLICT,
    reward_errors.VoucherLimitReached: HTTPStatus.CONFLICT,
    reward_errors.VoucherOfAnotherMember: HTTPStatus.CONFLICT,
    reward_errors.StoreNotIncluded: HTTPStatus.CONFLICT,
    reward_errors.CurrencyMismatch: HTTPStatus.CONFLICT,
    reward_errors.MinimumOrderNotMet: HTTPStatus.CONFLICT,
    reward_errors.NoEligibleGoods: HTTPStatus.CONFLICT,
    reward_errors.RedemptionConflict: HTTPStatus.CONFLICT,
    reward_errors.RedemptionRolledBack: HTTPStatus.CONFLICT,
    reward_errors.RewardConflict: HTTPStatus.CONFLICT,
    reward_errors.RewardNotAvailable: HTTPStatus.CONFLICT,
    reward_errors.PriceChanged: HTTPStatus.CONFLICT,
    reward_errors.AddressNeeded: HTTPStatus.CONFLICT,
    reward_errors.OutOfStock: HTTPStatus.CONFLICT,
    reward_errors.GiftDispatched: HTTPStatus.CONFLICT,
    offer_errors.OfferConflict: HTTPStatus.CONFLICT,
    offer_errors.OfferIsOver: HTTPStatus.CONFLICT,
    offer_errors.OfferNotYetValid: HTTPStatus.CONFLICT,
    offer_errors.OfferNotForMember: HTTPStatus.CONFLICT,
    offer_errors.OfferNotInStore: HTTPStatus.CONFLICT,
    offer_errors.OfferUsedUp: HTTPStatus.CONFLICT,
    offer_errors.OfferLimitReached: HTTPStatus.CONFLICT,
    offer_errors.OfferNeedsTill: HTTPStatus.CONFLICT,
    offer_errors.OrderNeedsTill: HTTPStatus.CONFLICT,
    offer_errors.TooManyOffersActivated: HTTPStatus.CONFLICT,
    offer_errors.OfferUseConflict: HTTPStatus.CONFLICT,
    errors.SwitchedOff: HTTPStatus.CONFLICT,
    errors.TaskAlreadyDecided: HTTPStatus.CONFLICT,
    errors.OwnAccount: HTTPStatus.FORBIDDEN,
    errors.OwnRequest: HTTPStatus.FORBIDDEN,
    errors.NotYourTask: HTTPStatus.FORBIDDEN,
    errors.DecisionInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    reward_errors.VoucherInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    reward_errors.RewardInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    offer_errors.OfferInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdentityInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownCurrency: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.FutureDate: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ProgramInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImportFileInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CursorInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MemberBusy: HTTPStatus.SERVICE_UNAVAILABLE,
}


class FieldError(BaseModel):
    """One field that is wrong: where (JSON Pointer) and why; never its value."""

    model_config = ConfigDict(defer_build=True)

    pointer: str
    reason: str


class Problem(BaseModel):
    """`application/problem+json`; `code` is stable, `detail` is for people."""

    # Built when the first problem is answered: a cold start that goes well needs none.
    model_config = ConfigDict(defer_build=True)

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


def problem(
    status: HTTPStatus, code: str, detail: str, field_errors: list[FieldError] | None = None
) -> Problem:
    """Return the problem of `code`; its type is a URN, so that it needs no address to be stable."""
    return Problem(
        type=f"urn:elite:problem:{code}",
        title=status.phrase,
        status=status,
        code=code,
        detail=detail,
        errors=field_errors,
    )
