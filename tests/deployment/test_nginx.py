"""What clients see of the service behind nginx with the deployed rules."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from attack.framing import exchange, read_replies, to_port
from tests.deployment.certificates import write_certificate
from tests.live import Answer, Client, LiveService, wait_for
from tests.nginx import DEPLOYED, PROGRAM
from tests.security.problems import TELLTALES

KIB = 1024
END = b"Host: h\r\nConnection: close\r\n\r\n"
LONG = b"x" * 9_000
Fetched = tuple[http.client.HTTPResponse, bytes]


def raw(service: LiveService, sent: bytes) -> tuple[int, str, bytes]:
    """Return status, headers and body of the one answer to some bytes."""
    received = exchange(to_port(service.port), sent)
    (reply,) = read_replies(received)
    return reply.status, received.partition(b"\r\n\r\n")[0].decode(), reply.body


def fetch(service: LiveService, path: str, **headers: str) -> Fetched:
    """Return an answer as it was sent, not unpacked."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=names)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def create_with_a_body_of(client: Client, size: int) -> Answer:
    """Ask for an event with a body of so many bytes."""
    body = json.dumps({"name": "Opening night", "seats": 10, "description": ""})
    return client.request(
        "POST",
        "/v1/events",
        {"name": "Opening night", "seats": 10, "description": "x" * (size - len(body))},
    )


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nno host: x\r\n\r\n", 400, "bad_request"),
        (b"GET /metrics HTTP/1.1\r\n" + END, 404, "not_found"),
        (b"GET /%6Detrics/x?y HTTP/1.1\r\n" + END, 404, "not_found"),
        (b"GET /v1/../metrics HTTP/1.1\r\n" + END, 404, "not_found"),
        (b"GET /-/problem HTTP/1.1\r\n" + END, 404, "not_found"),
        (b"TRACE /health HTTP/1.1\r\n" + END, 405, "method_not_allowed"),
        (b"PROPFIND /health HTTP/1.1\r\n" + END, 405, "method_not_allowed"),
        (b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n" + END, 413, "payload_too_large"),
        (b"GET /" + LONG + b" HTTP/1.1\r\n" + END, 414, "uri_too_long"),
        (
            b"GET / HTTP/1.1\r\nX: " + LONG + b"\r\n" + END,
            431,
            "request_header_fields_too_large",
        ),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + END, 501, "not_implemented"),
        (b"GET / HTTP/3.0\r\n" + END, 505, "http_version_not_supported"),
    ],
)
def test_what_nginx_refuses_is_refused_in_the_shape_of_all_errors(
    proxied: LiveService, sent: bytes, status: int, code: str
) -> None:
    answered, head, body = raw(proxied, sent)
    problem = json.loads(body)
    assert (answered, problem["status"], problem["code"]) == (status, status, code)
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}
    assert problem["type"] == f"urn:reservations:problem:{code}"
    assert "Content-Type: application/problem+json\r\n" in head
    assert f"X-Request-ID: {problem['request_id']}\r\n" in head
    assert "Cache-Control: no-store\r\n" in head
    assert ("Allow: GET, HEAD, " in head) == (status == 405)
    assert not re.search(r"nginx/|xxx", head + body.decode())


def test_a_request_of_http_0_9_never_reaches_the_service(proxied: LiveService) -> None:
    received = exchange(to_port(proxied.port), b"GET /health\r\n")
    assert json.loads(received)["code"] == "bad_request"


def test_problems_of_nginx_carry_all_headers_that_those_of_the_service_do(
    proxied: LiveService,
) -> None:
    of_service, _ = fetch(proxied, "/nowhere")
    of_nginx, _ = fetch(proxied, "/metrics")
    assert (of_service.status, of_nginx.status) == (404, 404)
    for name, value in of_service.headers.items():
        varies = {"Date", "Content-Length", "X-Request-ID", "Vary"}
        assert name in varies or of_nginx.headers[name] == value, name


def test_no_answer_tells_what_made_it(proxied: LiveService) -> None:
    for path in ("/", "/health", "/nowhere", "/metrics", "/v1/events", "/openapi.json"):
        response, body = fetch(proxied, path)
        assert response.headers["Server"] == "nginx"
        said = str(response.headers) + (body.decode() if response.status >= 400 else "")
        assert not [telltale for telltale in (*TELLTALES, "gunicorn") if telltale in said], path


