"""Swagger UI: whole, from this service alone, and of use in a real browser."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Actor
from tests.serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--window-size=1200,1600",
    "--remote-debugging-pipe",
]
PATIENCE_SECONDS = 20


class References(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address:
            self.found.append(address)


class Browser:
    """Chromium with one page, told what to do over its debugging pipe.

    https://chromedevtools.github.io/devtools-protocol/
    """

    def __init__(self, executable: str, profile: Path) -> None:
        child_in, self._out = os.pipe()
        self._in, child_out = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4, which may be taken here.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (child_in, child_out)]
        self._pid = os.posix_spawn(
            executable,
            [executable, f"--user-data-dir={profile}", *SWITCHES],
            {**os.environ, "HOME": str(profile)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, ends[0], 3),
                (os.POSIX_SPAWN_DUP2, ends[1], 4),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setpgroup=0,
        )
        for end in (child_in, child_out, *ends):
            os.close(end)
        self._received = b""
        self._session: dict[str, str] = {}
        self._last_id = 0
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Have the browser do something, and return what it answers."""
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": params, **self._session}
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while (message := self._receive()).get("id") != self._last_id:
            self.events.append(message)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def evaluate(self, script: str) -> Any:
        """Return the value of JavaScript in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, (script, result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Return the value of JavaScript in the page as soon as it is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := self.evaluate(script)):
            assert time.monotonic() < deadline, f"still not true: {script}"
            time.sleep(0.02)
        return value

    def click(self, selector: str) -> None:
        """Click an element as soon as it is there."""
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def fill_in(self, selector: str, text: str) -> None:
        """Type into a field as soon as it is there."""
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def close(self) -> None:
        """End the browser with all its processes."""
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            assert select.select([self._in], [], [], PATIENCE_SECONDS)[0], "the browser is silent"
            read = os.read(self._in, 1 << 20)
            assert read, "the browser has ended"
            self._received += read
        message, _, self._received = self._received.partition(b"\0")
        received: dict[str, Any] = json.loads(message)
        return received


@pytest.fixture
def live_url(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    with serving(app) as url:
        yield url


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser as after its installation."""
    if CHROMIUM is None:
        pytest.skip("apt-get install chromium")
    opened = Browser(CHROMIUM, tmp_path / "profile")
    yield opened
    opened.close()


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The OpenAPI document."""
    served: dict[str, Any] = client.get("/openapi.json").json
    return served


def test_the_service_s_address_leads_to_swagger_ui(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/swagger")


def test_all_that_the_page_loads_comes_from_this_service(client: FlaskClient) -> None:
    page = client.get("/swagger")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "://" not in page.text
    assert "<title>Reservations API</title>" in page.text
    references = References()
    references.feed(page.text)
    kinds = {Path(urlsplit(found).path).suffix for found in references.found}
    assert kinds == {".css", ".js", ".png"}
    for found in references.found:
        with client.get(urljoin("/swagger", found)) as answer:
            assert answer.status_code == 200, found
            assert len(answer.data) > 100, found


def test_the_page_may_run_and_ask_only_what_this_service_serves(client: FlaskClient) -> None:
    policy = client.get("/swagger").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy


def test_only_the_packaged_files_can_be_had(client: FlaskClient) -> None:
    for name in ("nothing.js", "../flask_swagger_ui.py", "%2e%2e/flask_swagger_ui.py", ""):
        answer = client.get(f"/swagger/assets/{name}")
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), name


def test_swagger_ui_works_in_a_browser(
    document: dict[str, Any], live_url: str, browser: Browser, alice: Actor
) -> None:
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    browser.call("Page.navigate", url=f"{live_url}/swagger")
    shown = "[...document.querySelectorAll('.opblock-summary-description')].map(e => e.innerText)"
    browser.wait_for(f"{shown}.length >= {len(operations)}")
    assert sorted(browser.evaluate(shown)) == sorted(each["summary"] for each in operations)
    assert browser.evaluate("document.title") == "Reservations API"

    # A person presses Authorize, pastes the whole of what POST /jwt answered, and asks
    # for whom the token speaks.
    browser.click(".auth-wrapper .btn.authorize")
    browser.fill_in(".auth-container input", f"Bearer {alice.token}")
    browser.click(".auth-btn-wrapper .btn.authorize")
    browser.click(".auth-btn-wrapper .btn-done")
    browser.click("#operations-user-get_user .opblock-summary-control")
    browser.click("#operations-user-get_user .try-out__btn")
    browser.click("#operations-user-get_user .execute")
    answer = "document.querySelector('#operations-user-get_user .live-responses-table').innerText"
    browser.wait_for("!!document.querySelector('#operations-user-get_user .live-responses-table')")
    assert '"alice"' in browser.wait_for(answer)

    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert f"{live_url}/user" in asked
    assert {urlsplit(url)[:2] for url in asked} <= {urlsplit(live_url)[:2], ("data", "")}
    complaints = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    assert [event for event in browser.events if event["method"] in complaints] == []


TRIED_OUT = {
    # The defaults may be sent; what is an example only, such as a cursor, may not.
    "events-list_events": ["", "?limit=50"],
    "seats-list_seats": ["/{event}/seats", "/{event}/seats?status=free"],
    "holds-release_seats": ["/{event}/holds"],
    "reservations-list_reservations": ["/{event}/reservations", "/{event}/reservations?limit=50"],
}
"""Operations, and what may come after the address of events."""


def test_trying_an_operation_out_sends_no_optional_parameter_unasked(
    document: dict[str, Any], live_url: str, browser: Browser
) -> None:
    browser.call("Page.navigate", url=f"{live_url}/swagger")
    (event,) = document["paths"]["/v1/events/{event_id}"]["parameters"]
    for operation, addresses in TRIED_OUT.items():
        place = f"#operations-{operation}"
        for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
            browser.click(f"{place} {button}")
        browser.wait_for(f"!!document.querySelector('{place} .live-responses-table')")
        shown = browser.evaluate(f"document.querySelector('{place} .request-url').innerText")
        wanted = [address.format(event=event["example"]) for address in addresses]
        assert shown.split()[-1] in {f"{live_url}/v1/events{address}" for address in wanted}
    sent = [
        happened["params"]["request"]
        for happened in browser.events
        if happened["method"] == "Network.requestWillBeSent"
    ]
    assert len([each for each in sent if "/v1/events" in each["url"]]) == len(TRIED_OUT)
    for each in sent:
        assert {"Idempotency-Key", "If-None-Match"}.isdisjoint(each["headers"]), each
