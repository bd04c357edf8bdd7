"""Composition of offers, their uses and what members see of them; beside `composition`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.adapters.dynamodb.tables import Tables
    from loyalty.services.offer_ports import OfferCatalogue, OfferStore
    from loyalty.services.ports import (
        Clock,
        MemberStore,
        ObjectStore,
        ProgramStore,
        ReportStore,
    )
    from loyalty.services.refresh_offers import Curator
    from loyalty.services.taste_objects import KeptStatistics


class OfferPorts(TypedDict):
    offers: OfferStore
    program: ProgramStore
    clock: Clock


class OfferUsePorts(OfferPorts):
    store: MemberStore


class MemberOfferPorts(TypedDict):
    store: MemberStore
    catalogue: OfferCatalogue
    program: ProgramStore
    clock: Clock


class TastePorts(TypedDict):
    store: MemberStore
    objects: ObjectStore
    program: ProgramStore
    clock: Clock


class RefreshPorts(TypedDict):
    store: MemberStore
    curator: Curator
    reports: ReportStore


def offer_store() -> OfferStore:
    """Return the catalogue of offers and what members made of it."""
    from loyalty.adapters.dynamodb.offer_store import DynamoOfferStore

    return DynamoOfferStore(composition.tables())


def offer_catalogue() -> OfferCatalogue:
    """Return the offers that are not retired, read anew from time to time."""
    return _catalogue(composition.tables())


@cache
def _catalogue(tables: Tables) -> OfferCatalogue:
    """Return the catalogue in these tables: kept as long as they are."""
    from loyalty.adapters.catalogue import CachedOffers

    return CachedOffers(offer_store(), cache_seconds=settings().program_cache_seconds)


def offer_ports() -> OfferPorts:
    """Return what keeping the catalogue needs."""
    return {
        "offers": offer_store(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def offer_use_ports() -> OfferUsePorts:
    """Return what using, activating and taking back need."""
    return {**offer_ports(), "store": composition.member_store()}


def member_offer_ports() -> MemberOfferPorts:
    """Return what the list of a member's offers needs."""
    return {
        "store": composition.member_store(),
        "catalogue": offer_catalogue(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def taste_ports() -> TastePorts:
    """Return what exporting tastes needs."""
    return {
        "store": composition.member_store(),
        "objects": composition.object_store(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def curator() -> Curator:
    """Return who curates offers: a new one, by the latest statistics."""
    from loyalty.services.refresh_offers import Curator

    return Curator(
        store=composition.member_store(),
        catalogue=offer_catalogue(),
        statistics=_statistics(composition.tables()),
        program=composition.program_store(),
        clock=composition.clock(),
    )


@cache
def _statistics(_tables: Tables) -> KeptStatistics:
    """Return the statistics beside these tables: kept as long as they are."""
    from loyalty.services.taste_objects import KeptStatistics

    return KeptStatistics(composition.object_store())


def refresh_ports() -> RefreshPorts:
    """Return what curating the offers of a shard's members needs."""
    return {
        "store": composition.member_store(),
        "curator": curator(),
        "reports": composition.report_store(),
    }
