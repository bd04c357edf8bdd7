"""Packaging: what the emulator gets instead of the paths in the template."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import package
from local.package import Package, PackagingError

BUCKET = "artifacts"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3", region_name="eu-central-1")


def built(app: Path) -> Package:
    return package.build(app / "template.yaml", BUCKET)


def keys(app: Path) -> list[str]:
    return [artifact.key for artifact in built(app).artifacts]


def content(app: Path, kind: str) -> bytes:
    [artifact] = [item for item in built(app).artifacts if item.key.startswith(kind)]
    return artifact.content()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def layers(app: Path) -> list[dict[str, bytes]]:
    return [
        unzipped(artifact.content())
        for artifact in built(app).artifacts
        if artifact.key.startswith("layer-")
    ]


def test_what_a_link_in_a_layer_leads_to_is_packaged(sample_app: Path) -> None:
    pages = sample_app / "web" / "templates"
    pages.mkdir(parents=True)
    (pages / "home.html").write_text("<h1>Home</h1>")
    (sample_app / "layers/shared/shared/web").symlink_to("../../../web")

    [files] = [files for files in layers(sample_app) if files]

    assert files["python/shared/web/templates/home.html"] == b"<h1>Home</h1>"


def test_all_functions_share_one_zip_of_their_folder(sample_app: Path) -> None:
    template = built(sample_app).template

    code = template["Globals"]["Function"]["CodeUri"]
    assert code["Bucket"] == BUCKET
    assert [key for key in keys(sample_app) if key.startswith("code-")] == [code["Key"]]
    assert "hello/echo.py" in unzipped(content(sample_app, "code-"))


def test_a_function_with_a_folder_of_its_own_gets_its_own_zip(sample_app: Path) -> None:
    template_file = sample_app / "template.yaml"
    handler = "Handler: hello.authorizer.handler"
    template_file.write_text(
        template_file.read_text().replace(handler, f"{handler}\n      CodeUri: layers/shared/")
    )

    assert len([key for key in keys(sample_app) if key.startswith("code-")]) == 2


def test_a_layer_has_its_packages_where_lambda_looks_for_them(sample_app: Path) -> None:
    assert {name for files in layers(sample_app) for name in files if name.endswith(".py")} == {
        "python/shared/__init__.py",
        "python/shared/greeting.py",
    }


def test_the_layer_of_pinned_dependencies_is_empty_locally(sample_app: Path) -> None:
    assert {} in layers(sample_app)


def test_a_state_machine_becomes_json_with_its_times_as_text(sample_app: Path) -> None:
    definition = json.loads(content(sample_app, "greeting"))

    arguments = definition["States"]["Greet"]["Arguments"]
    assert arguments["FunctionName"] == "${EchoFunctionArn}"
    assert arguments["Payload"]["since"] == "2017-01-01T00:00:00Z"


def test_resources_in_a_loop_are_packaged_too(sample_app: Path) -> None:
    template_file = sample_app / "template.yaml"
    loop = """
  Fn::ForEach::Machines:
    - Name
    - [First, Second]
    - ${Name}Machine:
        Type: AWS::Serverless::StateMachine
        Properties:
          DefinitionUri: statemachines/greeting.asl.yaml

Outputs:"""
    template_file.write_text(template_file.read_text().replace("\nOutputs:", loop))

    _, _, body = built(sample_app).template["Resources"]["Fn::ForEach::Machines"]
    assert body["${Name}Machine"]["Properties"]["DefinitionUri"]["Bucket"] == BUCKET


def test_unchanged_sources_keep_their_names(sample_app: Path) -> None:
    before = keys(sample_app)
    (sample_app / "functions/hello/__pycache__").mkdir()
    (sample_app / "functions/hello/__pycache__/echo.cpython-311.pyc").write_bytes(b"cache")
    (sample_app / "functions/hello/echo.py").touch()

    assert keys(sample_app) == before


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ("functions/hello/echo.py", "code-"),
        ("layers/shared/shared/greeting.py", "layer-"),
        ("statemachines/greeting.asl.yaml", "greeting-"),
    ],
)
def test_only_what_changed_gets_a_new_name(sample_app: Path, changed: str, kind: str) -> None:
    before = set(keys(sample_app))
    file = sample_app / changed
    text = file.read_text()
    file.write_text(text.replace("Comment: Greets", "Comment: Meets") + "\n# changed\n")

    [new_key] = set(keys(sample_app)) - before
    assert new_key.startswith(kind)


def test_workers_find_byte_code_that_needs_no_check(sample_app: Path) -> None:
    files = unzipped(content(sample_app, "code-"))

    [byte_code] = [data for name, data in files.items() if "__pycache__/echo." in name]
    unchecked_hash = (1).to_bytes(4, "little")
    assert byte_code[4:8] == unchecked_hash


def test_only_missing_artifacts_are_uploaded(sample_app: Path, s3: Any) -> None:
    first = package.upload(built(sample_app), s3, BUCKET)
    again = package.upload(built(sample_app), s3, BUCKET)
    (sample_app / "functions/hello/new.py").write_text("ANSWER = 42\n")
    after_change = package.upload(built(sample_app), s3, BUCKET)

    assert (first, again, after_change) == (4, 0, 1)


def test_a_missing_folder_is_named(sample_app: Path) -> None:
    (sample_app / "statemachines/greeting.asl.yaml").unlink()

    with pytest.raises(PackagingError, match=r"greeting\.asl\.yaml does not exist"):
        built(sample_app)


def test_a_syntax_error_is_named_before_anything_is_deployed(sample_app: Path) -> None:
    (sample_app / "functions/hello/echo.py").write_text("def handler(:\n")

    with pytest.raises(PackagingError, match=r"hello/echo\.py does not compile"):
        content(sample_app, "code-")
