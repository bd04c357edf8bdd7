"""Who was a top customer of a month and who had lapsed, worked out again from what was used.

Shares no code with the product, and works the other way round: not use by use as they become known,
but month by month from all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from local.replay.journal import OfferUsed

_REVIEW_DAY, _REVIEW_TIME = 2, time(5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Engagement:
    """A household's months as `2017-03 2017-05`; `elite` is `active`, `lapsed` or empty."""

    top: str = ""
    lapsed: str = ""
    elite: str = ""


def reviews(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when the months were judged between two moments, and which."""
    first = date(start.year, start.month, 1)
    while (at := datetime.combine(first.replace(day=_REVIEW_DAY), _REVIEW_TIME)) <= end:
        if at >= start:
            yield at, f"{first - timedelta(days=1):%Y-%m}"
        first = (first + timedelta(days=32)).replace(day=1)


def engagement(
    accepted_at: datetime | None,
    uses: Sequence[OfferUsed],
    top_offer_uses: int,
    judged: Sequence[tuple[datetime, str]],
) -> Engagement:
    """Return what must be found of a household.

    Parameters
    ----------
    accepted_at
        When it became active; None when it never did.
    uses
        Its own, with those that were taken back.
    top_offer_uses
        So many different pairs of offer and order make a top customer of a month.
    judged
        The reviews, oldest first.
    """
    if accepted_at is None:
        return Engagement()
    since: datetime | None = accepted_at
    lapsed: list[str] = []
    for at, month in judged:
        begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        end = (begin + timedelta(days=32)).replace(day=1)
        if since is None:
            since = _first_use(uses, begin, end)
        if since is not None and since <= begin and not _used_something(uses, month, at):
            lapsed.append(month)
            since = None
    if since is None:
        since = _first_use(uses, end, datetime.max.replace(tzinfo=UTC))
    top = [month for _, month in judged if _different(uses, month) >= top_offer_uses]
    return Engagement(" ".join(top), " ".join(lapsed), "lapsed" if since is None else "active")


def _first_use(uses: Sequence[OfferUsed], begin: datetime, end: datetime) -> datetime | None:
    return min((use.at for use in uses if begin <= use.at < end), default=None)


def _used_something(uses: Sequence[OfferUsed], month: str, at: datetime) -> bool:
    """Tell whether there is a use of the month, late ones too, that was not undone by `at`."""
    return any(
        _in(use, month) and not (use.taken_back_at and use.taken_back_at <= at) for use in uses
    )


def _in(use: OfferUsed, month: str) -> bool:
    return f"{use.at:%Y-%m}" == month


def _different(uses: Sequence[OfferUsed], month: str) -> int:
    """Count the pairs of offer and order of which a use is left."""
    left = (use for use in uses if _in(use, month) and use.taken_back_at is None)
    return len({(use.offer_id, use.order_id) for use in left})
