"""What docs/security.md says of tests is so, and what watches over new routes does."""

from __future__ import annotations

import ast
import re

import pytest
from flask import Flask

from tests.live import PROJECT
from tests.security.test_roles import (
    test_every_route_is_in_the_table as every_route_is_in_the_table,
)

DOCUMENT = (PROJECT / "docs" / "security.md").read_text()
RISKS = dict(re.findall(r"^## (API\d+): .*\n([^#]*)", DOCUMENT, re.MULTILINE))
NAMED = sorted(set(re.findall(r"`(tests/\S+\.py)::(\w+)`", DOCUMENT)))


def test_each_of_the_ten_risks_has_tests() -> None:
    assert list(RISKS) == [f"API{number}" for number in range(1, 11)]
    for risk, said in RISKS.items():
        assert "::test_" in said, risk


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((PROJECT / path).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_route_that_is_in_no_table_is_noticed() -> None:
    app = Flask(__name__)
    app.add_url_rule("/v1/backdoor", view_func=lambda: "", methods=["POST"])
    with pytest.raises(AssertionError, match="backdoor"):
        every_route_is_in_the_table(app)
