"""State machines: the files that the template names, with what it puts into them.

cfn-lint does not open a `DefinitionUri`, so each definition is linted as if it stood in the
template. statelint knows the language, the house rules know what a step must survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cfnlint.api
import cfnlint.decode
import yaml
from cfnlint.config import ManualArgs
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

Machine = Mapping[str, Any]

# Step Functions ends an Express execution then, whatever it is at.
EXPRESS_SECONDS = 300

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
# statelint 3.1 does not know that these may be JSONata, nor all fields of a map's reader, writer.
_STATELINT_IS_WRONG = (
    re.compile(r'\.TimeoutSeconds is "\{%.*%\}" but should be an Integer'),
    re.compile(r'\.Timestamp is "\{%.*%\}" but should be an RFC3339 timestamp'),
    re.compile(
        r'Field "(InputType|CSVHeaderLocation)" not allowed in .*\.ItemReader\.ReaderConfig'
    ),
    re.compile(r'Field "WriterConfig" not allowed in .*\.ResultWriter'),
)
# Nor does cfn-lint 1.58.
_CFN_LINT_IS_WRONG = re.compile(r"'\{%.*%\}' is not of type 'number' \(.*/TimeoutSeconds\)")
# SAM's names of a machine's properties, and CloudFormation's.
_PLAIN_NAMES = {
    "Logging": "LoggingConfiguration",
    "Role": "RoleArn",
    "Tracing": "TracingConfiguration",
    "Type": "StateMachineType",
}


class _TextLoader(yaml.SafeLoader):
    """Timestamps stay text, as Step Functions reads them."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_machine(file: Path) -> dict[str, Any]:
    """Return a definition as Step Functions will get it."""
    machine: dict[str, Any] = _TextLoader(file.read_text(encoding="utf-8")).get_single_data()
    return machine


def definitions(template_file: Path) -> Iterator[tuple[str, Path, set[str]]]:
    """Yield logical id, file and substitutions of every state machine of a template."""
    template = _decode(template_file)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties = resource["Properties"]
            file = template_file.parent / properties["DefinitionUri"]
            yield name, file, set(properties.get("DefinitionSubstitutions", {}))


def problems(template_file: Path) -> Iterator[str]:
    """Yield everything that is wrong with the state machines of a template."""
    yield from substitution_problems(template_file)
    for _, file, _ in definitions(template_file):
        machine = read_machine(file)
        for fault in (*house_problems(machine), *statelint_problems(machine)):
            yield f"{file.name}: {fault}"
    yield from waiting_problems(
        {name: read_machine(file) for name, file, _ in definitions(template_file)}
    )
    yield from inlined_problems(template_file)


def substitution_problems(template_file: Path) -> Iterator[str]:
    """Yield where a file's `${...}` and the template's substitutions differ."""
    for name, file, given in definitions(template_file):
        used = set(_SUBSTITUTION.findall(file.read_text(encoding="utf-8")))
        for missing in sorted(used - given):
            yield f"{file.name}: {name} does not substitute ${{{missing}}}"
        for unused in sorted(given - used):
            yield f"{file.name}: {name} substitutes ${{{unused}}}, which is not in the file"


def inlined_problems(template_file: Path) -> Iterator[str]:
    """Yield what cfn-lint finds when every definition stands in the template."""
    template = _plain(_decode(template_file))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            given = resource["Properties"]
            definition = read_machine(template_file.parent / given.pop("DefinitionUri"))
            # cfn-lint reads definitions of plain machines only.
            resource["Type"] = "AWS::StepFunctions::StateMachine"
            resource["Properties"] = {"Definition": definition} | {
                _PLAIN_NAMES.get(name, name): value for name, value in given.items()
            }
    text = yaml.safe_dump(template, sort_keys=False)
    for match in cfnlint.api.lint(text, config=ManualArgs(regions=["eu-central-1"])):
        path = "/".join(str(part) for part in match.path)
        if _CFN_LINT_IS_WRONG.search(f"{match.message} ({path})"):
            continue
        yield f"{template_file.name}, machines inlined: {match.rule.id} {match.message} ({path})"


