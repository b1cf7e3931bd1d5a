"""What clients are told when others are faster every time."""

from __future__ import annotations

from typing import Any

import pytest

from reservations.store import transaction
from reservations.store.transaction import Transactions
from tests.actors import Actor


def test_who_loses_every_race_is_told_when_to_try_again(
    alice: Actor, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setattr(Transactions, "_commit", lambda *_: False)
    busy = alice.hold(event, "1")
    assert (busy.status_code, busy.json["code"]) == (503, "busy")
    assert busy.headers["Retry-After"] == "1"
    monkeypatch.undo()
    assert alice.hold(event, "1").status_code == 200, "nothing was changed"
