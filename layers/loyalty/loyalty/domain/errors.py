"""Everything that the domain refuses.

The class name is the error name that a state machine catches; `code` is the stable code of the HTTP
problem, the first line of the docstring its detail.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A request that the rules refuse; nothing was changed."""

    code: ClassVar[str] = "domain_error"
    # Most messages hold ids and are for the log; these few tell a caller what to mend.
    is_message_public: ClassVar[bool] = False


class MemberNotFound(DomainError):
    """There is no such member."""

    code = "member_not_found"


class SignInLinkInvalid(DomainError):
    """The sign-in link is not ours, was used, or has expired."""

    code = "sign_in_link_invalid"


class SessionOver(DomainError):
    """The session has ended; sign in again."""

    code = "session_over"


class ExecutionNotFound(DomainError):
    """There is no such execution, or not any more."""

    code = "execution_not_found"


class QueueNotFound(DomainError):
    """There is no such queue, or nothing that its messages could go back to."""

    code = "queue_not_found"


class OrderNotFound(DomainError):
    """There is no such order."""

    code = "order_not_found"


class OrderConflict(DomainError):
    """The order came before with another total or currency."""

    code = "order_conflict"


class ReturnConflict(DomainError):
    """The return id came before with another content."""

    code = "return_conflict"


class ReturnExceedsOrder(DomainError):
    """More would come back than the order had."""

    code = "return_exceeds_order"


class IdentityTaken(DomainError):
    """An identity belongs to another customer."""

    code = "identity_taken"


class IdentityInvalid(DomainError):
    """An e-mail, phone, card or external id is not well-formed."""

    code = "identity_invalid"


class AlreadyEnrolled(DomainError):
    """The customer is a member already."""

    code = "already_enrolled"


class NotEnrolled(DomainError):
    """The customer is no member, so there is no points account."""

    code = "not_enrolled"


class TooManyReturnsWaiting(DomainError):
    """Too many returns wait for an order that was not seen yet."""

    code = "too_many_returns_waiting"


class InsufficientPoints(DomainError):
    """The member does not have so many points."""

    code = "insufficient_points"


class AdjustmentConflict(DomainError):
    """The adjustment id came before with other points or another reason."""

    code = "adjustment_conflict"


class TransferConflict(DomainError):
    """The transfer id came before with other points or another member."""

    code = "transfer_conflict"


class ActionConflict(DomainError):
    """The action id came before with another action."""

    code = "action_conflict"


class ActionNotRewarded(DomainError):
    """The program has no reward for this action, or it was done too long ago."""

    code = "action_not_rewarded"


class ActionLimitReached(DomainError):
    """The member had as many rewards for this action as there are in a calendar year."""

    code = "action_limit_reached"


class MergeNotFound(DomainError):
    """There is no such merge."""

    code = "merge_not_found"


class MergeConflict(DomainError):
    """The merge id came before with another member, or the other member was merged already."""

    code = "merge_conflict"


class TooManyMerged(DomainError):
    """Too many profiles would have become one."""

    code = "too_many_merged"


class MergeIsFinal(DomainError):
    """The merge is too old to be undone, or a later one must be undone first."""

    code = "merge_is_final"


class SameMember(DomainError):
    """Two different members are needed."""

    code = "same_member"


class OwnAccount(DomainError):
    """Nobody adjusts or decides for their own account."""

    code = "own_account"


class OwnRequest(DomainError):
    """Whoever asked for something does not decide on it; a second person does."""

    code = "own_request"


class TaskNotFound(DomainError):
    """There is no such task."""

    code = "task_not_found"


class NotYourTask(DomainError):
    """Tasks of this kind are for others."""

    code = "forbidden"


class TaskAlreadyDecided(DomainError):
    """The task was decided otherwise, or is no longer needed."""

    code = "task_decided"


class DecisionInvalid(DomainError):
    """The task cannot be decided so."""

    code = "decision_invalid"
    is_message_public = True


class SwitchedOff(DomainError):
    """The program has switched this off."""

    code = "switched_off"


class UnknownCurrency(DomainError):
    """The program has no rate for this currency on that day."""

    code = "unknown_currency"


class FutureDate(DomainError):
    """The order or return lies in the future."""

    code = "future_date"


class InvitationInvalid(DomainError):
    """There is no such invitation."""

    code = "invitation_invalid"


class InvitationExpired(DomainError):
    """The invitation has expired."""

    code = "invitation_expired"


class InvitationAnswered(DomainError):
    """The invitation was answered before, by declining or else by joining."""

    code = "invitation_answered"

    def __init__(self, member_id: str, *, is_declined: bool) -> None:
        super().__init__(member_id)
        self.is_declined = is_declined


class ProgramInvalid(DomainError):
    """The program definition contradicts itself."""

    code = "program_invalid"
    is_message_public = True


class ProgramVersionNotFound(DomainError):
    """There is no such version of the program."""

    code = "program_version_not_found"


class ProgramVersionConflict(DomainError):
    """Somebody else saved a program version meanwhile."""

    code = "program_version_conflict"


class ImportNotFound(DomainError):
    """There is no such import."""

    code = "import_not_found"


class ImportFileInvalid(DomainError):
    """The file cannot be read: not UTF-8 text, or an unknown format or header."""

    code = "import_file_invalid"
    is_message_public = True


class MemberBusy(DomainError):
    """The member is being changed by others; try again."""

    code = "member_busy"


class CursorInvalid(DomainError):
    """The cursor is not one that a page of this list gave."""

    code = "cursor_invalid"
