"""The laptop cloud's commands."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from local import client, cloud, launch, status
from local.client import NotRunningError, RefusedError
from local.deploy import DeployError
from local.identity import Issuer, UnknownRoleError
from local.launch import LauncherFailedError
from local.outputs import Outputs
from local.package import PackagingError
from local.recipients import addresses_of
from local.replay.alone import ReplayRefusedError
from local.supervisor import AlreadyRunningError, PortInUseError
from local.workspace import Workspace

app = typer.Typer(
    help="Run the whole program on this machine.", no_args_is_help=True, add_completion=False
)
clock_app = typer.Typer(help="Show or change the program's time.", invoke_without_command=True)
app.add_typer(clock_app, name="clock")

console = Console()
error_console = Console(stderr=True)

_EXPECTED_ERRORS = (
    AlreadyRunningError,
    DeployError,
    LauncherFailedError,
    NotRunningError,
    PackagingError,
    PortInUseError,
    RefusedError,
    ReplayRefusedError,
    UnknownRoleError,
)


_ERROR_CHARACTERS = 400
_ADDRESSES = (
    ("ApiUrl", "API"),
    ("DocsUrl", "docs"),
    ("PortalUrl", "portal"),
    ("ConsoleUrl", "console"),
    ("MailUrl", "sent mail"),
)


class Mode(StrEnum):
    """How the clock runs."""

    wall = "wall"
    stepped = "stepped"


def main() -> None:
    """Run a command; errors that a person can do something about are one red message."""
    try:
        app()
    except _EXPECTED_ERRORS as error:
        error_console.print(
            "error:", error, style="red", highlight=False, markup=False, soft_wrap=True
        )
        sys.exit(1)


@app.command()
def up(
    *,
    detach: Annotated[
        bool, typer.Option(help="Return when it runs, and leave it running.")
    ] = False,
    demo: Annotated[bool, typer.Option(help="Replay a year of 40 households meanwhile.")] = False,
    clock: Annotated[Mode | None, typer.Option(help="How the program's time runs.")] = None,
    now: Annotated[str | None, typer.Option(help="The program's time (ISO 8601); stepped.")] = None,
) -> None:
    """Start the laptop cloud and deploy the product on it; Ctrl-C stops everything."""
    workspace = Workspace.from_environment()
    with _stopped_by_signals():
        with console.status("starting and deploying"):
            started = launch.start(workspace, with_parent=not detach)
        try:
            if clock or now:
                _set_clock(workspace, clock or Mode.stepped, now, None)
            if demo:
                launch.demo_of(workspace).start(with_parent=False)
            _print_addresses(workspace, started.outputs, demo=demo)
            if detach:
                return
            console.print("Ctrl-C stops it")
            code = started.launcher.wait()
        except KeyboardInterrupt:
            _ignore_signals()
            console.print("stopping")
            code = 0
        finally:
            if not detach:
                launch.stop(workspace)
                started.launcher.wait()
    if code != 0:
        raise LauncherFailedError(
            f"the launcher ended:\n{launch.launcher_of(workspace).log_tail()}"
        )
    console.print("stopped")


@app.command()
def down() -> None:
    """Stop the laptop cloud; its state stays."""
    workspace = Workspace.from_environment()
    if not launch.stop(workspace):
        raise NotRunningError(workspace)
    console.print("stopped")


@app.command()
def deploy() -> None:
    """Deploy changed code or templates into the running cloud."""
    workspace = Workspace.from_environment()
    client.get(workspace, "/_local/clock")
    deployment, _ = cloud.deploy_product(workspace)
    console.print("deployed" if deployment.changed else "nothing has changed")


@app.command(name="status")
def show_status() -> None:
    """Show what runs, what it did, and what went wrong."""
    workspace = Workspace.from_environment()
    clock = client.get(workspace, "/_local/clock")
    found = status.collect(workspace)
    console.print(f"running at {workspace.url} (process {launch.launcher_of(workspace).pid()})")
    if launch.demo_of(workspace).pid() is not None:
        console.print(f"the demo is running, see {workspace.demo_log_file}", soft_wrap=True)
    elif outcome := status.demo_outcome(workspace):
        console.print(f"the demo has ended: {outcome}", soft_wrap=True, markup=False)
    _print_clock(clock)
    if found is None:
        console.print("the product is not deployed")
        return
    counts = Table("what", "count")
    for table, items in found.items.items():
        counts.add_row(f"items in {table}", str(items))
    for machine, states in found.executions.items():
        shown = ", ".join(f"{state} {count}" for state, count in sorted(states.items()))
        counts.add_row(f"executions of {machine}", shown or "0")
    for queue, messages in found.messages.items():
        counts.add_row(f"messages in {queue}", f"[red]{messages}[/red]" if messages else "0")
    mails = client.get(workspace, "/_local/mail?format=json")["items"]
    counts.add_row("messages sent", str(len(mails)))
    console.print(counts)
    for error in found.errors:
        shown = error[:_ERROR_CHARACTERS]
        console.print(shown, style="red", highlight=False, markup=False, soft_wrap=True)


@app.command()
def mail(
    member: Annotated[
        str | None, typer.Option(help="Only to this member: id, e-mail address or number.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with texts.")] = False,
) -> None:
    """List what was sent, newest first."""
    workspace = Workspace.from_environment()
    messages = client.get(workspace, "/_local/mail?format=json")["items"]
    if member is not None:
        wanted = addresses_of(workspace, member)
        messages = [
            message
            for message in messages
            if wanted & {address.casefold() for address in message["to"]}
        ]
    if as_json:
        print(json.dumps(messages, indent=1))
        return
    for message in messages:
        to = ", ".join(message["to"])
        console.print(f"[bold]{message['subject'] or message['channel']}[/bold]", highlight=False)
        console.print(f"  {message['sent_at']}  to {to}", highlight=False)
        for link in message["links"]:
            # Links stay whole on one line, so that they can be copied and piped.
            console.print(f"  {link}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"{len(messages)} messages")


@app.command()
def token(
    role: Annotated[str, typer.Option(help="staff, a role, member:<id>, or <role>:<member id>.")],
    subject: Annotated[str | None, typer.Option(help="Who it is; the role by default.")] = None,
) -> None:
    """Print a bearer token for the API."""
    print(Issuer.of(Workspace.from_environment()).token(role, subject))


@clock_app.callback()
def show_clock(context: typer.Context) -> None:
    """Show or change the program's time."""
    if context.invoked_subcommand is None:
        _print_clock(client.get(Workspace.from_environment(), "/_local/clock"))


