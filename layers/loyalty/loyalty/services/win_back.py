"""Win-back: whoever stopped using benefits hears once of what waits in the portal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.consents import may_market
from loyalty.domain.engagement import is_lapsed, lapsed_in
from loyalty.domain.journey import Step, arm, status_change
from loyalty.domain.messaging import HOUR, after_weekly_limit, in_quiet_hours, with_marketing_sent
from loyalty.services.customers import current_member
from loyalty.services.letters import Outbox, compose
from loyalty.services.messages import ClaimedMail, claim, deliver, unchanged
from loyalty.services.ports import Due, MemberChange, ProgramStore
from loyalty.services.retrying import with_retries

SENT: Final = SendOutcome(outcome="sent")
SUPPRESSED: Final = SendOutcome(outcome="suppressed")


@dataclass(frozen=True, slots=True)
class WinBackOutbox:
    """What writing and sending win-back messages needs of the world."""

    mail: Outbox
    program: ProgramStore


def send_win_back(due: Due, *, outbox: WinBackOutbox) -> SendOutcome:
    """Write to a lapsed member by e-mail, once for the month in which they lapsed.

    The due item stays for the caller to remove. Requests: 2 reads, 1 transaction, 1 mail, 1 update.

    Returns
    -------
    SendOutcome
        `sent` also when an earlier call did it; `suppressed` for who is active again or may not be
        written to; `not_before` while the journeys are paused or in quiet hours. Over the weekly
        limit the member is made due anew, and this due item is `suppressed`.

    Raises
    ------
    EmailRefused
        The mail service did not take the mail; calling again tries again.
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """
    mail = outbox.mail
    now = mail.clock.now()
    definition = outbox.program.current(now)
    if definition.journeys_paused or in_quiet_hours(definition, now):
        return SendOutcome.later(now + HOUR)

    def decide() -> ClaimedMail | SendOutcome:
        member = current_member(mail.store, due.member_id)
        if not (is_lapsed(member) and may_market(member, "email", definition)):
            return SUPPRESSED
        message_id = f"win-back-{lapsed_in(member)}"
        before = mail.store.message(member.member_id, message_id)
        if before is None:
            spare_at = after_weekly_limit(member, definition, now)
            if spare_at > now:
                put_off = Due("win_back", spare_at, due.member_id)
                mail.store.commit(MemberChange(member=None, due=(put_off,)))
                return SUPPRESSED
            written = replace(
                with_marketing_sent(member, definition, now), version=member.version + 1
            )
            data = {**arm(member), "month": lapsed_in(member)}
            fact = status_change(member, written, "WinBackSent", now, data)
            step = Step(written, (fact,))
        elif before.state == "failed":  # it was counted and told of when it was first tried
            step = unchanged(member)
        else:
            return SENT
        email = compose("win_back", message_id, member, definition, outbox=mail, at=now)
        return claim(member, step, "win_back", message_id, email, store=mail.store, at=now)

    claimed = with_retries(decide)
    if isinstance(claimed, SendOutcome):
        return claimed
    deliver(claimed, outbox=mail)
    return SENT
