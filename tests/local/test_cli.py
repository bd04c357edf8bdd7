"""The command line, with the real launcher and the sample app."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.deploy import Cloud
from local.supervisor import ManagedProcess
from local.workspace import HOST, Workspace
from tests.support.ministack import ROOT, free_port, wait_until

START_SECONDS = 30.0


@dataclass
class CommandLine:
    """Runs commands for one workspace, as a person in a terminal does."""

    workspace: Workspace

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=ROOT, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LOYALTY_PORT": str(self.workspace.port),
            "LOYALTY_STATE_DIR": str(self.workspace.state_dir),
            "LOYALTY_ROOT": str(self.workspace.root),
            "LOYALTY_SNAPSHOT_SECONDS": "0.2",
        }

    def launcher_pid(self) -> int | None:
        pid_file = self.workspace.state_dir / "launcher.pid"
        return ManagedProcess("", (), pid_file, pid_file, {}).pid()

    def outputs(self) -> dict[str, str]:
        content: dict[str, str] = json.loads(self.workspace.outputs_file.read_text())
        return content

    def cloud(self) -> Cloud:
        return Cloud(self.workspace.url)

    def echo(self, path: str, token: str = "") -> dict[str, Any]:
        """What the app saw of a request to its public address."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.workspace.url + path, headers=headers)
        with urllib.request.urlopen(request) as answer:
            seen: dict[str, Any] = json.load(answer)
            return seen


@pytest.fixture
def shell(sample_app: Path, tmp_path: Path) -> Iterator[CommandLine]:
    command_line = CommandLine(Workspace(sample_app, tmp_path / "state", free_port()))
    yield command_line
    command_line.run("down")
    assert command_line.launcher_pid() is None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """One cloud for the tests that leave it as it is."""
    sample_app = Path(__file__).parent / "sample_app"
    state_dir = tmp_path_factory.mktemp("cloud")
    command_line = CommandLine(Workspace(sample_app, state_dir, free_port()))
    up = command_line.run("up", "--detach", "--clock", "stepped", "--now", "2017-01-01")
    assert up.returncode == 0, up.stderr
    yield command_line
    assert command_line.run("down").returncode == 0


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            return
    raise AssertionError("it ended before it was ready")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_stays_until_it_is_told_to_stop_and_leaves_nothing(
    shell: CommandLine, number: signal.Signals
) -> None:
    process = shell.start("up")
    wait_until_ready(process)
    assert shell.echo("/docs")["public_url"] == shell.workspace.url

    process.send_signal(number)

    assert process.wait(START_SECONDS) == 0
    assert shell.launcher_pid() is None


def test_a_killed_up_takes_the_launcher_with_it(shell: CommandLine) -> None:
    process = shell.start("up")
    wait_until_ready(process)

    process.kill()
    process.wait()

    wait_until(lambda: shell.launcher_pid() is None, START_SECONDS)


def test_up_ends_with_an_error_when_the_launcher_is_killed(shell: CommandLine) -> None:
    process = shell.start("up")
    wait_until_ready(process)
    pid = shell.launcher_pid()
    assert pid is not None

    os.kill(pid, signal.SIGKILL)

    assert process.wait(START_SECONDS) == 1


def test_after_a_kill_everything_is_there_and_nothing_is_deployed_again(
    shell: CommandLine,
) -> None:
    assert shell.run("up", "--detach").returncode == 0
    outputs = shell.outputs()
    table = outputs["TableName"]
    shell.run("clock", "set", "--mode", "stepped", "--now", "2017-03-01")
    item = {"pk": {"S": "ann"}, "sk": {"S": "PROFILE"}}
    shell.cloud().client("dynamodb").put_item(TableName=table, Item=item)
    snapshot = shell.workspace.state_dir / "emulator" / "state.json"
    wait_until(lambda: snapshot.exists() and '"ann"' in snapshot.read_text(), START_SECONDS)
    pid = shell.launcher_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: shell.launcher_pid() is None)

    assert shell.run("up", "--detach").returncode == 0

    assert shell.run("deploy").stdout.strip() == "nothing has changed"
    assert shell.outputs() == outputs
    assert shell.cloud().client("dynamodb").scan(TableName=table)["Count"] == 1
    assert "2017-03-01T00:00:00.000Z, stepped" in shell.run("clock").stdout
    assert shell.echo("/docs")["path"] == "/docs"


def test_a_template_that_fails_leaves_nothing_running(shell: CommandLine) -> None:
    (shell.workspace.root / "statemachines" / "greeting.asl.yaml").unlink()

    up = shell.run("up", "--detach")

    assert up.returncode == 1
    assert "greeting.asl.yaml does not exist" in up.stderr
    assert "Traceback" not in up.stderr
    assert shell.launcher_pid() is None


