"""Use cases. Each one reads, asks `loyalty.domain` what should happen, and writes it in one transaction."""
