"""Deploying a template to the emulator, and what is said when that fails."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from local.deploy import DeployError, Deployment, deploy, describe
from tests.support.ministack import Cloud, wait_until

Deploy = Callable[[], Deployment]

BROKEN_RESOURCE = """  Broken:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/nobody
      DefinitionS3Location: {Bucket: nowhere, Key: nothing.json}

  Rule:
"""


@pytest.fixture
def deploy_app(cloud: Cloud, sample_app: Path, unique: str) -> Deploy:
    def run() -> Deployment:
        parameters = {"PublicUrl": "https://elite.example", "Unknown": "left out"}
        return deploy(cloud, sample_app / "template.yaml", unique, parameters)

    return run


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def ask(cloud: Cloud, deployment: Deployment, path: str) -> str:
    api = deployment.rest_api
    assert api is not None
    url = f"{cloud.url}/_aws/execute-api/{api.api_id}/{api.stage}{path}"
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def test_the_api_answers_with_the_templates_parameters(cloud: Cloud, deploy_app: Deploy) -> None:
    answer = json.loads(ask(cloud, deploy_app(), "/docs?q=1"))

    assert answer["public_url"] == "https://elite.example"
    assert answer["query"] == {"q": ["1"]}


def test_a_machine_of_yaml_runs_through_functions_and_layers(
    cloud: Cloud, deploy_app: Deploy
) -> None:
    machine = deploy_app().outputs["MachineArn"]
    client = cloud.client("stepfunctions")
    run = client.start_execution(stateMachineArn=machine, input='{"name": "Ann"}')

    def finished() -> dict[str, str] | None:
        found: dict[str, str] = client.describe_execution(executionArn=run["executionArn"])
        return None if found["status"] == "RUNNING" else found

    assert json.loads(wait_until(finished)["output"]) == "Hello Ann"


def test_nothing_is_deployed_again_when_nothing_changed(deploy_app: Deploy) -> None:
    first = deploy_app()
    again = deploy_app()

    assert (first.changed, again.changed) == (True, False)
    assert again.outputs == first.outputs


def test_changed_code_is_what_answers_next(
    cloud: Cloud, deploy_app: Deploy, sample_app: Path
) -> None:
    before = deploy_app()
    ask(cloud, before, "/docs")
    edit(sample_app / "functions/hello/echo.py", '"public_url"', '"changed_url"')

    after = deploy_app()

    assert after.changed
    assert "changed_url" in ask(cloud, after, "/docs")
    assert after.rest_api == before.rest_api


def test_a_resource_that_fails_is_named_with_its_reason(
    deploy_app: Deploy, sample_app: Path
) -> None:
    edit(sample_app / "template.yaml", "  Rule:\n", BROKEN_RESOURCE)

    with pytest.raises(DeployError, match=r"Broken \(AWS::StepFunctions::StateMachine\): .+"):
        deploy_app()


def test_a_failed_first_deploy_can_be_tried_again(deploy_app: Deploy, sample_app: Path) -> None:
    edit(sample_app / "template.yaml", "  Rule:\n", BROKEN_RESOURCE)
    with pytest.raises(DeployError):
        deploy_app()
    edit(sample_app / "template.yaml", BROKEN_RESOURCE, "  Rule:\n")

    assert deploy_app().changed


def test_a_failed_update_leaves_what_was_there(
    cloud: Cloud, deploy_app: Deploy, sample_app: Path, unique: str
) -> None:
    before = deploy_app()
    edit(sample_app / "template.yaml", "  Rule:\n", BROKEN_RESOURCE)
    with pytest.raises(DeployError, match="Broken"):
        deploy_app()

    now = describe(cloud, unique)
    assert now is not None
    assert now.outputs == before.outputs
    assert "public_url" in ask(cloud, now, "/docs")


def test_a_template_that_makes_no_sense_is_refused(deploy_app: Deploy, sample_app: Path) -> None:
    edit(sample_app / "template.yaml", "AWS::Events::Rule", "AWS::Events::Wish")

    with pytest.raises(DeployError, match="AWS::Events::Wish"):
        deploy_app()


def test_a_stack_that_is_not_there_has_no_description(cloud: Cloud, unique: str) -> None:
    assert describe(cloud, unique) is None


def test_a_deploy_that_a_crash_cut_off_is_done_again(sample_app: Path, tmp_path: Path) -> None:
    with Cloud(tmp_path / "cloud") as cloud:
        template_file = sample_app / "template.yaml"
        deploy(cloud, template_file, "sample", {})
        cloud.stop()
        state_file = tmp_path / "cloud" / "emulator" / "state.json"
        edit(state_file, '"StackStatus": "CREATE_COMPLETE"', '"StackStatus": "CREATE_IN_PROGRESS"')
        cloud.start()

        again = deploy(cloud, template_file, "sample", {})

        assert again.changed
        assert json.loads(ask(cloud, again, "/docs"))["path"] == "/docs"
