"""The deployed main file as it stands, but for ports and folders: TLS, headers, doors, figures."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deployment.certificates import NAME, write_certificate
from tests.deployment.standin import WELL, StandIn
from tests.live import free_port
from tests.nginx import CONFIGURATION, DEPLOYED, Nginx

TEMPORARY = "\n".join(line for line in CONFIGURATION.splitlines() if "_temp_path " in line)
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
TRANSPORT_SECURITY = "Strict-Transport-Security"
OWN_POLICY = "default-src 'none'; script-src 'self'"


@dataclass(frozen=True)
class Whole:
    """A running nginx with the deployed main file.

    Attributes:
        tls: its port for TLS.
        plain: the one that leads there.
        box_office: the box office's own.
        status: the one for monitoring.
    """

    tls: int
    plain: int
    box_office: int
    status: int


@pytest.fixture
def whole(
    _needs_nginx: None, tmp_path: Path, stand_in: StandIn, box_office: StandIn
) -> Iterator[Whole]:
    """The deployed main file, running on other ports."""
    folder = tmp_path / "nginx"
    ports = Whole(free_port(), free_port(), free_port(), free_port())
    write_certificate(folder / "tls")
    main = (DEPLOYED / "nginx.conf").read_text().replace("{", "{{").replace("}", "}}")
    for deployed, here in {
        "user www-data;": "daemon off;\n{user}",
        "http {{": "http {{\n" + TEMPORARY,
        "/run/nginx.pid": "{folder}/nginx.pid",
        "/var/log/nginx": "{folder}",
        "/run/reservations/gunicorn.sock": str(stand_in.path),
        "/run/reservations/box-office.sock": str(box_office.path),
        "listen 443 ": f"listen 127.0.0.1:{ports.tls} ",
        "listen 80 ": f"listen 127.0.0.1:{ports.plain} ",
        "listen 127.0.0.1:8080;": f"listen 127.0.0.1:{ports.box_office};",
        "listen 127.0.0.1:8081;": f"listen 127.0.0.1:{ports.status};",
    }.items():
        assert deployed in main, deployed
        main = main.replace(deployed, here)
    with Nginx(folder, stand_in.path, port=ports.plain, configuration=main):
        yield ports


def connected(port: int, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    context = context or trusting()
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    return context.wrap_socket(plain, server_hostname=NAME)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Nobody vouches for a certificate that signed itself.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def speaking(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return what speaks one version of TLS only, however weak."""
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = version
    context.maximum_version = version
    return context


def ask(
    port: int, path: str = "/", method: str = "GET", *, tls: bool = False
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    if tls:
        connection.sock = connected(port)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_new_is_spoken(whole: Whole, version: ssl.TLSVersion) -> None:
    with connected(whole.tls, speaking(version)) as connection:
        assert connection.version() == version.name.replace("_", ".")
        cipher = connection.cipher()
        assert cipher is not None and ("GCM" in cipher[0] or "CHACHA20" in cipher[0])


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_what_is_old_is_refused(whole: Whole, version: ssl.TLSVersion) -> None:
    with pytest.raises(OSError):
        connected(whole.tls, speaking(version)).close()


@pytest.mark.parametrize("weak", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384"])
def test_weak_ciphers_are_refused(whole: Whole, weak: str) -> None:
    context = speaking(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{weak}:@SECLEVEL=0")
    with pytest.raises(OSError):
        connected(whole.tls, context).close()


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_http_2_is_offered_beside_http_1(whole: Whole, protocol: str) -> None:
    context = trusting()
    context.set_alpn_protocols([protocol])
    with connected(whole.tls, context) as connection:
        assert connection.selected_alpn_protocol() == protocol


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_comes_without_tls_is_led_there_with_the_same_request(
    whole: Whole, stand_in: StandIn, box_office: StandIn, method: str
) -> None:
    response, _ = ask(whole.plain, "/v1/events/a%20b?c=d", method)
    assert response.status == 308
    assert response.headers["Location"] == "https://127.0.0.1/v1/events/a%20b?c=d"
    assert TRANSPORT_SECURITY not in response.headers
    assert len(response.headers.get_all("X-Request-ID") or []) == 1
    assert stand_in.requests == box_office.requests == []


@pytest.mark.parametrize("path", ["/", "/v1/events", "/metrics", "/-/problem", "/stub_status"])
@pytest.mark.parametrize("door", ["tls", "plain", "box_office"])
def test_each_answer_has_each_header_for_safety_once(
    whole: Whole, stand_in: StandIn, door: str, path: str
) -> None:
    stand_in.answer = [
        (0, WELL.replace(b"\r\n\r\n", b"\r\nX-Content-Type-Options: nosniff\r\n\r\n"))
    ]
    for method in ("GET", "DELETE", "TRACE"):
        response, _ = ask(getattr(whole, door), path, method, tls=door == "tls")
        for name, value in EVERYWHERE.items():
            assert response.headers.get_all(name) == [value], (method, name)
        assert len(response.headers.get_all("Permissions-Policy") or []) == 1
        told = response.headers.get_all(TRANSPORT_SECURITY) or []
        assert told == (["max-age=63072000"] if door == "tls" else []), method


def test_a_policy_of_the_services_own_stays_as_it_is(whole: Whole, stand_in: StandIn) -> None:
    own = f"\r\nContent-Security-Policy: {OWN_POLICY}\r\n\r\n".encode()
    stand_in.answer = [(0, WELL.replace(b"\r\n\r\n", own))]
    response, _ = ask(whole.tls, "/swagger", tls=True)
    assert response.headers.get_all("Content-Security-Policy") == [OWN_POLICY]


def test_the_service_is_told_that_its_client_came_by_tls(whole: Whole, stand_in: StandIn) -> None:
    ask(whole.tls, tls=True)
    assert "X-Forwarded-Proto: https" in stand_in.headers()


def test_the_box_offices_door_leads_to_its_own_workers(
    whole: Whole, stand_in: StandIn, box_office: StandIn
) -> None:
    ask(whole.box_office, "/v1/events/e/holds", "POST")
    ask(whole.box_office, "/v1/events/e/reservations")
    assert (len(stand_in.requests), len(box_office.requests)) == (0, 2)


def test_nginxs_own_figures_are_for_monitoring_only(whole: Whole, stand_in: StandIn) -> None:
    response, body = ask(whole.status, "/stub_status")
    assert response.status == 200 and body.startswith(b"Active connections: ")
    assert ask(whole.status, "/v1/events")[0].status == 404
    for path in ("/stub_status", "//stub_status", "/%73tub_status", "/-/stub_status"):
        for port in (whole.tls, whole.box_office):
            _, body = ask(port, path, tls=port == whole.tls)
            assert b"Active connections" not in body
        _, body = ask(whole.plain, path)
        assert b"Active connections" not in body


def test_what_is_no_request_is_a_problem_there_too(whole: Whole) -> None:
    response, body = ask(whole.plain, "/", "TRACE")
    assert (response.status, json.loads(body)["code"]) == (405, "method_not_allowed")
    # Plain HTTP on the port for TLS.
    response, body = ask(whole.tls)
    assert (response.status, json.loads(body)["code"]) == (400, "bad_request")
