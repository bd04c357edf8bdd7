"""What the portal keeps of a member; a part of the profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PortalAccess:
    """A member's side of signing in.

    `links_sent_at` are the latest links that were mailed, newest last. `sign_ins` counts the links
    that were used, and `sign_outs` how often the member signed out: a link or a session is good
    for one count only, so that neither needs a list of what is void. Both count on when an address
    is not the member's any more. `language` is what the member chose; None follows the browser.
    """

    language: str | None = None
    links_sent_at: tuple[datetime, ...] = ()
    sign_ins: int = 0
    sign_outs: int = 0

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was ever ended or voided: no address was taken out of use."""
        return self.sign_outs == 0

    def voided(self) -> PortalAccess:
        """Return the same with every open link void and every session over."""
        return replace(self, sign_ins=self.sign_ins + 1, sign_outs=self.sign_outs + 1)
