"""`python -m benchmarks`: every ratio, in one run."""

from __future__ import annotations

import os
import sys

from benchmarks import bulk_import, cold_start, pages, warm_orders
from benchmarks.laboratory import laboratory
from tests.support.ministack import ROOT


def main() -> None:
    """Measure cold start, warm orders, the bulk import and the pages."""
    sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "layers" / "loyalty")]
    with laboratory() as lab:
        os.environ.update(lab.environment("ImportChunkFunction"))
        cold_start.measure(lab)
        warm_orders.measure(lab)
        bulk_import.measure(lab)
        pages.measure(lab)


if __name__ == "__main__":
    main()
