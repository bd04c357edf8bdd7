"""Fewer garbage collections while a function starts; imported before anything else.

Importing makes more than a hundred thousand objects that live as long as the process. With the
default threshold of 700 the collector walks over all of them again and again and frees nothing: an
eighth of a cold start, and one walk at its end still takes 30 ms (docs/benchmarks.md). A request
leaves few cycles behind, so that collecting after 250,000 new objects costs a warm process some
megabytes at most.
"""

from __future__ import annotations

import gc

OBJECTS_BEFORE_COLLECTION = 250_000

gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
