"""What a check found, by rule, in words that a person can follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

KEPT_VIOLATIONS = 20
"""Violations of one rule that are kept with their lines; more are only counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A contradiction, and the few operations around it.

    Attributes:
        event: id of the event; empty where it concerns none.
        summary: one sentence.
        lines: the operations around it, one a line, the last one the culprit.
    """

    event: str
    summary: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:  # noqa: D105 - what is meant by it needs no words
        where = f"event {self.event}: " if self.event else ""
        return "\n".join([where + self.summary, *(f"    {line}" for line in self.lines)])


@dataclass(slots=True)
class Verdict:
    """What became of one rule.

    Attributes:
        checked: how many things were looked at.
        found: how many of them broke the rule.
        violations: the first of these.
    """

    checked: int = 0
    found: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, violation: Violation) -> None:
        """Note a violation."""
        self.found += 1
        if len(self.violations) < KEPT_VIOLATIONS:
            self.violations.append(violation)

    def merge(self, other: Verdict) -> None:
        """Add what was found elsewhere."""
        self.checked += other.checked
        self.found += other.found
        self.violations += other.violations[: KEPT_VIOLATIONS - len(self.violations)]


@dataclass(slots=True)
class Report:
    """What was found in a history.

    Attributes:
        verdicts: by rule.
        undecided: what could not be decided within the budget, never to be taken for good.
        counts: answers by operation, status and code.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, int | None, str | None]] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether everything was decided and nothing broke a rule."""
        return not self.undecided and not self.broken

    @property
    def broken(self) -> list[str]:
        """The rules that were broken."""
        return [rule for rule, verdict in self.verdicts.items() if verdict.found]

    def verdict(self, rule: str) -> Verdict:
        """Return what became of a rule so far."""
        return self.verdicts.setdefault(rule, Verdict())

    def add(self, rule: str, checked: int, violations: Iterable[Violation]) -> None:
        """Note that a rule was checked so many times, and how it was broken."""
        verdict = self.verdict(rule)
        verdict.checked += checked
        for violation in violations:
            verdict.add(violation)

    def merge(self, other: Report) -> None:
        """Add what was found elsewhere."""
        for rule, verdict in other.verdicts.items():
            self.verdict(rule).merge(verdict)
        self.undecided += other.undecided
        self.counts += other.counts

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        for rule, verdict in self.verdicts.items():
            fate = f"{verdict.found} VIOLATIONS" if verdict.found else "ok"
            yield f"{rule:22} {verdict.checked:9} checked  {fate}"
        for rule, verdict in self.verdicts.items():
            for violation in verdict.violations:
                yield f"\n{rule}: {violation}"
        for what in self.undecided:
            yield f"UNDECIDED {what}"

    def __str__(self) -> str:  # noqa: D105
        return "\n".join(self.lines())
