"""The command, on services that really run."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import click
import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskCliRunner

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.plan import NumberedPlan
from reservations.service import NewEvent, ReservationService
from tests.conftest import JWT_SECRET
from tests.live import PROJECT, LiveService, environment, free_port, live_service, wait_for

DONE, REFUSED, WRONG_USAGE, TRY_AGAIN = 0, 1, 2, 3
SMALL = {"sections": [{"name": "Stalls", "rows": 4, "seats_per_row": 10}]}
SHORT = ("--patrons", "60", "--minutes", "0.05", "--seed", "1")


class Rehearsed:
    """A live service with a small event, in whose settings commands are run."""

    def __init__(self, folder: Path, live: LiveService) -> None:
        self.live = live
        self.event_id = live.create_event(**SMALL)
        self.data = folder / "data"

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Run `flask rehearse` of the event in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "rehearse", self.event_id, *args],
            cwd=PROJECT,
            env=environment(MODE="development", DATA_DIR=self.data, PORT=self.live.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str) -> tuple[int, str, str]:
        """Run it to its end: the exit code, and what it has said."""
        process = self.start(*args)
        said, complained = process.communicate(timeout=60)
        return process.returncode, said, complained

    def events(self) -> list[dict[str, Any]]:
        """All events that there are."""
        client = self.live.client("alice")
        found: list[dict[str, Any]] = client.request("GET", "/v1/events").body["items"]
        client.close()
        return found


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """The service as it is."""
    folder = tmp_path_factory.mktemp("live")
    with live_service(folder, WEB_CONCURRENCY=2) as live:
        yield Rehearsed(folder, live)


@pytest.fixture
def run(runner: FlaskCliRunner) -> Callable[..., Result]:
    """Run `flask rehearse` with arguments, where no service listens."""

    def invoke(*args: str) -> Result:
        return runner.invoke(args=["rehearse", *args])

    return invoke


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def check_sound(told: dict[str, Any]) -> None:
    """Check that a report is of 60 patrons to whom nothing was sold twice."""
    assert [check["ok"] for check in told["checks"]] == [True] * 5, told["checks"]
    assert told["ok"] is True
    assert told["patrons"]["came"] == 60
    assert told["patrons"]["sent_home"] == 0
    assert 0 < told["seats"]["reserved"] <= told["seats"]["total"] == 40
    assert told["seats"]["reserved"] >= told["patrons"]["bought"] > 0
    assert "idempotency_key_reused" not in told["refused"]
    assert {"look", "hold", "reserve", "all"} <= set(told["milliseconds"])


class TestSale:
    def test_sells_nothing_twice_and_leaves_nothing_behind(self, rehearsed: Rehearsed) -> None:
        before = rehearsed.events()
        for _ in range(2):
            code, said, complained = rehearsed.run(*SHORT, "--json")
            assert (code, complained) == (DONE, "")
            told = json.loads(said)
            check_sound(told)
            assert told["event"] == rehearsed.event_id != told["copy"]
            assert rehearsed.events() == before

    def test_is_told_to_people_too(self, rehearsed: Rehearsed) -> None:
        code, said, complained = rehearsed.run(*SHORT)
        assert (code, complained) == (DONE, "")
        assert said.startswith("Rehearsal of Opening night at http://127.0.0.1:")
        assert said.count("\n  ok ") == 5

    def test_can_be_kept(self, rehearsed: Rehearsed) -> None:
        code, said, _ = rehearsed.run("--patrons", "5", "--minutes", "0.01", "--keep")
        copy, original = rehearsed.events()
        assert (code, original["id"]) == (DONE, rehearsed.event_id)
        assert said.endswith(f"\nThe copy is kept: {copy['id']}\n")
        admin = rehearsed.live.client("box-office", "admin")
        assert admin.request("DELETE", f"/v1/events/{copy['id']}?force=true").status == 204
        admin.close()

    def test_leaves_nothing_behind_on_ctrl_c(self, rehearsed: Rehearsed) -> None:
        process = rehearsed.start("--minutes", "5")
        wait_for(lambda: len(rehearsed.events()) == 2 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
        assert (process.returncode, said) == (REFUSED, "")
        assert "Aborted!" in complained
        assert [event["id"] for event in rehearsed.events()] == [rehearsed.event_id]


def test_the_command_of_an_application_whose_store_the_service_shares(
    settings: Settings, service: ReservationService, store_url: str, tmp_path: Path
) -> None:
    event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id
    shared = {"REDIS_URL": store_url, "JWT_SECRET": JWT_SECRET, "WEB_CONCURRENCY": 2}
    with live_service(tmp_path, **shared) as live:
        runner = create_app(replace(settings, port=live.port)).test_cli_runner()
        done = runner.invoke(args=["rehearse", event_id, *SHORT, "--json"])
    assert (done.exit_code, done.stderr) == (DONE, "")
    check_sound(json.loads(done.stdout))
    (left,) = service.events(10).items
    assert left.event.id == event_id


def test_a_service_that_sells_twice_is_caught(tmp_path: Path) -> None:
    mutant = "tests.rehearsal.mutants:selling_twice()"
    with live_service(tmp_path, mutant, WEB_CONCURRENCY=2) as live:
        rehearsed = Rehearsed(tmp_path, live)
        code, said, complained = rehearsed.run(*SHORT)
        assert len(rehearsed.events()) == 1
    assert code == REFUSED
    assert "SOMETHING IS WRONG" in said
    assert "  WRONG  No seat is in two reservations" in said
    assert re.search(r"Seat stalls-[A-D]-[0-9]+ was sold [0-9] times: to patron-", complained)
    assert "Error: Disagreements: " in complained.splitlines()[-1]


class Interrupted:
    """Ctrl+C at a moment at which Python drops what it has interrupts raise."""

    def __del__(self) -> None:
        """Be interrupted."""
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_is_heeded_also_when_it_comes_at_a_bad_moment(
    run: Callable[..., Result], service: ReservationService, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id

    def interrupted(*_args: object) -> str:
        Interrupted()
        return "token"

    monkeypatch.setattr("reservations.tokens.issue", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        refused = run(event_id, "--patrons", "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert refused.exit_code == REFUSED
    assert "Aborted!" in refused.stderr
    assert [each.event.id for each in service.events(10).items] == [event_id]


class TestAbsentService:
    def test_where_nobody_listens(
        self, run: Callable[..., Result], service: ReservationService
    ) -> None:
        event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id
        refused = run(event_id, "--url", f"http://127.0.0.1:{free_port()}")
        assert (refused.exit_code, refused.stdout) == (TRY_AGAIN, "")
        assert "does not answer" in refused.stderr
        assert refused.stderr.count("\n") == 1
        assert len(service.events(10).items) == 1

    def test_where_another_one_listens(
        self, rehearsed: Rehearsed, settings: Settings, service: ReservationService
    ) -> None:
        event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id
        url = f"http://127.0.0.1:{rehearsed.live.port}"
        for secret, words in (
            (JWT_SECRET, "has it another secret?"),
            ((rehearsed.data / "jwt-secret").read_text().strip(), "is it another store?"),
        ):
            runner = create_app(replace(settings, jwt_secret=secret)).test_cli_runner()
            refused = runner.invoke(args=["rehearse", event_id, "--url", url])
            assert (refused.exit_code, refused.stdout) == (TRY_AGAIN, "")
            assert words in refused.stderr

    @pytest.mark.parametrize("answer", [b"", b"[]", b'{"id": "another"}'])
    def test_where_something_else_answers(
        self, run: Callable[..., Result], service: ReservationService, answer: bytes
    ) -> None:
        event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id

        def answer_all(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
            start_response("200 OK", [("Content-Length", str(len(answer)))])
            return [answer]

        with make_server("127.0.0.1", 0, answer_all, handler_class=Silent) as server:
            serving = Thread(target=server.serve_forever)
            serving.start()
            refused = run(event_id, "--url", f"http://127.0.0.1:{server.server_port}/")
            server.shutdown()
            serving.join()
        assert (refused.exit_code, refused.stdout) == (TRY_AGAIN, "")
        assert "does not show the copy of the event (status 200)" in refused.stderr


class TestRefusals:
    def test_an_event_that_is_not_there(self, run: Callable[..., Result]) -> None:
        refused = run("0000000000000000")
        assert (refused.exit_code, refused.stdout) == (REFUSED, "")
        assert refused.stderr == "Error: There is no event '0000000000000000'.\n"

    @pytest.mark.parametrize(
        "args",
        [
            (),
            ("no id",),
            ("e", "--patrons", "0"),
            ("e", "--patrons", "100001"),
            ("e", "--patrons", "many"),
            ("e", "--minutes", "0"),
            ("e", "--minutes", "-1"),
            ("e", "--minutes", "nan"),
            ("e", "--minutes", "1441"),
            ("e", "--minutes", "soon"),
            ("e", "--url", "ftp://127.0.0.1"),
            ("e", "--url", "127.0.0.1:9000"),
            ("e", "--url", "http://"),
            ("e", "--url", "http://127.0.0.1:port"),
            ("e", "--url", "http://me@127.0.0.1"),
            ("e", "--url", "http://127.0.0.1?x=1"),
            ("e", "--seed", "one"),
        ],
    )
    def test_wrong_usage(self, run: Callable[..., Result], args: tuple[str, ...]) -> None:
        refused = run(*args)
        assert (refused.exit_code, refused.stdout) == (WRONG_USAGE, "")
        last = refused.stderr.splitlines()[-1]
        assert last.startswith("Error: ")
        assert args[1:2] == () or args[1] in last

    def test_where_an_identity_provider_issues_tokens(
        self, settings: Settings, service: ReservationService
    ) -> None:
        event_id = service.create_event(NewEvent("Matinee", NumberedPlan(40))).event.id
        public = Ed25519PrivateKey.generate().public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        app = create_app(replace(settings, jwt_secret=None, jwt_public_keys=pem))
        refused = app.test_cli_runner().invoke(args=["rehearse", event_id])
        assert (refused.exit_code, refused.stdout) == (REFUSED, "")
        assert "JWT_PUBLIC_KEYS" in refused.stderr
        assert len(service.events(10).items) == 1

    def test_where_tokens_would_not_last(self, settings: Settings) -> None:
        app = create_app(replace(settings, jwt_max_lifetime_seconds=60))
        refused = app.test_cli_runner().invoke(args=["rehearse", "e"])
        assert (refused.exit_code, refused.stdout) == (REFUSED, "")
        assert "JWT_MAX_LIFETIME is 60 s" in refused.stderr


def test_every_option_is_described(app: Flask) -> None:
    command = app.cli.commands["rehearse"]
    described = command.to_info_dict(click.Context(command))
    assert described["help"].rstrip().endswith(".")
    for param in described["params"]:
        assert param["param_type_name"] == "argument" or param["help"], param["name"]


def test_patrons_reach_the_service_where_the_settings_let_it_listen(settings: Settings) -> None:
    for host, url in (("127.0.0.1", "http://127.0.0.1:9000"), ("::1", "http://[::1]:9000")):
        app = create_app(replace(settings, host=host))
        command = app.cli.commands["rehearse"]
        (default,) = [param.default for param in command.params if param.name == "url"]
        assert default == url
