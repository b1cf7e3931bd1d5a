"""The stack does the main job by TLS, and lets nobody do more than it has to."""

from __future__ import annotations

import http.client
import json
import os
import subprocess

import pytest

from tests.deployment.containers.stack import PROJECT_NAME, Stack
from tests.deployment.test_readme import WALK_THROUGH
from tests.live import PROJECT

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]

SERVICES = {"nginx", "app", "box-office", "redis"}
REFUSED = (
    ["KEYS", "*"],
    ["SCAN", "0"],
    ["FLUSHALL"],
    ["FLUSHDB"],
    ["CONFIG", "GET", "*"],
    ["CONFIG", "SET", "appendonly", "no"],
    ["SHUTDOWN"],
    ["EVAL", "return 1", "0"],
    ["ACL", "LIST"],
    ["REPLICAOF", "NO", "ONE"],
    ["BGREWRITEAOF"],
    ["SAVE"],
    ["MONITOR"],
    ["CLIENT", "KILL", "TYPE", "normal"],
    ["SUBSCRIBE", "x"],
    ["HSET", "events", "a", "b"],
    ["SET", "other", "1"],
    ["GET", "other"],
    ["DEL", "{e:1}"],
    ["RENAME", "events", "{e:1}:event"],
)


def test_the_configuration_is_clean(stack: Stack) -> None:
    for profiles in ([], ["--profile", "*"]):
        done = subprocess.run(  # noqa: S603
            ["docker", "compose", *profiles, "config", "--quiet"],  # noqa: S607
            cwd=PROJECT,
            env=stack.env,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_container_may_do_only_what_it_has_to(stack: Stack) -> None:
    running = stack.containers()
    assert len(running) == len(SERVICES) + 1
    for container in running:
        found = stack.inspect(container)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0 and host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert found["State"]["Health"]["Status"] == "healthy"
        assert found["Config"]["User"] not in {"", "0", "root"}


def test_the_image_runs_as_nobody_on_a_root_that_is_only_read(stack: Stack) -> None:
    assert stack.inside("app", "id", "-u").strip() == "10001"
    for path in ("/app/x", "/usr/local/x", "/home/x"):
        with pytest.raises(AssertionError, match="Read-only"):
            stack.inside("app", "touch", path)
    stack.inside("app", "touch", "/tmp/x")  # noqa: S108
    # Without compose, too.
    image = stack.env["IMAGE"]
    read_only = ["docker", "run", "--rm", "--read-only", "--user", "10001", "--cap-drop", "ALL"]
    assert "gunicorn" in stack.run(*read_only, "--tmpfs", "/tmp", image, "gunicorn", "--version")  # noqa: S108


def test_the_image_has_nothing_that_only_builds_and_no_secret(stack: Stack) -> None:
    names = stack.inside("app", "ls", "-A", "/app").split()
    assert set(names) == {"__pycache__", "gunicorn.conf.py", "reservations", "wsgi.py"}
    secret = stack.inside("app", "cat", "/run/secrets/jwt_secret").strip()
    history = stack.run("docker", "history", "--no-trunc", stack.env["IMAGE"])
    assert len(secret) >= 32 and secret not in history
    assert secret not in json.dumps(stack.inspect(stack.containers("app")[0]))


def test_only_nginx_can_be_reached_from_outside(stack: Stack) -> None:
    for container in stack.containers():
        found = stack.inspect(container)
        ports = {int(one["HostPort"]) for each in found["NetworkSettings"]["Ports"].values() or ()
                 for one in each or ()}  # fmt: skip
        is_nginx = found["Config"]["Labels"]["com.docker.compose.service"] == "nginx"
        published = {stack.port, stack.plain_port, int(stack.env["BOX_OFFICE_PORT"])}
        assert ports == (published if is_nginx else set())
    # A network that is internal leads nowhere else either.
    for service in ("app", "redis"):
        routes = stack.inside(service, "cat", "/proc/net/route").splitlines()[1:]
        assert all(route.split()[1] != "00000000" for route in routes)
    with pytest.raises(AssertionError):
        stack.inside("nginx", "sh", "-c", "wget -q -T 2 -O - http://redis:6379 || exit 1")


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/stub_status"]
)
def test_figures_are_not_for_everybody(stack: Stack, path: str) -> None:
    client = stack.client("mallory")
    answer = client.request("GET", path)
    client.close()
    assert answer.status == 404


