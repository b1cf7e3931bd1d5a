"""The secret of two instances is changed, one after the other, and no request is refused."""

from __future__ import annotations

import http.client
import itertools
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import Any

import jwt
import psutil
import pytest

from tests.live import (
    PROJECT,
    Answer,
    Client,
    answers,
    environment,
    free_port,
    live_service,
    wait_for,
)

OLD = "0dBBoe2ZHrb1vRcN7BNQK9wVcP4tIhJ3yM1uSxKfLgA"
NEW = "kZ1s0mQ3pQh2mWmS7cYxwq8c9J5eVdRrT4uLbNfAoGi"
BOTH = f"{OLD}\n{NEW}"


class Instances:
    """Two instances of the service on one store, and what stands before them."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self._shared = {"MODE": "production", "REDIS_URL": store_url, "WEB_CONCURRENCY": 1}
        self._running = {free_port(): ExitStack() for _ in range(2)}
        self._folders = {port: folder / str(port) for port in self._running}
        for each in self._folders.values():
            each.mkdir()

    def restarted_in_turn(self, **settings: str) -> Iterator[int]:
        """Give one instance other settings, yield its port, then do so with the other."""
        for port, running in self._running.items():
            running.close()
            given = {**self._shared, **settings, "PORT": port}
            running.enter_context(live_service(self._folders[port], **given))
            yield port

    def stop(self) -> None:
        """Stop both."""
        for running in self._running.values():
            running.close()

    def request(self, turn: int, token: str, method: str, path: str, body: Any = None) -> Answer:
        """Ask one instance, or if it does not answer the other, as a balancer of load does."""
        ports = list(self._running)
        for port in itertools.islice(itertools.cycle(ports), turn % 2, turn % 2 + 20):
            client = Client(port, f"Bearer {token}")
            try:
                return client.request(method, path, body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                client.close()
        raise AssertionError("neither instance answers")


def signed_with(secret: str, who: str, role: str = "patron") -> str:
    """Return a token as a shop's back end signs it, which knows no `kid`."""
    now = int(time.time())
    claims = {"sub": who, "role": role, "iat": now, "exp": now + 600, "jti": f"{who}-{now}"}
    return jwt.encode({**claims, "iss": "reservations", "aud": "reservations"}, secret, "HS256")


class Shop:
    """A shop whose back end signs tokens itself, and has others issued by the service."""

    def __init__(self, instances: Instances) -> None:
        self.secret = OLD
        self.kept: list[str] = []
        self.refused: list[Answer] = []
        self.answered: Counter[str] = Counter()
        self._instances = instances
        self._lock = Lock()

    def signed(self, who: str, role: str = "patron") -> str:
        """Return a token that the back end signs."""
        return signed_with(self.secret, who, role)

    def trade(self, stopped: Event) -> None:
        """Have tokens issued, and use them and the others, at either instance in turn."""
        for turn in itertools.count():
            if stopped.is_set():
                return
            new = {"subject": f"patron-{turn}", "role": "patron"}
            issued = self._expect(
                "issued", turn, self.signed("box-office", "admin"), "POST", "/v1/tokens", new
            )
            mine = [issued.body["access_token"]] if issued.status == 201 else []
            for token in (*mine, self.signed("alice"), *self.kept):
                for instance in range(2):
                    self._expect("used", instance, token, "GET", "/user")
            if not turn % 5 and mine:
                self.kept = [*self.kept[-3:], *mine]

    def _expect(
        self, what: str, turn: int, token: str, method: str, path: str, body: Any = None
    ) -> Answer:
        answer = self._instances.request(turn, token, method, path, body)
        with self._lock:
            self.answered[what] += 1
            if answer.status not in (200, 201):
                self.refused.append(answer)
        return answer


@contextmanager
def trading(shop: Shop) -> Iterator[None]:
    """Have a shop trade, from before until after."""
    stopped = Event()
    with ThreadPoolExecutor(2) as crowd:
        traders = [crowd.submit(shop.trade, stopped) for _ in range(2)]
        try:
            trade_a_while(shop)
            yield
            trade_a_while(shop)
        finally:
            stopped.set()
        for trader in traders:
            trader.result()


