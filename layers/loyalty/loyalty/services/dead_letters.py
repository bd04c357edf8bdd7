"""Looking into dead-letter queues, and letting their messages be tried again."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.domain.errors import QueueNotFound
from loyalty.services.console_ports import DeadLetter, DeadLetterQueue, DeadLetterQueues


def letters(name: str, *, queues: DeadLetterQueues) -> Sequence[DeadLetter]:
    """Return up to ten messages of a queue, without their content; raise `QueueNotFound`."""
    try:
        return queues.letters(name)
    except KeyError:
        raise QueueNotFound(name) from None


def redrive(name: str, *, queues: DeadLetterQueues) -> DeadLetterQueue:
    """Let all messages of a queue go back to where they came from; duplicates do no harm.

    Raises
    ------
    QueueNotFound
        There is no such queue, or none that it feeds.
    """
    try:
        queues.redrive(name)
    except KeyError:
        raise QueueNotFound(name) from None
    return next(queue for queue in queues.queues() if queue.name == name)
