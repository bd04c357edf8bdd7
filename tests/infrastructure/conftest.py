"""The template, translated once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cfnlint.decode
import pytest
from cfnlint.template import Template

from lint import house

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def translated() -> dict[str, dict[str, Any]]:
    """The template's resources as CloudFormation will see them; not to be changed."""
    template, errors = cfnlint.decode.decode(str(ROOT / "template.yaml"))
    assert not errors
    cfn = Template("template.yaml", template, ["eu-central-1"])
    cfn.transform()
    return house.translate({"Resources": cfn.template["Resources"]})