def trade_a_while(shop: Shop) -> None:
    """Wait until a shop has had some tokens issued and used, or one was refused."""
    seen = shop.answered["issued"]
    wait_for(lambda: shop.answered["issued"] > seen + 10 or bool(shop.refused), 90)


@pytest.fixture
def instances(tmp_path: Path, store_url: str) -> Iterator[Instances]:
    """Two instances that sign with the old secret."""
    made = Instances(tmp_path, store_url)
    try:
        list(made.restarted_in_turn(JWT_SECRET=OLD))
        yield made
    finally:
        made.stop()


@pytest.mark.timeout(600)
def test_not_one_request_is_refused_while_the_secret_is_changed(instances: Instances) -> None:
    shop = Shop(instances)
    first = shop.signed("bob")
    with trading(shop):
        for _ in instances.restarted_in_turn(JWT_SECRET=OLD, JWT_ACCEPTED_SECRETS=BOTH):
            trade_a_while(shop)
        for _ in instances.restarted_in_turn(JWT_SECRET=NEW, JWT_ACCEPTED_SECRETS=BOTH):
            trade_a_while(shop)
        shop.secret = NEW
    assert instances.request(0, first, "GET", "/user").status == 200
    # The old secret's tokens have expired, in the end: none is kept.
    shop.kept = []
    with trading(shop):
        for _ in instances.restarted_in_turn(JWT_SECRET=NEW):
            trade_a_while(shop)
    assert not shop.refused, shop.refused[:3]
    for turn in range(2):
        assert instances.request(turn, first, "GET", "/user").status == 401


@pytest.mark.timeout(600)
def test_requests_are_refused_if_the_new_secret_is_accepted_too_late(instances: Instances) -> None:
    shop = Shop(instances)
    with trading(shop):
        for _ in instances.restarted_in_turn(JWT_SECRET=NEW, JWT_ACCEPTED_SECRETS=OLD):
            trade_a_while(shop)
    assert {answer.status for answer in shop.refused} == {401}


def test_secrets_in_files_are_read_anew_on_a_signal(tmp_path: Path, store_url: str) -> None:
    secret, accepted = tmp_path / "secret", tmp_path / "accepted"
    files = {"JWT_SECRET_FILE": secret, "JWT_ACCEPTED_SECRETS_FILE": accepted}
    secret.write_text(OLD)
    accepted.write_text(OLD)
    with live_service(
        tmp_path, MODE="production", REDIS_URL=store_url, WEB_CONCURRENCY=1, **files
    ) as service:

        def let_in() -> tuple[int, int]:
            return status_of(OLD), status_of(NEW)

        def status_of(signing: str) -> int:
            client = Client(service.port, f"Bearer {signed_with(signing, 'alice')}")
            try:
                return client.request("GET", "/user").status
            finally:
                client.close()

        def reload() -> None:
            master = psutil.Process(service.process.pid)
            old = set(master.children())
            master.send_signal(signal.SIGHUP)
            wait_for(lambda: not old & set(master.children()) and answers(service.port))

        assert let_in() == (200, 401)
        accepted.write_text(BOTH)
        reload()
        assert let_in() == (200, 200)
        secret.write_text(NEW)
        reload()
        assert let_in() == (200, 200)
        accepted.write_text("")
        reload()
        assert let_in() == (401, 200)


@pytest.mark.parametrize(("secret", "code"), [(NEW, 0), ("short", 1)])
def test_settings_can_be_tried_before_the_signal(tmp_path: Path, secret: str, code: int) -> None:
    (tmp_path / "secret").write_text(secret)
    tried = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config"],
        cwd=PROJECT,
        env=environment(JWT_SECRET_FILE=tmp_path / "secret", DATA_DIR=tmp_path / "data"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert tried.returncode == code
    assert code == 0 or "JWT_SECRET is shorter" in tried.stderr
