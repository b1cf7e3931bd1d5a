"""Prometheus' rules, and the dashboard: each query is answered by a running stack."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deployment.monitor import Monitor, get, program, running
from tests.live import PROJECT, LiveService, free_port, wait_for
from tests.nginx import behind_nginx

PROMETHEUS = PROJECT / "deploy" / "prometheus"
GRAFANA = PROJECT / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "sale.json").read_text())
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]

# What the private network has on ports of its own is on one of loopback here.
PRIVATE_SERVER = """
    server {{
        listen 127.0.0.1:{port};
        access_log off;
        location = /stub_status {{
            stub_status;
        }}
        location = /metrics {{
            proxy_pass http://{service}:/metrics;
        }}
    }}
}}
"""


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def promtool(*arguments: str) -> str:
    command = [program("promtool", "prometheus"), *arguments]
    ended = subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    return said


def test_the_configuration_is_valid() -> None:
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


def test_the_rules_are_valid() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "alerts.yml")


def test_alerts_fire_when_they_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_each_alert_is_tried() -> None:
    (_, wrong, *_) = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    tried = {each["alertname"] for each in wrong["alert_rule_test"] if each["exp_alerts"]}
    assert tried == {rule["alert"] for rule in RULES}


def test_panels_lie_side_by_side() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_dashboard_finds_its_datasource() -> None:
    provisioned = GRAFANA / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioned.read_text())["datasources"]
    used = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}
    assert used == {source["uid"]}


def open_private_port(folder: Path) -> int:
    """Let nginx tell, on a port of its own, its status and the service's metrics."""
    port, configuration = free_port(), folder / "nginx" / "nginx.conf"
    text = configuration.read_text().rstrip().removesuffix("}")
    sockets = re.findall(r"server (unix:[^; ]+)", text)
    configuration.write_text(text + PRIVATE_SERVER.format(port=port, service=sockets[0]))
    os.kill(int((folder / "nginx" / "nginx.pid").read_text()), signal.SIGHUP)
    wait_for(lambda: get(port, "/stub_status")[0] == 200)
    return port


def configure(folder: Path, service: int, exporter: int) -> Path:
    """Write the deployed configuration down for loopback, with shorter intervals."""
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    configuration["global"] = dict.fromkeys(configuration["global"], "1s")
    configuration["rule_files"] = [str(PROMETHEUS / name) for name in configuration["rule_files"]]
    ports = {"reservations": service, "nginx": exporter}
    for job in configuration["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports.pop(job['job_name'])}"]}]
    assert not ports
    written = folder / "prometheus.yml"
    written.write_text(yaml.safe_dump(configuration))
    return written


@pytest.fixture(scope="module")
def stack(
    _needs_nginx: None, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveService, Monitor]]:
    """The service behind nginx, both watched by Prometheus."""
    prometheus = program("prometheus", "prometheus")
    exporter = program("prometheus-nginx-exporter", "prometheus-nginx-exporter")
    folder = tmp_path_factory.mktemp("stack")
    settings = {"REDIS_URL": store_url, "WEB_CONCURRENCY": 2}
    with behind_nginx(folder, trusted=True, **settings) as service:
        private, of_nginx, monitor = open_private_port(folder), free_port(), Monitor(free_port())
        tells_nginx = [
            exporter,
            f"-nginx.scrape-uri=http://127.0.0.1:{private}/stub_status",
            f"-web.listen-address=127.0.0.1:{of_nginx}",
        ]
        watches = [
            prometheus,
            f"--config.file={configure(folder, private, of_nginx)}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{monitor.port}",
        ]
        with running(tells_nginx, folder / "exporter.log"):
            with running(watches, folder / "prometheus.log"):
                wait_for(monitor.is_ready)
                yield service, monitor


def sell(service: LiveService, event_id: str, seats: range) -> None:
    """Let patrons hold, refresh, reserve and be refused."""
    bob = service.client("bob")
    for seat in map(str, seats):
        alice = service.client(f"alice-{seat}")
        for action in ("hold", "hold", "reserve"):
            assert alice.change(event_id, seat, action).status == 200
        assert bob.change(event_id, seat, "hold").status == 409
        alice.close()
    bob.close()


@pytest.mark.timeout(300)
def test_all_queries_are_answered(stack: tuple[LiveService, Monitor]) -> None:
    service, monitor = stack
    event_id = service.create_event(name="Opening night", seats=60)
    carol = service.client("carol")
    assert carol.hold(event_id, ["58", "59"]).status == 200
    carol.close()
    reserved = 'sum(reservations_seats_changed_total{change="reserved"})'
    # What happens is seen as a rate only between two looks.
    for number in range(1, 4):
        sell(service, event_id, range(5 * number, 5 * number + 5))
        wait_for(lambda number=number: monitor.value(reserved) == 5 * number)
    of_event = f"{{event='{event_id}', status='reserved'}}"
    assert monitor.value(f"max(reservations_seats{of_event})") == 15
    wait_for(lambda: all(map(monitor.ask, queries())), 60)
    for query in queries():
        for series in monitor.ask(query):
            assert re.fullmatch(r"[-+0-9.e]+|NaN", series["value"][1]), query
    for rule in RULES:
        monitor.ask(rule["expr"])
    firing = {each["metric"]["alertname"] for each in monitor.ask('ALERTS{alertstate="firing"}')}
    assert firing == set()


def test_patrons_do_not_see_figures(stack: tuple[LiveService, Monitor]) -> None:
    service, _ = stack
    client = service.client()
    # Some of them nginx does not know, but the service would.
    spellings = ["/metrics", "/metrics/", "/metrics?x", "/%6detrics", "/x/../metrics", "/./metrics"]
    spellings += [
        "//metrics",
        "///metrics",
        "/%2fmetrics",
        "/%2f/metrics",
        "/metrics%20",
        "/metrics%00",
    ]
    for path in spellings:
        for headers in ({}, {"X-Forwarded-For": ""}, {"Connection": "X-Forwarded-For"}):
            answer = client.request("GET", path, **headers)
            assert answer.status in (400, 404) and "reservations_" not in str(answer.body), path
    client.close()