@clock_app.command(name="set")
def set_clock(
    mode: Annotated[Mode, typer.Option(help="wall: runs by itself; stepped: stands till moved.")],
    now: Annotated[str | None, typer.Option(help="The program's time (ISO 8601).")] = None,
    rate: Annotated[float | None, typer.Option(help="Program seconds per second (wall).")] = None,
) -> None:
    """Change how the clock runs, and set it."""
    _print_clock(_set_clock(Workspace.from_environment(), mode, now, rate))


@clock_app.command(name="advance")
def advance_clock(
    to: Annotated[str, typer.Argument(help="A date, or a time with zone (ISO 8601).")],
) -> None:
    """Let everything happen that is due until then, in order."""
    command = {"advance_to": _moment(to)}
    _print_clock(client.post(Workspace.from_environment(), "/_local/clock", command))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def replay(context: typer.Context) -> None:
    """Send a year of a real grocer's orders through the program; see replay --help."""
    # Its data set takes a while to import, which no other command should wait for.
    from local.replay.cli import replay as replay_command

    typer.main.get_command(_single_command(replay_command)).main(
        args=context.args, prog_name="python -m local replay"
    )


def _single_command(function: Any) -> typer.Typer:
    single = typer.Typer(add_completion=False)
    single.command()(function)
    return single


def _set_clock(workspace: Workspace, mode: Mode, now: str | None, rate: float | None) -> Any:
    command: dict[str, Any] = {"mode": mode.value}
    if now is not None:
        command["now"] = _moment(now)
    if rate is not None:
        command["rate"] = rate
    return client.post(workspace, "/_local/clock", command)


def _moment(stamp: str) -> str:
    """A plain date is its first moment in UTC."""
    moment = f"{stamp}T00:00:00Z" if len(stamp) == len("2017-01-01") else stamp
    try:
        is_clear = datetime.fromisoformat(moment).tzinfo is not None
    except ValueError:
        is_clear = False
    if not is_clear:
        raise typer.BadParameter(f"{stamp!r} is no date, and no time with a zone (ISO 8601)")
    return moment


def _print_clock(state: dict[str, Any]) -> None:
    console.print(f"clock: {state['now']}, {state['mode']}", highlight=False)
    if state["next_due"]:
        console.print(f"next due: {state['next_due']}", highlight=False)
    if state["pending"]:
        console.print(f"in flight: {state['pending']}", highlight=False)


def _print_addresses(workspace: Workspace, outputs: Outputs, *, demo: bool) -> None:
    shown = [(label, outputs[name]) for name, label in _ADDRESSES]
    shown += [("outputs", str(workspace.outputs_file)), ("log", str(workspace.log_file))]
    if demo:
        shown.append(("demo's log", str(workspace.demo_log_file)))
    shown.append(("token", ".venv/bin/python -m local token --role staff"))
    console.print("ready", style="green")
    for label, address in shown:
        console.print(f"  {label:<10}  {address}", soft_wrap=True, highlight=False, markup=False)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """A request to end reaches the program as Ctrl-C does, so that nothing is left running."""
    # SIGINT too: a shell starts what runs in the background with it ignored.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
