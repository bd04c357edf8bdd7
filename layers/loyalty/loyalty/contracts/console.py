"""What the forms and addresses of the console hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from loyalty.contracts.tasks import Comment, Tracking
from loyalty.contracts.values import Contract, Month
from loyalty.domain.tasks import Decision

# A form sends what was left empty as an empty text.
_Blank = BeforeValidator(lambda value: None if value == "" else value)

SignInAnswer = Annotated[str, Field(max_length=4000)]
BackTo = Annotated[str, Field(pattern=r"^/console(/[A-Za-z0-9._~/:@+-]*)?$", max_length=500)]
PlotName = Annotated[str, Field(pattern=r"^[a-z]+\.svg$")]
# Of the funnel; without them the latest half year.
SomeMonth = Month | None
Shown = Literal["all", "orders", "points", "journey", "offers", "messages", "vouchers"]
Searched = Literal["member_id", "email", "phone", "card", "external_id"]


class SearchForm(Contract):
    """Whom to look for; it stays out of addresses and logs."""

    by: Searched
    value: Annotated[str, Field(min_length=1, max_length=254)]


class DecisionForm(Contract):
    decision: Decision
    comment: Annotated[Comment | None, _Blank] = None
    tracking: Annotated[Tracking | None, _Blank] = None


class ProgramForm(Contract):
    """A version of the program as it was typed.

    `effective_from` is a local time of the program's zone, empty for now.
    """

    based_on_version: Annotated[int, Field(ge=0, le=999_999)]
    effective_from: Annotated[str, Field(max_length=40)] = ""
    definition: Annotated[str, Field(max_length=200_000)]