def test_plain_http_leads_to_tls(stack: Stack) -> None:
    for method in ("GET", "POST"):
        connection = http.client.HTTPConnection("127.0.0.1", stack.plain_port, timeout=10)
        connection.request(method, "/v1/events?limit=1")
        answer = connection.getresponse()
        connection.close()
        assert answer.status == 308
        assert answer.headers["Location"] == f"https://127.0.0.1:{stack.port}/v1/events?limit=1"


def test_the_walk_throughs_of_the_readme_work_by_tls(stack: Stack) -> None:
    main_job, booking = WALK_THROUGH.findall((PROJECT / "README.md").read_text())
    own_lines = [line for line in main_job.splitlines() if not line.startswith(("URL=", "ADMIN="))]
    certificate = stack.inside("nginx", "cat", "/etc/nginx/tls/tls.crt")
    folder = stack.env["SECRETS_DIR"]
    with open(f"{folder}/tls.crt", "w") as file:
        file.write(certificate)
    env = {
        **stack.env,
        "URL": f"https://127.0.0.1:{stack.port}/v1",
        "ADMIN": stack.token("box-office", "admin"),
        "CURL_CA_BUNDLE": f"{folder}/tls.crt",
    }
    walked = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*own_lines, booking])],  # noqa: S607
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert walked.returncode == 0, walked.stderr
    assert "problem" not in walked.stdout
    for status in ("held", "reserved", "free"):
        assert f'"status":"{status}"' in walked.stdout


def test_redis_refuses_what_the_service_has_no_need_of(stack: Stack) -> None:
    tried = stack.python(
        "app",
        "import json, os, redis, reservations.config as c\n"
        "client = redis.Redis.from_url(c.Settings.from_env().redis_url, protocol=2)\n"
        "assert client.ping()\n"
        "said = []\n"
        f"for command in {json.dumps(REFUSED)}:\n"
        "    try:\n"
        "        said.append(repr(client.execute_command(*command)))\n"
        "    except redis.exceptions.NoPermissionError as error:\n"
        "        said.append('NOPERM')\n"
        "print(json.dumps(said))",
    )
    assert dict(zip(map(" ".join, REFUSED), json.loads(tried), strict=True)) == {
        " ".join(command): "NOPERM" for command in REFUSED
    }


def test_redis_lets_nobody_in_without_a_user(stack: Stack) -> None:
    for login in ([], ["-a", "x"], ["--user", "reservations", "-a", "x"], ["--user", "operator"]):
        said = stack.inside(
            "redis", "sh", "-c", f"redis-cli {' '.join(login)} GET events 2>&1 || :"
        )
        assert any(word in said for word in ("NOAUTH", "WRONGPASS", "NOPERM")), said


def test_what_containers_log_are_lines_of_json(stack: Stack) -> None:
    client = stack.client("alice")
    client.request("GET", "/v1/events?limit=1&token=hidden")
    client.close()
    for service in ("app", "nginx"):
        logged = "".join(map(stack.logs, stack.containers(service)))
        requests = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
        assert any(line.get("path") == "/v1/events" for line in requests), service
        assert "hidden" not in logged


def test_taking_it_down_leaves_nothing(stack: Stack) -> None:
    # The last test: it brings up what it took down, for whoever takes it down again.
    stack.make("down", "VOLUMES=1")
    named = f"label=com.docker.compose.project={PROJECT_NAME}"
    for kind in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        assert stack.run("docker", *kind, "--quiet", "--filter", named) == "", kind
    assert os.path.exists(stack.env["SECRETS_DIR"])
