"""Reading, checking and saving the program definition."""

from __future__ import annotations

from datetime import datetime

from loyalty.contracts.program import (
    CurrentProgramView,
    ProgramDocument,
    ProgramUpdate,
    ProgramView,
    unknown_currencies,
)
from loyalty.domain.errors import ProgramInvalid, ProgramVersionConflict
from loyalty.services.ports import MEMBER_SHARDS, Clock, MemberStore
from loyalty.services.program_ports import ProgramArchive, SavedProgram


def current(*, program: ProgramArchive, clock: Clock) -> CurrentProgramView:
    """Return the version in force now, 0 when none was saved. Requests: 1 query."""
    view = _view(program.saved(program.current(clock.now()).version))
    return CurrentProgramView(**dict(view), latest_version=program.latest_version())


def version(number: int, *, program: ProgramArchive, clock: Clock) -> ProgramView:
    """Return version `number`; raise `ProgramVersionNotFound` when there is none.

    Requests: 1 query, none for a version that was read before.
    """
    return _view(program.saved(number))


def validate(
    update: ProgramUpdate,
    *,
    saved_by: str,
    schedule_zone: str,
    store: MemberStore,
    program: ProgramArchive,
    clock: Clock,
) -> ProgramView:
    """Check a new version without saving it; the answer is what saving would give.

    Requests: 1 query.

    Parameters
    ----------
    update
        The new version.
    saved_by
        Who saves it.
    schedule_zone
        The time zone in which the schedules run.
    store
        Asked for customers when the first version of all has another currency or not all built-in
        tiers: up to 256 queries.
    program, clock
        The versions, now.

    Raises
    ------
    ProgramInvalid
        A currency is unknown to ISO 4217 or has other minor digits, the accounting currency
        changes, a tier of the latest version is missing, the schedules run in another time zone, or
        the version would take effect in the past.
    ProgramVersionConflict
        The update is not based on the latest version.
    """
    return _view(_checked(update, saved_by, schedule_zone, store, program, clock.now()))


def save(
    update: ProgramUpdate,
    *,
    saved_by: str,
    schedule_zone: str,
    store: MemberStore,
    program: ProgramArchive,
    clock: Clock,
) -> ProgramView:
    """Save a new version; of two that are based on the same one, one is saved.

    Journeys under way keep the version that they started with. Parameters and errors are those of
    `validate`. Requests: 1 query and 1 write.
    """
    saved = _checked(update, saved_by, schedule_zone, store, program, clock.now())
    program.save(saved)
    return _view(saved)


def _checked(
    update: ProgramUpdate,
    saved_by: str,
    schedule_zone: str,
    store: MemberStore,
    program: ProgramArchive,
    now: datetime,
) -> SavedProgram:
    latest = program.latest_version()
    if update.based_on_version != latest:
        raise ProgramVersionConflict(f"the latest version is {latest}")
    effective_from = update.effective_from or now
    _check(update.definition, effective_from, now)
    if update.definition.time_zone != schedule_zone:
        raise ProgramInvalid(f"the schedules are deployed for the time zone {schedule_zone}")
    before = program.saved(latest).definition
    # Lifetime spends are sums in it, from the first customer on.
    if before.currency != update.definition.currency and (latest or _has_customers(store)):
        raise ProgramInvalid("the accounting currency cannot change")
    # Members may be in it: whoever is in a tier that the program does not know is in the lowest.
    kept = {tier.name for tier in update.definition.tiers}
    dropped = [tier.name for tier in before.tiers if tier.name not in kept]
    if dropped and (latest or _has_customers(store)):
        raise ProgramInvalid(f"tiers cannot be renamed or removed: {', '.join(dropped)}")
    definition = update.definition.to_domain(version=latest + 1, effective_from=effective_from)
    return SavedProgram(definition, saved_by=saved_by, saved_at=now)


def _has_customers(store: MemberStore) -> bool:
    shards = (store.member_ids(shard) for shard in range(MEMBER_SHARDS))
    return any(member_id for shard in shards for member_id in shard)


def _check(document: ProgramDocument, effective_from: datetime, now: datetime) -> None:
    unknown = unknown_currencies(document)
    if unknown:
        raise ProgramInvalid(f"not ISO 4217, or with other minor digits: {', '.join(unknown)}")
    if effective_from < now:
        raise ProgramInvalid("a version cannot take effect in the past")


def _view(saved: SavedProgram) -> ProgramView:
    return ProgramView(
        version=saved.definition.version,
        effective_from=saved.definition.effective_from,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        definition=ProgramDocument.from_domain(saved.definition),
    )
