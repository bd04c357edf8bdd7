"""Secrets from Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws


def secret(aws: Aws, secret_arn: str) -> bytes:
    """Return the value of a secret as bytes; the caller keeps it for the life of the process."""
    return (
        aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)["SecretString"].encode()
    )
