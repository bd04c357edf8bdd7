"""Ids that follow from what caused them, so that a retry names the same thing again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

ID_LENGTH = 20


class DerivedIds:
    """Ids derived with a secret: nobody can compute them from an order number or an e-mail."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def derive(self, kind: str, cause: str) -> str:
        """Return `kind` and 20 characters (100 bits) that follow from `kind` and `cause`."""
        digest = hmac.digest(self._secret(), f"{kind}\0{cause}".encode(), hashlib.sha256)
        return kind + base64.b32encode(digest).decode("ascii").lower()[:ID_LENGTH]
