"""The Elite journey of one customer: the variant drawn, the status words, and how each leads to the next."""

from __future__ import annotations

import hashlib

from loyalty.domain.program import JourneyVariant, ProgramDefinition


def draw_variant(definition: ProgramDefinition, member_id: str) -> JourneyVariant:
    """Draw the journey's variant by weight; the same seed and member always draw the same one.

    Parameters
    ----------
    definition
        The program version of the draw; its weights add up to more than zero.
    member_id
        The customer.

    Returns
    -------
    JourneyVariant
        One of `definition.variants`.
    """
    ticket_source = f"{definition.assignment_seed}/{member_id}".encode()
    ticket = int.from_bytes(hashlib.sha256(ticket_source).digest()[:8], "big")
    ticket %= sum(variant.weight for variant in definition.variants)
    for variant in definition.variants:
        if ticket < variant.weight:
            return variant
        ticket -= variant.weight
    raise AssertionError("a ticket is always below the sum of the weights")
