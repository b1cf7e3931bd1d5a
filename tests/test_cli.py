"""The commands for admins: what they print, and what they exit with."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import jwt
import pytest
import redis
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.errors import Busy, OutcomeUnknown, ReservationError
from reservations.embedded import EmbeddedStore
from reservations.service import ReservationService
from tests.actors import Actor
from tests.live import PROJECT, environment, wait_for

MADE = {"id", "created_at"}
DONE, REFUSED, WRONG_USAGE, TRY_AGAIN = 0, 1, 2, 3


@pytest.fixture
def run(runner: FlaskCliRunner) -> Callable[..., Result]:
    """Run `flask` with arguments."""

    def invoke(*args: str) -> Result:
        return runner.invoke(args=args)

    return invoke


@pytest.fixture
def without_store(settings: Settings, tmp_path: Path) -> FlaskCliRunner:
    """Runs commands of an application whose store does not answer."""
    nowhere = f"unix://{tmp_path}/nobody.sock"
    return create_app(replace(settings, redis_url=nowhere)).test_cli_runner()


class TestHelp:
    @pytest.mark.parametrize(
        "command",
        [
            ("tokens",),
            ("tokens", "issue"),
            ("tokens", "revoke"),
            ("events",),
            ("events", "create"),
            ("events", "list"),
            ("events", "show"),
            ("rehearse",),
        ],
    )
    def test_every_command_says_what_it_does(
        self, run: Callable[..., Result], command: tuple[str, ...]
    ) -> None:
        done = run(*command, "--help")
        assert done.exit_code == DONE
        assert f"{' '.join(command)} [OPTIONS]" in done.output
        assert "..." not in done.output.partition("Commands:")[2], "no summary is cut short"

    def test_every_option_and_command_is_described(self, app: Flask) -> None:
        for group in ("tokens", "events"):
            command_group = app.cli.commands[group]
            described = command_group.to_info_dict(click.Context(command_group))
            for command in described["commands"].values():
                assert command["help"].rstrip().endswith(".")
                for param in command["params"]:
                    if param["param_type_name"] == "option":
                        assert param["help"], (group, command["name"], param["name"])

    def test_help_names_the_exit_codes(self, run: Callable[..., Result]) -> None:
        for group in ("tokens", "events", "rehearse"):
            assert "Exits with 0 if done, 1 if refused, 2 if used wrongly" in run(
                group, "--help"
            ).output.replace("\n  ", " ")


class TestTokens:
    def test_a_token_is_printed_and_nothing_else(
        self, run: Callable[..., Result], client: FlaskClient
    ) -> None:
        done = run("tokens", "issue", "box-office", "--role", "admin", "--name", "Box office")
        assert (done.exit_code, done.stderr) == (DONE, "")
        assert done.stdout.count("\n") == 1
        known = Actor(client, done.stdout.strip()).get("/user").json
        assert known == {"id": "box-office", "name": "Box office", "role": "admin"}

    def test_it_is_a_patron_s_for_an_hour_unless_told_otherwise(
        self, run: Callable[..., Result], client: FlaskClient
    ) -> None:
        answer = json.loads(run("tokens", "issue", "alice", "--json").stdout)
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        known = Actor(client, answer["access_token"]).get("/user").json
        assert known == {"id": "alice", "name": None, "role": "patron"}
        answer = json.loads(run("tokens", "issue", "alice", "--expires-in", "60", "--json").stdout)
        assert answer["expires_in"] == 60

    def test_the_lifetime_by_default_is_one_that_the_service_accepts(
        self, settings: Settings
    ) -> None:
        app = create_app(replace(settings, jwt_max_lifetime_seconds=60))
        done = app.test_cli_runner().invoke(args=["tokens", "issue", "alice", "--json"])
        assert json.loads(done.stdout)["expires_in"] == 60

    @pytest.mark.parametrize(
        ("args", "word"),
        [
            ([], "SUBJECT"),
            (["alice smith"], "SUBJECT"),
            (["x" * 65], "SUBJECT"),
            (["alice", "--role", "owner"], "--role"),
            (["alice", "--name", ""], "name"),
            (["alice", "--name", "x" * 201], "name"),
            (["alice", "--name", "Ali\nce"], "name"),
            (["alice", "--name", "\udcff"], "locale"),
            (["alice", "--expires-in", "0"], "expires-in"),
            (["alice", "--expires-in", "-5"], "expires-in"),
            (["alice", "--expires-in", "2592001"], "expires-in"),
            (["alice", "--expires-in", "9" * 30], "expires-in"),
            (["alice", "--expires-in", "soon"], "--expires-in"),
        ],
    )
    def test_a_token_that_the_service_would_refuse_is_not_issued(
        self, run: Callable[..., Result], args: list[str], word: str
    ) -> None:
        refused = run("tokens", "issue", *args)
        assert (refused.exit_code, refused.stdout) == (WRONG_USAGE, "")
        assert word in refused.stderr.rpartition("Error: ")[2]

    def test_a_revoked_token_is_worth_nothing(
        self, run: Callable[..., Result], alice: Actor, client: FlaskClient
    ) -> None:
        jti = jwt.decode(alice.token, options={"verify_signature": False})["jti"]
        done = run("tokens", "revoke", jti)
        assert (done.exit_code, done.stdout, done.stderr) == (DONE, "", f"Revoked {jti}.\n")
        wait_for(lambda: alice.get("/user").status_code == 401, seconds=5)

    def test_a_revocation_can_be_told_as_json(self, run: Callable[..., Result]) -> None:
        done = run("tokens", "revoke", "6c1f0a7e", "--json")
        assert json.loads(done.stdout) == {"jti": "6c1f0a7e", "revoked": True}

    def test_what_is_no_id_cannot_be_revoked(self, run: Callable[..., Result]) -> None:
        assert run("tokens", "revoke", "no id").exit_code == WRONG_USAGE

    def test_where_an_identity_provider_issues_tokens_no_command_does(
        self, settings: Settings
    ) -> None:
        public = Ed25519PrivateKey.generate().public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        app = create_app(replace(settings, jwt_secret=None, jwt_public_keys=pem))
        refused = app.test_cli_runner().invoke(args=["tokens", "issue", "alice"])
        assert (refused.exit_code, refused.stdout) == (REFUSED, "")
        assert "JWT_PUBLIC_KEYS" in refused.stderr


class TestEvents:
    def test_creating_one_prints_its_id_and_nothing_else(
        self, run: Callable[..., Result], alice: Actor
    ) -> None:
        done = run("events", "create", "Opening night", "--seats", "12")
        assert (done.exit_code, done.stderr) == (DONE, "")
        event = alice.get(f"/v1/events/{done.stdout.strip()}").json
        assert (event["name"], event["seats"]) == ("Opening night", 12)

    def test_all_that_the_api_takes_can_be_given(
        self, run: Callable[..., Result], alice: Actor
    ) -> None:
        done = run(
            *("events", "create", "Nuit d'été 🎭", "--json"),
            *("--section", "Stalls:20x30:A", "--section", "Upper circle:1x5"),
            *("--description", "Free text.", "--location", "Main hall"),
            *("--date", "2027-01-01T21:00:00+01:00"),
            *("--hold-time", "120", "--hold-max", "240"),
            *("--seat-user-limit", "6", "--seat-total-limit", "8"),
            *("--on-sale-from", "2026-12-01T09:00:00Z"),
            *("--on-sale-until", "2027-01-01T19:00:00Z"),
        )
        assert (done.exit_code, done.stderr) == (DONE, "")
        event = json.loads(done.stdout)
        assert {name: value for name, value in event.items() if name not in MADE} == {
            "name": "Nuit d'été 🎭",
            "description": "Free text.",
            "date": "2027-01-01T20:00:00.000Z",
            "location": "Main hall",
            "status": "on_sale",
            "seats": 605,
            "sections": [
                {"name": "Stalls", "category": "A", "rows": 20, "seats_per_row": 30},
                {"name": "Upper circle", "category": None, "rows": 1, "seats_per_row": 5},
            ],
            "hold_time": 120,
            "hold_max": 240,
            "seat_user_limit": 6,
            "seat_total_limit": 8,
            "on_sale_from": "2026-12-01T09:00:00.000Z",
            "on_sale_until": "2027-01-01T19:00:00.000Z",
        }
        assert alice.get("/v1/events").json["items"] == [event]

    @pytest.mark.parametrize(
        ("args", "word"),
        [
            ([], "NAME"),
            (["Night"], "seats"),
            (["Night", "--seats", "9"], "seats"),
            (["Night", "--seats", "many"], "--seats"),
            (["Night", "--seats", "10", "--section", "Stalls:2x5"], "seats"),
            (["ab", "--seats", "10"], "name"),
            (["\udcff\udcff\udcff", "--seats", "10"], "locale"),
            (["Night", "--section", "Stalls"], "NAME:ROWSxSEATS_PER_ROW"),
            (["Night", "--section", "Stalls:0x5"], "sections"),
            (["Night", "--section", f"Stalls:{'1' * 5000}x1"], "NAME:ROWSxSEATS_PER_ROW"),
            (["Night", "--section", "A:1x5", "--section", "a:1x5"], "sections"),
            (["Night", "--seats", "10", "--date", "tomorrow"], "date"),
            (["Night", "--seats", "10", "--hold-time", "0"], "hold-time"),
        ],
    )
    def test_what_the_api_would_refuse_is_wrong_usage(
        self, run: Callable[..., Result], alice: Actor, args: list[str], word: str
    ) -> None:
        refused = run("events", "create", *args)
        assert (refused.exit_code, refused.stdout) == (WRONG_USAGE, "")
        assert word in refused.stderr.rpartition("Error: ")[2]
        assert alice.get("/v1/events").json["items"] == []

    def test_the_list_has_a_line_for_each_the_newest_first(
        self, run: Callable[..., Result], admin: Actor
    ) -> None:
        assert run("events", "list").output == ""
        first = admin.create_event(name="Opening night", seats=10)
        second = admin.create_event(name="Matinée", seats=100_000)
        done = run("events", "list")
        assert (done.exit_code, done.stderr) == (DONE, "")
        assert done.stdout.splitlines() == [
            f"{second['id']}  on_sale    100000  Matinée",
            f"{first['id']}  on_sale        10  Opening night",
        ]
        assert run("events", "list", "--limit", "1").stdout == done.stdout.splitlines(True)[0]
        as_json = run("events", "list", "--json").stdout.splitlines()
        assert [json.loads(line) for line in as_json] == [second, first]
        for limit in ("0", "501", "all"):
            assert run("events", "list", "--limit", limit).exit_code == WRONG_USAGE

    def test_one_is_shown_with_the_numbers_of_its_seats(
        self, run: Callable[..., Result], admin: Actor, alice: Actor
    ) -> None:
        sections = [{"name": "Stalls", "category": "A", "rows": 2, "seats_per_row": 5}]
        sections.append({"name": "Circle", "rows": 1, "seats_per_row": 5})
        event = admin.create_event(sections=sections)
        alice.hold(event, "stalls-A-1")
        done = run("events", "show", event["id"])
        assert (done.exit_code, done.stderr) == (DONE, "")
        shown = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
        assert shown == {
            "id": event["id"],
            "name": "Opening night",
            "status": "on_sale",
            "created_at": event["created_at"],
            "seats": "15",
            "sections": "Stalls:2x5:A, Circle:1x5",
            "hold_time": "60",
            "hold_max": "600",
            "seat_user_limit": "4",
            "free": "14",
            "held": "1",
            "reserved": "0",
            "blocked": "0",
            "total": "15",
        }
        as_json = json.loads(run("events", "show", event["id"], "--json").stdout)
        assert as_json == alice.get(f"/v1/events/{event['id']}").json

    def test_one_that_is_not_there_is_refused(self, run: Callable[..., Result]) -> None:
        refused = run("events", "show", "0000000000000000")
        assert (refused.exit_code, refused.stdout) == (REFUSED, "")
        assert refused.stderr == "Error: There is no event '0000000000000000'.\n"
        assert run("events", "show", "\udcff").exit_code == WRONG_USAGE


class TestTryingAgain:
    @pytest.mark.parametrize(
        "command",
        [
            ("events", "create", "Opening night", "--seats", "10"),
            ("events", "list"),
            ("events", "show", "0000000000000000"),
            ("tokens", "revoke", "6c1f0a7e"),
        ],
    )
    def test_without_a_store(self, without_store: FlaskCliRunner, command: tuple[str, ...]) -> None:
        done = without_store.invoke(args=command)
        assert (done.exit_code, done.stdout) == (TRY_AGAIN, "")
        assert done.stderr.startswith("Error: The store does not answer. Nothing was changed. (")
        assert done.stderr.count("\n") == 1

    def test_wrong_usage_needs_no_store(self, without_store: FlaskCliRunner) -> None:
        refused = without_store.invoke(args=["events", "create", "Night", "--seats", "1"])
        assert refused.exit_code == WRONG_USAGE

    def test_issuing_a_token_needs_no_store(self, without_store: FlaskCliRunner) -> None:
        assert without_store.invoke(args=["tokens", "issue", "alice"]).exit_code == DONE

    @pytest.mark.parametrize("error", [OutcomeUnknown(), Busy(attempts=5)])
    def test_where_the_store_does_not_confirm(
        self,
        run: Callable[..., Result],
        monkeypatch: pytest.MonkeyPatch,
        error: ReservationError,
    ) -> None:
        def fail(*_args: Any) -> None:
            raise error

        monkeypatch.setattr(ReservationService, "create_event", fail)
        done = run("events", "create", "Opening night", "--seats", "10")
        assert (done.exit_code, done.stdout) == (TRY_AGAIN, "")
        assert done.stderr == f"Error: {error}\n"


def flask(data: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with its data in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *args],
        cwd=PROJECT,
        env=environment(MODE="development", DATA_DIR=data),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_commands_start_the_embedded_store_for_themselves_and_leave_nothing_running(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"

    def runs() -> bool:
        """Whether there is a server: it holds the lock for as long as it lives."""
        with (data / "store.lock").open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    made = flask(data, "events", "create", "Opening night", "--seats", "10")
    assert (made.returncode, made.stderr) == (DONE, "")
    assert not runs()
    listed = flask(data, "events", "list")
    line = f"{made.stdout.strip()}  on_sale        10  Opening night\n"
    assert (listed.returncode, listed.stdout, listed.stderr) == (DONE, line, "")
    assert not runs()


def test_a_store_that_cannot_be_started_is_a_reason_to_try_again(tmp_path: Path) -> None:
    (tmp_path / "store.lock").mkdir()
    done = flask(tmp_path, "events", "list")
    assert (done.returncode, done.stdout) == (TRY_AGAIN, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_a_command_leaves_the_store_of_a_running_service_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EmbeddedStore(data) as running:
        done = flask(data, "events", "create", "Opening night", "--seats", "10")
        assert (done.returncode, done.stderr) == (DONE, "")
        with redis.Redis.from_url(running.url) as client:
            assert client.zcard("events") == 1
