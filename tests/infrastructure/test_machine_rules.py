"""The state machines fit the template, the language and the house; a broken one is noticed."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lint import machines

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
JOURNEY = ROOT / "statemachines" / "elite_journey.asl.yaml"


def test_all_machines_are_clean() -> None:
    assert list(machines.problems(TEMPLATE)) == []


def test_every_file_is_deployed() -> None:
    deployed = {file for _, file, _ in machines.definitions(TEMPLATE)}

    assert deployed == set((ROOT / "statemachines").glob("*.asl.yaml"))


def _first(machine: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(state for _, state in machines.states(machine) if state["Type"] == kind)


def _drop(kind: str, key: str) -> Callable[[dict[str, Any]], object]:
    return lambda machine: _first(machine, kind).pop(key)


BROKEN: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (_drop("Task", "TimeoutSeconds"), "has no TimeoutSeconds"),
    (_drop("Task", "Retry"), "retries nothing"),
    (
        lambda machine: _first(machine, "Task")["Retry"][0].pop("JitterStrategy"),
        "retries without full jitter and MaxDelaySeconds",
    ),
    (
        lambda machine: _first(machine, "Task")["Retry"].pop(),
        "does not retry States.TaskFailed last",
    ),
    (_drop("Task", "Catch"), "catches nothing"),
    (lambda machine: _first(machine, "Task")["Catch"].pop(), "does not catch States.ALL last"),
    (_drop("Fail", "Cause"), "fails without Error and Cause"),
    (lambda machine: machine.pop("QueryLanguage"), "is not in JSONata"),
    (lambda machine: machine.pop("Comment"), "has no Comment that says what it does"),
]


@pytest.mark.parametrize(("damage", "fault"), BROKEN, ids=[fault for _, fault in BROKEN])
def test_the_house_rules_notice(damage: Callable[[dict[str, Any]], object], fault: str) -> None:
    machine = copy.deepcopy(machines.read_machine(JOURNEY))

    damage(machine)

    assert any(problem.endswith(fault) for problem in machines.house_problems(machine))


def test_the_rules_reach_into_maps() -> None:
    machine = machines.read_machine(ROOT / "statemachines" / "ledger_check.asl.yaml")
    inner = dict(machines.states(machine))["CheckShard"]

    del inner["Retry"]

    assert "CheckShard retries nothing" in list(machines.house_problems(machine))


def test_an_express_child_has_time_for_all_attempts_of_a_step() -> None:
    machine = machines.read_machine(ROOT / "statemachines" / "ledger_check.asl.yaml")
    machine["States"]["ForEachShard"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = (
        "EXPRESS"
    )
    step = dict(machines.states(machine))["CheckShard"]
    step |= {
        "TimeoutSeconds": 70,
        "Retry": [
            {"ErrorEquals": ["MemberBusy"], "IntervalSeconds": 2, "BackoffRate": 2}
            | {"MaxAttempts": 2, "MaxDelaySeconds": 3, "JitterStrategy": "FULL"},
            {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 5, "BackoffRate": 2}
            | {"MaxAttempts": 1, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"},
        ],
    }
    assert list(machines.house_problems(machine)) == []

    step["TimeoutSeconds"] = 73

    assert list(machines.house_problems(machine)) == [
        "CheckShard may take 302 s, and its Express child ends after 300"
    ]


def test_who_starts_an_execution_outlasts_it() -> None:
    known = {name: machines.read_machine(file) for name, file, _ in machines.definitions(TEMPLATE)}
    assert list(machines.waiting_problems(known)) == []

    known["MemberEvaluationStateMachine"]["TimeoutSeconds"] = 290

    assert list(machines.waiting_problems(known)) == [
        "EvaluateMember does not outlast MemberEvaluationStateMachine, which may take 290 s"
    ]


def test_statelint_notices_a_state_that_nothing_leads_to() -> None:
    machine = machines.read_machine(JOURNEY)
    machine["States"]["Island"] = {"Type": "Succeed"}

    assert any("Island" in problem for problem in machines.statelint_problems(machine))


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A copy of the template and its machines, to be broken."""
    shutil.copy(TEMPLATE, tmp_path)
    shutil.copytree(ROOT / "statemachines", tmp_path / "statemachines")
    return tmp_path


def test_a_substitution_too_many_and_one_too_few(application: Path) -> None:
    file = application / "statemachines" / JOURNEY.name
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("${SendInviteFunction}", "${PostInviteFunction}"))

    found = list(machines.substitution_problems(application / "template.yaml"))

    machine = "elite_journey.asl.yaml: EliteJourneyStateMachine"
    assert found == [
        f"{machine} does not substitute ${{PostInviteFunction}}",
        f"{machine} substitutes ${{SendInviteFunction}}, which is not in the file",
    ]


def test_cfn_lint_reads_the_definitions(application: Path) -> None:
    file = application / "statemachines" / JOURNEY.name
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("StartAt: WhyStarted", "StartAt: Nowhere"))

    found = list(machines.inlined_problems(application / "template.yaml"))

    assert any("E3601" in problem and "Nowhere" in problem for problem in found), found
