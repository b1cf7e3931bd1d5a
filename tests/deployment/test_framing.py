"""No case of the framing corpus gets a hidden request through, past nginx or past gunicorn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attack.framing import fault_of, to_port, to_socket
from attack.framing_corpus import CORPUS, HIDDEN_PATH, Case
from attack.target import Target, running_target


@pytest.fixture(scope="module")
def target(_needs_nginx: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The service in production mode behind nginx; it writes down what it carries out."""
    with running_target(tmp_path_factory.mktemp("target")) as running:
        yield running
        # What came late would be no less carried out.
        assert HIDDEN_PATH not in running.paths_log.read_text().splitlines()
        assert "Traceback" not in running.service_log.read_text()


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_nginx_lets_no_hidden_request_through(target: Target, case: Case) -> None:
    fault = fault_of(case, to_port(target.port), target.sold.admin, target.paths_log)
    assert fault is None


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_gunicorn_finds_no_hidden_request_either(target: Target, case: Case) -> None:
    connect = to_socket(target.socket)
    fault = fault_of(case, connect, target.sold.admin, target.paths_log, is_direct=True)
    assert fault is None


def test_the_names_of_cases_differ() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS) > 140