def test_a_port_in_use_is_named(shell: CommandLine) -> None:
    with socket.create_server((HOST, shell.workspace.port)):
        up = shell.run("up")

    assert up.returncode == 1
    assert f"port {shell.workspace.port} is in use" in up.stderr


@pytest.mark.parametrize("arguments", [["down"], ["status"], ["deploy"]])
def test_without_a_cloud_commands_say_how_to_start_one(
    shell: CommandLine, arguments: list[str]
) -> None:
    answer = shell.run(*arguments)

    assert answer.returncode == 1
    assert "start it with: python -m local up" in answer.stderr


def test_a_second_up_is_refused(running: CommandLine) -> None:
    up = running.run("up")

    assert up.returncode == 1
    assert f"runs already (process {running.launcher_pid()})" in up.stderr


def test_a_token_opens_the_api_through_its_authorizer(running: CommandLine) -> None:
    token = running.run("token", "--role", "member:m3kabc").stdout.strip()

    assert running.echo("/v1/closed", token)["principal"] == "m3kabc"
    with pytest.raises(urllib.request.HTTPError, match="401"):
        running.echo("/v1/closed", f"{token}x")


def test_an_unknown_role_is_refused(running: CommandLine) -> None:
    answer = running.run("token", "--role", "boss")

    assert answer.returncode == 1
    assert "unknown role 'boss'" in answer.stderr


def test_outputs_name_every_address(running: CommandLine) -> None:
    outputs = running.outputs()

    assert outputs["ApiUrl"] == f"{running.workspace.url}/v1"
    assert outputs["MachineArn"].startswith("arn:aws:states:")
    with urllib.request.urlopen(outputs["MailUrl"]) as answer:
        assert answer.headers["Content-Type"].startswith("text/html")


def test_mail_lists_what_was_sent_with_its_links(running: CommandLine) -> None:
    ses = running.cloud().client("sesv2")
    ses.create_email_identity(EmailIdentity="shop@example.org")
    link = f"{running.workspace.url}/v1/invitations/{'x' * 200}"
    for address in ("ann@example.org", "bob@example.org"):
        ses.send_email(
            FromEmailAddress="shop@example.org",
            Destination={"ToAddresses": [address]},
            Content={
                "Simple": {
                    "Subject": {"Data": "Join"},
                    "Body": {"Text": {"Data": f"Go: {link}"}},
                    "Headers": [{"Name": "List-Unsubscribe", "Value": "<http://x/u>"}],
                }
            },
        )

    profile = {
        "pk": {"S": "MEMBER#m3kabc"},
        "sk": {"S": "PROFILE"},
        "identities": {"S": '[{"kind": "email", "value": "ann@example.org"}]'},
    }
    table = running.outputs()["TableName"]
    running.cloud().client("dynamodb").put_item(TableName=table, Item=profile)

    by_address = json.loads(running.run("mail", "--member", "Ann@example.org", "--json").stdout)
    by_id = json.loads(running.run("mail", "--member", "m3kabc", "--json").stdout)
    listed = running.run("mail").stdout

    [message] = by_id
    assert by_address == by_id
    assert message["to"] == ["ann@example.org"]
    assert message["sent_at"].startswith("2017-01-")
    assert message["links"] == [link]
    assert message["headers"] == {"List-Unsubscribe": "<http://x/u>"}
    assert listed.splitlines().count(f"  {link}") == 2
    assert "there is no member nobody" in running.run("mail", "--member", "nobody").stderr


def test_the_clock_is_moved_from_the_command_line(running: CommandLine) -> None:
    moved = running.run("clock", "advance", "2017-01-02")
    back = running.run("clock", "advance", "2016-01-01")

    assert "2017-01-02T00:00:00.000Z, stepped" in moved.stdout
    assert back.returncode == 1
    assert "2016-01-01T00:00:00.000Z is before" in back.stderr
    for unclear in ("nonsense", "2017-01-02T10:00:00"):
        refused = running.run("clock", "advance", unclear)
        assert refused.returncode == 2
        assert "is no date, and no time with a zone" in refused.stderr


def test_status_tells_how_the_demo_ended(running: CommandLine) -> None:
    running.workspace.demo_log_file.write_text("12 of 40\n40 households, 0 differences, 9 s\n\n")

    shown = running.run("status").stdout

    assert "the demo has ended: 40 households, 0 differences, 9 s\n" in shown


def test_status_shows_what_there_is_and_what_went_wrong(running: CommandLine) -> None:
    functions = running.cloud().client("lambda").list_functions()["Functions"]
    [echo] = [one["FunctionName"] for one in functions if "EchoFunction" in one["FunctionName"]]
    running.cloud().client("lambda").invoke(FunctionName=echo, Payload="[]")

    shown = running.run("status").stdout

    assert "items in MembersTable" in shown
    assert "executions of Machine" in shown
    assert f"running at {running.workspace.url}" in shown
    assert "AttributeError" in shown
