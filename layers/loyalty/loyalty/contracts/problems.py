"""Problems as RFC 9457 says, and which HTTP status each refusal of the domain has."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict

from loyalty.domain import errors, report_errors

STATUS_OF: dict[type[errors.DomainError], HTTPStatus] = {
    errors.MemberNotFound: HTTPStatus.NOT_FOUND,
    errors.OrderNotFound: HTTPStatus.NOT_FOUND,
    errors.VoucherNotFound: HTTPStatus.NOT_FOUND,
    errors.RedemptionNotFound: HTTPStatus.NOT_FOUND,
    errors.RewardNotFound: HTTPStatus.NOT_FOUND,
    errors.MergeNotFound: HTTPStatus.NOT_FOUND,
    errors.ImportNotFound: HTTPStatus.NOT_FOUND,
    report_errors.ReportNotFound: HTTPStatus.NOT_FOUND,
    report_errors.CycleNotFound: HTTPStatus.NOT_FOUND,
    report_errors.MonthStillOpen: HTTPStatus.CONFLICT,
    errors.TaskNotFound: HTTPStatus.NOT_FOUND,
    errors.ProgramVersionNotFound: HTTPStatus.NOT_FOUND,
    errors.InvitationInvalid: HTTPStatus.NOT_FOUND,
    errors.InvitationExpired: HTTPStatus.GONE,
    errors.InvitationAnswered: HTTPStatus.CONFLICT,
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
    errors.MergeIsFinal: HTTPStatus.CONFLICT,
    errors.IdentityTaken: HTTPStatus.CONFLICT,
    errors.AlreadyEnrolled: HTTPStatus.CONFLICT,
    errors.InsufficientPoints: HTTPStatus.CONFLICT,
    errors.ProgramVersionConflict: HTTPStatus.CONFLICT,
    errors.VoucherConflict: HTTPStatus.CONFLICT,
    errors.VoucherAlreadyRedeemed: HTTPStatus.CONFLICT,
    errors.VoucherAlreadyCancelled: HTTPStatus.CONFLICT,
    errors.VoucherHasExpired: HTTPStatus.CONFLICT,
    errors.VoucherNotYetValid: HTTPStatus.CONFLICT,
    errors.VoucherIsReserved: HTTPStatus.CONFLICT,
    errors.VoucherAmountExceeded: HTTPStatus.CONFLICT,
    errors.VoucherMemberNeeded: HTTPStatus.CONFLICT,
    errors.VoucherLimitReached: HTTPStatus.CONFLICT,
    errors.VoucherOfAnotherMember: HTTPStatus.CONFLICT,
    errors.StoreNotIncluded: HTTPStatus.CONFLICT,
    errors.CurrencyMismatch: HTTPStatus.CONFLICT,
    errors.MinimumOrderNotMet: HTTPStatus.CONFLICT,
    errors.NoEligibleGoods: HTTPStatus.CONFLICT,
    errors.RedemptionConflict: HTTPStatus.CONFLICT,
    errors.RedemptionRolledBack: HTTPStatus.CONFLICT,
    errors.RewardConflict: HTTPStatus.CONFLICT,
    errors.RewardNotAvailable: HTTPStatus.CONFLICT,
    errors.OutOfStock: HTTPStatus.CONFLICT,
    errors.GiftDispatched: HTTPStatus.CONFLICT,
    errors.SwitchedOff: HTTPStatus.CONFLICT,
    errors.TaskAlreadyDecided: HTTPStatus.CONFLICT,
    errors.OwnAccount: HTTPStatus.FORBIDDEN,
    errors.OwnRequest: HTTPStatus.FORBIDDEN,
    errors.NotYourTask: HTTPStatus.FORBIDDEN,
    errors.DecisionInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.VoucherInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RewardInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
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
