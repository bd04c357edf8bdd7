"""Turn ``template.yaml`` into one that the emulator deploys, without ``sam build``.

All functions share one zip of their common folder, layers become zips of the Python packages
in their folder, state machines become JSON (the emulator reads no YAML). Every artifact is
named after its content: what did not change keeps its name, so a second deploy updates nothing.

The dependencies' layer has no package in its folder, only pinned requirements, and so becomes an
empty zip: locally the handlers run with the launcher's Python, which has the same pins installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import logging
import os
import py_compile
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import intrinsics_multi_constructor
from yaml import SafeLoader, YAMLError

Template = dict[str, Any]

logger = logging.getLogger(__name__)

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackagingError(Exception):
    """The template or something it names cannot be packaged; the message says what and why."""


@dataclass(frozen=True)
class Artifact:
    """One object for the artifact bucket.

    Its key names its content, so an object that is already in the bucket needs no upload, and
    ``content`` is called only when there is one to do.
    """

    key: str
    content: Callable[[], bytes]


@dataclass(frozen=True)
class Package:
    """A deployable template and the artifacts that it refers to."""

    template: Template
    artifacts: tuple[Artifact, ...]


class _TextLoader(SafeLoader):
    """YAML in which dates stay the strings that CloudFormation and Step Functions expect."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
_TextLoader.add_multi_constructor("!", intrinsics_multi_constructor)


def read_yaml(path: Path) -> Template:
    """Read a template or state machine, short intrinsics (``!Ref``) in their long form."""
    try:
        document = _TextLoader(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError:
        raise PackagingError(f"{path} does not exist") from None
    except YAMLError as error:
        raise PackagingError(f"{path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise PackagingError(f"{path} holds no mapping")
    return document


def build(template_file: Path, bucket: str) -> Package:
    """Package a template.

    Parameters
    ----------
    template_file
        A SAM template; the paths in it are relative to its folder.
    bucket
        Where the artifacts will be when the template is deployed.

    Raises
    ------
    PackagingError
        A file is missing or cannot be read.
    """
    template = read_yaml(template_file)
    builder = _Builder(template_file.parent, bucket)
    function_defaults = template.get("Globals", {}).get("Function", {})
    builder.replace(function_defaults, "CodeUri", builder.code)
    for resource in _resources(template.get("Resources", {})):
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::Function":
                builder.replace(properties, "CodeUri", builder.code)
            case "AWS::Serverless::LayerVersion":
                builder.replace(properties, "ContentUri", builder.layer)
            case "AWS::Serverless::StateMachine":
                builder.replace(properties, "DefinitionUri", builder.state_machine)
    return Package(template, tuple(builder.artifacts.values()))


def _resources(section: Template) -> Iterator[Template]:
    """Every resource of a template's section, those in loops (``Fn::ForEach``) too."""
    for name, resource in section.items():
        if name.startswith("Fn::ForEach::"):
            _, _, body = resource
            yield from _resources(body)
        else:
            yield resource


def upload(package: Package, s3: Any, bucket: str) -> int:
    """Put the artifacts that are not in the bucket yet; answers how many those were."""
    try:
        s3.create_bucket(
            Bucket=bucket,
            CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
        )
    except s3.exceptions.BucketAlreadyOwnedByYou:
        logger.debug("bucket %s is there already", bucket)
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    present = {entry["Key"] for page in listed for entry in page.get("Contents", [])}
    missing = [artifact for artifact in package.artifacts if artifact.key not in present]
    for artifact in missing:
        s3.put_object(Bucket=bucket, Key=artifact.key, Body=artifact.content())
    return len(missing)


class _Builder:
    """Collects artifacts while the template's paths are replaced by their places in the bucket."""

    def __init__(self, root: Path, bucket: str) -> None:
        self.artifacts: dict[str, Artifact] = {}
        self._root = root
        self._bucket = bucket
        self._by_source: dict[tuple[str, Path], Artifact] = {}

    def replace(self, properties: Template, name: str, make: Callable[[Path], Artifact]) -> None:
        """Replace a path in a resource by an S3 location; anything else there stays."""
        value = properties.get(name)
        if not isinstance(value, str) or value.startswith("s3://"):
            return
        source = (name, self._root / value)
        if source not in self._by_source:
            self._by_source[source] = make(source[1])
        artifact = self._by_source[source]
        self.artifacts[artifact.key] = artifact
        properties[name] = {"Bucket": self._bucket, "Key": artifact.key}

    def code(self, folder: Path) -> Artifact:
        """Zip a folder of handlers as it is."""
        return _zip_artifact("code", _source_files(folder, folder))

    def layer(self, folder: Path) -> Artifact:
        """Zip the Python packages of a layer's folder, under ``python/`` as Lambda wants them."""
        _require_folder(folder)
        packages = sorted(path.parent for path in folder.glob("*/__init__.py"))
        files: dict[str, Path] = {}
        for package in packages:
            files |= {
                f"python/{name}": path for name, path in _source_files(package, folder).items()
            }
        return _zip_artifact("layer", files)

    def state_machine(self, definition_file: Path) -> Artifact:
        """Write a state machine's definition as JSON."""
        content = json.dumps(read_yaml(definition_file), indent=1).encode()
        name, _, _ = definition_file.name.partition(".")
        digest = hashlib.sha256(content).hexdigest()
        return Artifact(f"{name}-{digest[:16]}.json", lambda: content)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise PackagingError(f"{folder} is not a folder")


def _source_files(folder: Path, base: Path) -> dict[str, Path]:
    """Files under a folder by their name relative to ``base``, without caches and hidden files.

    What a link leads to belongs to the folder, as for ``sam build``.
    """
    _require_folder(folder)
    files = {
        Path(parent, name).relative_to(base).as_posix(): Path(parent, name)
        for parent, _, names in os.walk(folder, followlinks=True)
        for name in names
    }
    return {name: files[name] for name in sorted(files) if not _is_ignored(Path(name))}


def _is_ignored(name: Path) -> bool:
    return name.suffix == ".pyc" or any(
        part == "__pycache__" or part.startswith(".") for part in name.parts
    )


def _zip_artifact(kind: str, files: Mapping[str, Path]) -> Artifact:
    """An artifact whose key is the digest of its sources and of the Python that will run them."""
    digest = hashlib.sha256(sys.implementation.cache_tag.encode())
    contents = {name: path.read_bytes() for name, path in files.items()}
    for name, content in contents.items():
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return Artifact(f"{kind}-{digest.hexdigest()[:16]}.zip", lambda: _zip(contents.items()))


def _zip(contents: Iterable[tuple[str, bytes]]) -> bytes:
    """Zip files together with their byte code.

    Each worker of the emulator unpacks its own copy: with the byte code inside, none of them has
    to compile the whole program again.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents:
            _add(archive, name, content)
            if name.endswith(".py"):
                _add(archive, importlib.util.cache_from_source(name), _byte_code(name, content))
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)


def _byte_code(name: str, source: bytes) -> bytes:
    """Compile a module into byte code that is never checked against the age of its source."""
    with tempfile.TemporaryDirectory() as folder:
        source_file = Path(folder, "module.py")
        source_file.write_bytes(source)
        try:
            compiled = py_compile.compile(
                str(source_file),
                cfile=str(source_file.with_suffix(".pyc")),
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError as error:
            raise PackagingError(f"{name} does not compile: {error.msg}") from error
        return Path(str(compiled)).read_bytes()
