"""Use cases: each reads, asks `loyalty.domain` what should happen, and writes it as one change."""
