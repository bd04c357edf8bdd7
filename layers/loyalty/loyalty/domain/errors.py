"""Everything that the domain refuses.

The class name is the error name that a state machine catches; `code` is the stable code of the HTTP problem.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A request that the rules refuse; nothing was changed."""

    code: ClassVar[str] = "domain_error"


class MemberNotFound(DomainError):
    code = "member_not_found"


class OrderNotFound(DomainError):
    code = "order_not_found"


class OrderConflict(DomainError):
    """The same order key came again with another total or currency."""

    code = "order_conflict"


class ReturnConflict(DomainError):
    """The same return id came again with another content."""

    code = "return_conflict"


class ReturnExceedsOrder(DomainError):
    code = "return_exceeds_order"


class IdentityTaken(DomainError):
    """An identity belongs to another customer."""

    code = "identity_taken"


class AlreadyEnrolled(DomainError):
    code = "already_enrolled"


class InsufficientPoints(DomainError):
    code = "insufficient_points"


class AdjustmentConflict(DomainError):
    """The same adjustment id came again with other points or reason."""

    code = "adjustment_conflict"


class AdjustmentAboveLimit(DomainError):
    code = "adjustment_above_limit"


class OwnAccount(DomainError):
    """Nobody adjusts or decides for their own account."""

    code = "own_account"


class UnknownCurrency(DomainError):
    code = "unknown_currency"


class FutureDate(DomainError):
    code = "future_date"


class InvitationInvalid(DomainError):
    """A link that we did not sign, or that was signed for another purpose."""

    code = "invitation_invalid"


class InvitationExpired(DomainError):
    code = "invitation_expired"


class InvitationAnswered(DomainError):
    code = "invitation_answered"


class ProgramInvalid(DomainError):
    code = "program_invalid"


class ProgramVersionConflict(DomainError):
    """Somebody else saved a version meanwhile."""

    code = "program_version_conflict"


class ImportNotFound(DomainError):
    code = "import_not_found"


class ImportFileInvalid(DomainError):
    """A bulk file that cannot be read at all (encoding, header, format)."""

    code = "import_file_invalid"


class MemberBusy(DomainError):
    """The member changed under us five times in a row; try again."""

    code = "member_busy"
