"""Callers: what they may do, and what their ids look like."""

from __future__ import annotations

import pytest

from reservations.domain.caller import ID_PATTERN, Caller, Role


def test_only_admins_are_admins() -> None:
    assert Caller("a", Role.ADMIN).is_admin
    assert not Caller("b", Role.PATRON).is_admin


@pytest.mark.parametrize("name", ["a", "A.b_c:d@e-f", "7" * 64])
def test_ids_are_words(name: str) -> None:
    assert ID_PATTERN.fullmatch(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "a\n", "a/b", "{a}", "é", "٣", "a" * 65])
def test_ids_are_nothing_else(name: str) -> None:
    assert not ID_PATTERN.fullmatch(name)