@pytest.mark.parametrize("given", ["a", "Order-7:x_y.z", "x" * 128])
@pytest.mark.parametrize("path", ["/health", "/nowhere", "/metrics"])
def test_a_sane_request_id_is_kept(proxied: LiveService, path: str, given: str) -> None:
    response, body = fetch(proxied, path, X_Request_ID=given)
    assert response.headers.get_all("X-Request-ID") == [given]
    assert response.status == 200 or json.loads(body)["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, 'x"y', "ä", "x;y"])
@pytest.mark.parametrize("path", ["/health", "/nowhere", "/metrics"])
def test_any_other_request_id_is_replaced(proxied: LiveService, path: str, given: str) -> None:
    response, body = fetch(proxied, path, X_Request_ID=given)
    (used,) = response.headers.get_all("X-Request-ID") or []
    assert re.fullmatch("[0-9a-f]{32}", used)
    assert response.status == 200 or json.loads(body)["request_id"] == used
    log = proxied.log.parent / "nginx" / "access.log"
    wait_for(lambda: f'"request_id":"{used}"' in log.read_text(), 5)


def test_the_log_says_what_was_asked_and_no_query(proxied: LiveService) -> None:
    for sent in (b"DELETE /v1/x?patron=alice", b"PATCH /metrics?patron=alice"):
        raw(proxied, sent + b" HTTP/1.1\r\nX-Request-ID: logged\r\n" + END)
    log = proxied.log.parent / "nginx" / "access.log"
    wait_for(lambda: log.read_text().count('"logged"') == 2, 5)
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"logged"' in line]
    said = [(line["method"], line["path"], line["status"]) for line in lines]
    assert said == [("DELETE", "/v1/x", 404), ("PATCH", "/metrics", 404)]


def test_bodies_may_be_as_long_as_the_service_takes_and_no_longer(proxied: LiveService) -> None:
    admin = proxied.client("box-office", "admin")
    token = {"subject": "alice", "role": "patron", "name": "x" * 62 * KIB}
    assert admin.request("POST", "/v1/tokens", token).status == 422
    too_long = admin.request("POST", "/v1/tokens", token | {"name": "x" * 64 * KIB})
    assert (too_long.status, too_long.code) == (413, "payload_too_large")
    admin.close()
    admin = proxied.client("box-office", "admin")
    # The service refuses the description, which is longer than it takes.
    assert create_with_a_body_of(admin, 4 * KIB * KIB).status == 422
    too_long = create_with_a_body_of(admin, 4 * KIB * KIB + 1)
    assert (too_long.status, too_long.code) == (413, "payload_too_large")
    admin.close()


def test_long_lists_and_streams_come_through_whole(proxied: LiveService) -> None:
    event_id = proxied.create_event(seats=100_000, seat_user_limit=100)
    admin = proxied.client("box-office", "admin")
    listed = admin.request("GET", f"/v1/events/{event_id}/seats")
    assert int(listed.headers["Content-Length"]) > 5_000_000
    assert [seat["id"] for seat in listed.body] == [str(i) for i in range(1, 100_001)]
    for first in range(1, 1201):
        assert admin.hold(event_id, [str(first)]).status == 200
        assert admin.reserve(event_id, [str(first)]).status == 201
    path = f"/v1/events/{event_id}/reservations"
    streamed = admin.request("GET", path, Accept="text/csv")
    assert "Content-Length" not in streamed.headers
    assert len(streamed.body.splitlines()) == 1 + 1200
    admin.close()


def test_a_list_is_compressed_and_not_sent_again_while_it_is_the_same(
    proxied: LiveService,
) -> None:
    event_id = proxied.create_event(seats=1000)
    alice = proxied.client("alice")
    path = f"/v1/events/{event_id}/seats"
    who = {"Authorization": alice.token, "Accept_Encoding": "gzip"}
    first, packed = fetch(proxied, path, **who)
    assert first.headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(gzip.decompress(packed)) / 5
    assert "Accept-Encoding" in str(first.headers.get_all("Vary"))
    plain, body = fetch(proxied, path, Authorization=alice.token)
    assert gzip.decompress(packed) == body
    assert plain.headers["ETag"] == first.headers["ETag"]
    for accepted in ("gzip", "identity"):
        known = {"If_None_Match": first.headers["ETag"], "Accept_Encoding": accepted}
        again, nothing = fetch(proxied, path, Authorization=alice.token, **known)
        assert (again.status, nothing) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert alice.change(event_id, "1", "hold").status == 200
    changed, _ = fetch(proxied, path, If_None_Match=first.headers["ETag"], **who)
    assert changed.status == 200 and changed.headers["ETag"] != first.headers["ETag"]
    alice.close()


def test_files_of_swagger_ui_are_compressed_and_not_sent_again(proxied: LiveService) -> None:
    path = "/swagger/assets/swagger-ui-bundle.js"
    first, packed = fetch(proxied, path, Accept_Encoding="gzip")
    assert gzip.decompress(packed).startswith(b"/*")
    again, _ = fetch(proxied, path, Accept_Encoding="gzip", If_None_Match=first.headers["ETag"])
    assert again.status == 304


def test_a_token_is_not_compressed_beside_what_somebody_else_chose(proxied: LiveService) -> None:
    admin = proxied.client("box-office", "admin")
    wish = {"subject": "x" * 64, "role": "patron", "name": "x" * 64}
    issued = admin.request("POST", "/v1/tokens", wish, **{"Accept-Encoding": "gzip"})
    assert issued.status == 201 and "Content-Encoding" not in issued.headers
    admin.close()


def test_addresses_in_answers_lead_through_nginx(proxied: LiveService) -> None:
    admin = proxied.client("box-office", "admin")
    for name in ("First night", "Second night"):
        made = admin.request("POST", "/v1/events", {"name": name, "seats": 10})
        assert admin.request("GET", made.headers["Location"]).body["name"] == name
    page = admin.request("GET", "/v1/events?limit=1")
    (link,) = re.findall(r'^<(/[^>]*)>; rel="next"$', page.headers["Link"])
    assert admin.request("GET", link).body["items"] != page.body["items"]
    assert admin.request("GET", "/").headers["Location"] == "/swagger"
    admin.close()


def test_the_example_of_a_whole_configuration_is_valid(_needs_nginx: None, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may test it")
    folder = tmp_path / "nginx"
    shutil.copytree(DEPLOYED, folder)
    write_certificate(folder / "tls")
    example = folder / "nginx.conf"
    text = example.read_text().replace("/var/log/nginx", str(tmp_path))
    example.write_text(text.replace("/run/nginx.pid", str(tmp_path / "nginx.pid")))
    command = [str(PROGRAM), "-t", "-c", str(example), "-e", str(tmp_path / "error.log")]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tested.returncode == 0 and "test is successful" in tested.stderr, tested.stderr
