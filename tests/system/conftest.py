"""The deployed program, one for all tests that need no cloud of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.program import SHORT_PROGRAM, Program


@pytest.fixture(scope="session")
def shared_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("program")) as program:
        program.put("/v1/program", {"based_on_version": 0, "definition": SHORT_PROGRAM})
        yield program


@pytest.fixture
def program(shared_program: Program) -> Program:
    """The shared program at noon; every test brings its own customers."""
    shared_program.cloud.delete("/_local/faults")
    shared_program.advance_to_noon()
    return shared_program
