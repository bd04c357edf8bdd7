"""Points that one member gives to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loyalty.contracts.points import TransferAnswer
from loyalty.domain.errors import OwnAccount, SameMember, TransferConflict
from loyalty.domain.ledger import Posting, spendable
from loyalty.domain.transfers import give, receive
from loyalty.services.customers import enrolled_member
from loyalty.services.dues import newly_due
from loyalty.services.members import entry_id
from loyalty.services.ports import Clock, Guard, MemberChange, MemberStore
from loyalty.services.retrying import with_retries

GUARD: Final = "transfer"


def transfer_points(
    member_id: str,
    *,
    transfer_id: str,
    to_member_id: str,
    points: int,
    made_by: str,
    own_member_id: str | None,
    store: MemberStore,
    clock: Clock,
) -> TransferAnswer:
    """Give points of one member to another; each `transfer_id` counts once per giver.

    Both accounts change in one transaction; the points keep the expiry of their lots.

    Requests: 3 reads and 1 transaction; 1 read for a repeat.

    Parameters
    ----------
    member_id, to_member_id
        Who gives, and who gets them.
    transfer_id
        The caller's own id for this transfer.
    points
        More than 0.
    made_by, own_member_id
        Who asks for it, and the member that they are themselves, if any.

    Raises
    ------
    OwnAccount
        Somebody would give themselves another's points.
    SameMember
        Both are the same member.
    TransferConflict
        The same transfer came before with other points or another member.
    MemberNotFound, NotEnrolled
        There is no such customer, or they are no member.
    InsufficientPoints
        More would be given than is available.
    MemberBusy
        Others kept changing the members.
    """
    if own_member_id == to_member_id != member_id:
        raise OwnAccount("nobody gives themselves points")
    request = {"to_member_id": to_member_id, "points": points}

    def decide() -> TransferAnswer:
        made_before = store.guard(member_id, GUARD, transfer_id)
        if made_before is not None:
            if made_before.request != request:
                raise TransferConflict(f"{transfer_id} was made differently")
            return TransferAnswer.model_validate(made_before.answer)
        now = clock.now()
        giver = enrolled_member(store, member_id)
        taker = enrolled_member(store, to_member_id)
        if giver.member_id == taker.member_id:
            raise SameMember(member_id)
        if own_member_id == taker.member_id:
            raise OwnAccount("nobody gives themselves points")
        posting = Posting(
            member_id=giver.member_id,
            business_key=f"transfer/{member_id}/{transfer_id}",
            occurred_at=now,
            recorded_at=now,
            reason=f"given to {taker.member_id}",
        )
        given_account, given = give(giver.account, posting, points)
        posting = replace(posting, member_id=taker.member_id, reason=f"given by {giver.member_id}")
        taken_account, taken = receive(taker.account, posting, given)
        answer = TransferAnswer(
            entry_id=entry_id(given),
            points=points,
            points_available=spendable(given_account, now),
        )
        guard = Guard(GUARD, transfer_id, member_id, request, answer.model_dump(), made_by)
        richer = replace(taker, version=taker.version + 1, account=taken_account)
        store.commit(
            MemberChange(
                member=replace(giver, version=giver.version + 1, account=given_account),
                expected_version=giver.version,
                entries=(given,),
                guards=(guard,),
            ),
            MemberChange(
                member=richer,
                expected_version=taker.version,
                entries=(taken,),
                due=newly_due(taker.account, richer),
            ),
        )
        return answer

    return with_retries(decide)
