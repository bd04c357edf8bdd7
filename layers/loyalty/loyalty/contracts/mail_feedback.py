"""What SES tells about sent mail, as its EventBridge events say it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _FromSes(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Bounce(_FromSes):
    kind: str = Field(alias="bounceType")


class Mail(_FromSes):
    """`tags` are those that the mail was sent with."""

    tags: dict[str, tuple[str, ...]] = {}


class MailFeedback(_FromSes):
    """A bounce or complaint; anything else says nothing about the address."""

    event: str = Field(alias="eventType")
    bounce: Bounce | None = None
    mail: Mail

    @property
    def reason(self) -> Literal["bounce", "complaint"] | None:
        """Why nothing more may be sent; None for a bounce that may pass."""
        if self.event == "Complaint":
            return "complaint"
        permanent = self.bounce is not None and self.bounce.kind == "Permanent"
        return "bounce" if permanent else None

    @property
    def member_id(self) -> str | None:
        """Whose mail it was; None for a mail without our tags."""
        return next(iter(self.mail.tags.get("member_id", ())), None)


class MailFeedbackEvent(_FromSes):
    detail: MailFeedback
