"""Codes as pictures that tills read: QR and Code 128, as SVG in a `data:` address."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import barcode
import segno

_QUIET_MODULES: Final = 10


def qr(code: str) -> str:
    """Return a QR code, of error correction M, dark on white."""
    return str(segno.make(code, error="m", micro=False).svg_data_uri(border=2, light="#fff"))


def bars(code: str) -> str:
    """Return a Code 128 barcode, dark on white with its quiet zones; as wide as it is shown."""
    [modules] = barcode.get("code128", code).build()
    strokes, start = [], None
    for place, module in enumerate(f"{modules}0"):
        if module == "1" and start is None:
            start = place
        elif module == "0" and start is not None:
            strokes.append(f"M{start + _QUIET_MODULES} 0h{place - start}v1h-{place - start}z")
            start = None
    width = len(modules) + 2 * _QUIET_MODULES
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 1" '
        f'preserveAspectRatio="none"><path fill="#fff" d="M0 0h{width}v1H0z"/>'
        f'<path d="{"".join(strokes)}"/></svg>'
    )
    return f"data:image/svg+xml,{quote(svg, safe=' =:/')}"
