"""What the forms of the portal hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loyalty.contracts.values import Contract

SignInToken = Annotated[str, Field(max_length=2000)]


class SignInForm(Contract):
    """An address as it was typed; one that is none is nobody's."""

    email: Annotated[str, Field(max_length=300)]
