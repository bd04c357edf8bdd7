"""The REST API. Somebody waits for its cold starts, so they are prepared for first of all."""

from loyalty.runtime import cold_start as cold_start
