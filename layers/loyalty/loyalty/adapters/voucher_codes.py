"""Voucher codes from the operating system's cryptographic random numbers."""

from __future__ import annotations

import secrets

from loyalty.domain.voucher_codes import ALPHABET, RANDOM_CHARACTERS, complete


class RandomVoucherCodes:
    """Implements `loyalty.services.voucher_ports.VoucherCodes`."""

    def new(self) -> str:
        return complete([secrets.randbelow(len(ALPHABET)) for _ in range(RANDOM_CHARACTERS)])