def statelint_problems(machine: Machine) -> Iterator[str]:
    """Yield what statelint finds, without what it is known to be wrong about."""
    config = Config({ProblemType.FLOAT}, yaml=True, evaluate_jsonata=True)
    for problem in Linter.validate(dict(machine), config):
        if not any(wrong.search(problem) for wrong in _STATELINT_IS_WRONG):
            yield f"statelint: {problem}"


def house_problems(machine: Machine) -> Iterator[str]:
    """Yield where a machine breaks the rules of this house."""
    if machine.get("QueryLanguage") != "JSONata":
        yield "is not in JSONata"
    if not machine.get("Comment"):
        yield "has no Comment that says what it does"
    for name, state in states(machine):
        if state["Type"] == "Task":
            yield from _task_problems(name, state)
        if state["Type"] == "Map":
            yield from _express_problems(state["ItemProcessor"])
        if state["Type"] == "Fail" and not {"Error", "Cause"} <= state.keys():
            yield f"{name} fails without Error and Cause"


def states(machine: Machine) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every state with its name, those inside of maps and branches too."""
    for name, state in machine["States"].items():
        yield name, state
        inner = [*state.get("Branches", [])]
        if "ItemProcessor" in state:
            inner.append(state["ItemProcessor"])
        for part in inner:
            yield from states(part)


def _express_problems(processor: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tasks of an Express child that are cut off before their last attempt is over."""
    if processor.get("ProcessorConfig", {}).get("ExecutionType") != "EXPRESS":
        return
    for name, state in states(processor):
        seconds = _longest_seconds(state) if state["Type"] == "Task" else 0
        if seconds > EXPRESS_SECONDS:
            yield f"{name} may take {seconds} s, and its Express child ends after {EXPRESS_SECONDS}"


def waiting_problems(machines: Mapping[str, Machine]) -> Iterator[str]:
    """Yield the tasks that give up an execution which goes on, and may yet succeed."""
    for machine in machines.values():
        for name, state in states(machine):
            if not str(state.get("Resource")).endswith(":startSyncExecution"):
                continue
            started = _SUBSTITUTION.findall(state["Arguments"]["StateMachineArn"])[0]
            seconds = machines[started].get("TimeoutSeconds", EXPRESS_SECONDS)
            if state["TimeoutSeconds"] <= seconds:
                yield f"{name} does not outlast {started}, which may take {seconds} s"


def _longest_seconds(task: Mapping[str, Any]) -> int:
    """Return how long a task may take: every attempt its whole time, every wait its longest."""
    attempts, waits = 1, 0
    for retry in task.get("Retry", []):
        attempts += retry.get("MaxAttempts", 3)
        for attempt in range(retry.get("MaxAttempts", 3)):
            wait = retry.get("IntervalSeconds", 1) * retry.get("BackoffRate", 2) ** attempt
            waits += min(wait, retry.get("MaxDelaySeconds", wait))
    return int(attempts * task["TimeoutSeconds"] + waits)


def _task_problems(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    if "TimeoutSeconds" not in state:
        yield f"{name} has no TimeoutSeconds"
    if not state.get("Retry"):
        yield f"{name} retries nothing"
    for retry in state.get("Retry", []):
        # A rate of 1 is a fixed wait for something known to take that long; no attempt is no wait.
        has_no_jitter = retry.get("BackoffRate") == 1 or retry.get("MaxAttempts") == 0
        if not has_no_jitter and (
            retry.get("JitterStrategy") != "FULL" or "MaxDelaySeconds" not in retry
        ):
            yield f"{name} retries without full jitter and MaxDelaySeconds"
    if state.get("Retry") and state["Retry"][-1]["ErrorEquals"] != ["States.TaskFailed"]:
        yield f"{name} does not retry States.TaskFailed last"
    catches = state.get("Catch", [])
    if not catches:
        yield f"{name} catches nothing"
    elif catches[-1]["ErrorEquals"] != ["States.ALL"]:
        yield f"{name} does not catch States.ALL last"


def _decode(template_file: Path) -> dict[str, Any]:
    template, errors = cfnlint.decode.decode(str(template_file))
    if template is None or errors:
        raise ValueError(f"{template_file}: {errors}")
    return dict(template)


def _plain(node: Any) -> Any:
    """Return cfn-lint's nodes, which know their lines, as plain values."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return str(node) if isinstance(node, str) else node
