"""The control flow of `statemachines/elite_journey.asl.yaml`, state by state, over the services.

The machine itself runs in tests/statemachines. Here a test decides which execution goes on when,
what is delivered twice, and where a function dies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.contracts.journeys import SendOutcome
from loyalty.services import journey_answers, journey_messages, journey_start
from tests.support.crashes import Crashing, Fuse
from tests.support.journey_fakes import JourneyWorld

ENDS = frozenset({"Activated", "Declined", "Inactive", "HeldOut", "InviteSuppressed"})
WAITS = frozenset({"AwaitAnswer:waiting", "AwaitLateAnswer:waiting"})


@dataclass
class Run:
    """An execution: the state that comes next, and until when it has to wait there."""

    member_id: str
    state: str
    token: str | None = None
    not_before: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDS

    @property
    def waiting(self) -> bool:
        return self.state in WAITS


class JourneyMachine:
    """All executions of a world; `fuse` lets the functions that they call die."""

    def __init__(self, world: JourneyWorld, fuse: Fuse) -> None:
        self._world = world
        self._store = Crashing(world.store, fuse)
        self._journeys = Crashing(world.journeys, fuse)
        self._executions = Crashing(world.executions, fuse)
        self._outbox = world.outbox_with(
            store=self._store, sender=Crashing(world.sender, fuse), clock=world.clock
        )
        self.runs: dict[str, Run] = {}
        self._tokens = 0

    def start_new(self) -> None:
        """Begin the executions that were started since."""
        for name, payload in self._world.executions.inputs.items():
            late = payload["reason"] == "late_acceptance"
            first = "SendWelcome" if late else "AssignVariant"
            self.runs.setdefault(name, Run(str(payload["member_id"]), first))

    def wake(self) -> None:
        """Go on where a token was completed; one that nobody waits for is nothing."""
        for run in self.runs.values():
            if run.waiting and run.token in self._world.executions.woken:
                self._answered(run)

    def time_out(self, run: Run) -> None:
        """Let the window of a waiting execution pass."""
        self._answered(run)

    def step(self, run: Run) -> None:
        """Run the next state; an error leaves the execution where it is, to be tried again."""
        getattr(self, f"_{run.state.lower()}")(run)

    def _assignvariant(self, run: Run) -> None:
        assigned = journey_start.assign_variant(run.member_id, **self._ports())
        run.state = "HeldOut" if assigned.held_out else "SendInvite"

    def _sendinvite(self, run: Run) -> None:
        outcome = journey_messages.send_invite(
            run.member_id,
            outbox=self._outbox,
            program=self._world.program,
            limiter=self._world.limiter,
        )
        self._sent(run, outcome, sent="AwaitAnswer", suppressed="InviteSuppressed")

    def _awaitanswer(self, run: Run) -> None:
        self._await(run)

    def _readstatus(self, run: Run) -> None:
        self._choose(run, self._status(run), otherwise="SendReminder")

    def _sendreminder(self, run: Run) -> None:
        outcome = journey_messages.send_reminder(
            run.member_id, outbox=self._outbox, program=self._world.program
        )
        self._sent(run, outcome, sent="AwaitLateAnswer", suppressed="AwaitLateAnswer")

    def _awaitlateanswer(self, run: Run) -> None:
        self._await(run)

    def _readlatestatus(self, run: Run) -> None:
        self._choose(run, self._status(run), otherwise="MarkInactive")

    def _markinactive(self, run: Run) -> None:
        outcome = journey_answers.mark_inactive(run.member_id, **self._ports())
        self._choose(run, outcome.status, otherwise="Inactive")

    def _sendwelcome(self, run: Run) -> None:
        journey_messages.send_welcome(
            run.member_id, outbox=self._outbox, program=self._world.program
        )
        run.state = "Activated"

    def _sent(self, run: Run, outcome: SendOutcome, *, sent: str, suppressed: str) -> None:
        run.not_before = outcome.not_before
        late = run.state == "SendReminder"
        following = {
            "sent": sent,
            "suppressed": suppressed,
            "answered": "ReadLateStatus" if late else "ReadStatus",
            "not_before": run.state,
        }
        run.state = following[outcome.outcome]

    def _await(self, run: Run) -> None:
        self._tokens += 1
        run.token = f"token-{self._tokens}"
        journey_answers.await_answer(
            run.member_id,
            run.token,
            store=self._store,
            journeys=self._journeys,
            executions=self._executions,
            clock=self._world.clock,
        )
        run.state = f"{run.state}:waiting"
        self.wake()

    def _answered(self, run: Run) -> None:
        run.state = "ReadStatus" if run.state.startswith("AwaitAnswer") else "ReadLateStatus"

    def _status(self, run: Run) -> str:
        return journey_answers.read_status(run.member_id, store=self._store).status

    def _choose(self, run: Run, status: str, *, otherwise: str) -> None:
        chosen = {"active": "SendWelcome", "not_interested": "Declined"}
        run.state = chosen.get(status, otherwise)

    def _ports(self) -> dict[str, Any]:
        return {"store": self._store, "program": self._world.program, "clock": self._world.clock}
