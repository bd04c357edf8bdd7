"""One TransactWriteItems whose operations have labels.

PynamoDB sends condition checks first, then deletes, puts and updates, whatever the order of the
calls, and DynamoDB gives its cancellation reasons in the order sent. Labels keep a reason with its
operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from pynamodb.constants import ALL_OLD
from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.transactions import TransactWrite

if TYPE_CHECKING:
    from pynamodb.connection import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action
    from pynamodb.models import Model

CONDITION_FAILED = "ConditionalCheckFailed"

# Reasons that say "not now": decide again from what is stored then.
_TRANSIENT_REASONS = frozenset(
    {CONDITION_FAILED, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
# The whole request refused, or an answer that leaves open whether it took effect: reading tells.
_TRANSIENT_ERRORS = frozenset(
    {
        "TransactionInProgressException",
        "TransactionConflictException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


class TransactionRefused(Exception):
    """Nothing was written, or the answer was lost; `reasons` are those known, by label."""

    def __init__(self, reasons: Mapping[str, CancellationReason]) -> None:
        super().__init__({label: reason.code for label, reason in reasons.items()})
        self.reasons = reasons


class LabelledTransaction:
    """Collects operations and writes all or nothing.

    Labels are unique within the transaction; a transaction holds at most 100 operations.
    """

    def __init__(self, connection: Connection) -> None:
        self._write = TransactWrite(connection=connection)
        self._checks: list[str] = []
        self._deletes: list[str] = []
        self._puts: list[str] = []
        self._updates: list[str] = []

    def check(
        self, label: str, model: type[Model], key: tuple[str, str], condition: Condition
    ) -> None:
        self._checks.append(label)
        self._write.condition_check(model, *key, condition=condition)

    def delete(self, label: str, item: Model, condition: Condition | None = None) -> None:
        self._deletes.append(label)
        self._write.delete(item, condition=condition)

    def put(
        self,
        label: str,
        item: Model,
        condition: Condition | None = None,
        *,
        tell_existing: bool = False,
    ) -> None:
        """Add a put; with `tell_existing` a failed condition's reason has the item in the way."""
        self._puts.append(label)
        returned = ALL_OLD if tell_existing else None
        self._write.save(item, condition=condition, return_values=returned)

    def update(
        self, label: str, item: Model, actions: list[Action], condition: Condition | None = None
    ) -> None:
        self._updates.append(label)
        self._write.update(item, actions=actions, condition=condition)

    def commit(self) -> None:
        """Send the transaction.

        Raises
        ------
        TransactionRefused
            A condition failed, another transaction was on the same items, or the service was out of
            reach or capacity.
        """
        try:
            with self._write:
                pass  # leaving the block sends it
        except TransactWriteError as error:
            # First: PynamoDB cannot tell the response code of an error that had no response.
            if isinstance(error.cause, BotoCoreError):
                raise TransactionRefused({}) from error
            if error.cause_response_code == "TransactionCanceledException":
                raise self._refusal(error) from error
            if error.cause_response_code in _TRANSIENT_ERRORS:
                raise TransactionRefused({}) from error
            raise

    def _refusal(self, error: TransactWriteError) -> Exception:
        labels = [*self._checks, *self._deletes, *self._puts, *self._updates]
        answers = zip(labels, error.cancellation_reasons, strict=True)
        reasons = {label: reason for label, reason in answers if reason is not None}
        if any(reason.code not in _TRANSIENT_REASONS for reason in reasons.values()):
            return error  # an operation that can never succeed is a mistake of ours, not bad luck
        return TransactionRefused(reasons)
