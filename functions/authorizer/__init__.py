"""The authorizer. Every caller waits for its cold start, so it is prepared for first of all."""

from loyalty.runtime import cold_start as cold_start
