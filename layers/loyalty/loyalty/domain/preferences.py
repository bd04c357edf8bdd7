"""Which service messages a member wants, and whether offers may follow what they buy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from loyalty.domain.journey import Step, status_change
from loyalty.domain.member import Member, Preference
from loyalty.domain.tastes import forgotten, objects

# What members expect who never said: to hear of what they have or may lose, but no regular mail.
DEFAULTS: Final[Mapping[Preference, bool]] = {
    "points_sms": True,
    "tier_mail": True,
    "statement": False,
    "voucher_reminder": True,
    "profiling": True,
}


def wants(member: Member, preference: Preference) -> bool:
    """Tell whether a member wants a kind of message, or profiling."""
    return member.preferences.get(preference, DEFAULTS[preference])


def all_preferences(member: Member) -> dict[Preference, bool]:
    """Return what holds for a member, preference by preference."""
    return {**DEFAULTS, **member.preferences}


def change_preferences(
    member: Member, said: Mapping[Preference, bool], at: datetime
) -> Step | None:
    """Record what a member said; None when all of it was said before.

    Who objects to profiling is forgotten at once: their tastes, and offers chosen by them.

    Returns
    -------
    Step or None
        With a `PreferenceChanged` for each that is wanted, or not wanted, from now on.
    """
    news = {name: wanted for name, wanted in said.items() if member.preferences.get(name) != wanted}
    if not news:
        return None
    changed = replace(
        member, version=member.version + 1, preferences={**member.preferences, **news}
    )
    if objects(changed):
        changed = forgotten(changed)
    return Step(
        changed,
        tuple(
            status_change(
                member, changed, "PreferenceChanged", at, {"preference": name, "wanted": wanted}
            )
            for name, wanted in news.items()
            if wants(member, name) != wanted
        ),
    )
