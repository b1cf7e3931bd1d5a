"""The profiles for developers and for who watches over a sale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment.containers.sale import Sale
from tests.deployment.containers.stack import running_stack
from tests.deployment.monitor import Monitor, get
from tests.deployment.test_monitoring import queries
from tests.live import wait_for

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]


def test_developers_have_a_port_with_their_code_and_operators_a_dashboard(
    _engine: None, tmp_path: Path
) -> None:
    with running_stack(tmp_path, "PROFILES=dev observability") as stack:
        assert json.loads(get(int(stack.env["DEV_PORT"]), "/health")[1]) == {"status": "ok"}
        wait_for(lambda: get(int(stack.env["GRAFANA_PORT"]), "/")[0] == 200)
        monitor = Monitor(int(stack.env["PROMETHEUS_PORT"]))
        wait_for(monitor.is_ready)
        wait_for(lambda: monitor.value('sum(up{job="reservations"})') == 2, 60)
        with Sale(stack):
            reserved = 'sum(reservations_seats_changed_total{change="reserved"})'
            wait_for(lambda: monitor.value(reserved) > 10, 60)
        for query in queries():
            monitor.ask(query)
