"""SQS batches: what may succeed later is received again, what never can is put aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from pydantic import ValidationError

from loyalty.contracts.registry import UnknownEvent
from loyalty.domain.errors import DomainError, MemberBusy
from loyalty.runtime.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from loyalty.services.ports import DeadLetters

Message = Mapping[str, Any]
Parsed = TypeVar("Parsed")


def work_through(
    event: dict[str, Any], work: Callable[[Message], object]
) -> PartialItemFailureResponse:
    """Work through a batch; return the messages that failed, to be received again.

    Parameters
    ----------
    event
        The Lambda event of an SQS queue; bodies are JSON objects.
    work
        Handles one message; whatever it raises makes that message fail alone.
    """

    def handle(record: SQSRecord) -> None:
        logger.append_keys(message_id=record.message_id)
        work(record.json_body)

    return _process(event, handle)


def work_through_or_put_aside(
    event: dict[str, Any],
    parse: Callable[[Message], Parsed],
    work: Callable[[Parsed], object],
    dead_letters: DeadLetters,
) -> PartialItemFailureResponse:
    """Work through a batch of messages from outside.

    One that breaks its contract or that the rules refuse would fail as often as it is received: it
    goes to the dead letters at once, with the reason as an attribute.

    Parameters
    ----------
    event
        The Lambda event of an SQS queue.
    parse
        Reads a JSON body; `UnknownEvent`, `ValidationError`, `KeyError` and `ValueError` of it mean
        that nobody can.
    work
        Handles what was read; a `DomainError` of it is final, but for `MemberBusy`.
    dead_letters
        Where the hopeless go.
    """

    def handle(record: SQSRecord) -> None:
        logger.append_keys(message_id=record.message_id)
        try:
            message = parse(record.json_body)
        except (UnknownEvent, ValidationError, KeyError, ValueError) as unreadable:
            put_aside(record, unreadable)
            return
        try:
            work(message)
        except MemberBusy:
            raise
        except DomainError as refused:
            put_aside(record, refused)

    def put_aside(record: SQSRecord, error: Exception) -> None:
        reason = _reason(error)
        logger.warning("message put aside", reason=reason)
        dead_letters.put(record.body, reason=reason)

    return _process(event, handle)


def _process(
    event: dict[str, Any], handle: Callable[[SQSRecord], None]
) -> PartialItemFailureResponse:
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, handle, processor)


def _reason(refused: Exception) -> str:
    """Say what is wrong without saying any of the data."""
    match refused:
        case DomainError():
            return refused.code
        case ValidationError():
            found = (f"/{'/'.join(map(str, e['loc']))} {e['type']}" for e in refused.errors())
            return f"invalid_event: {', '.join(found)}"[:256]
        case UnknownEvent():
            return "unknown_event"
    return "unreadable_message"
