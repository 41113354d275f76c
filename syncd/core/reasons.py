"""Reasons: why one Record is rejected, all of them at once, and what each step of each rule made of it."""

from syncd.core.conditions import Condition, Fields, cell
from syncd.core.model import Employee, FieldValue, Reason, Rejection
from syncd.core.rules import Place, ValueRule
from syncd.core.trace import Listener
from syncd.core.transforms import Refused
from syncd.core.values import evaluate, shown, steps


class Reasons:
    """Collects every reason of one Record, and tells a Listener, if there is one, what each rule made."""

    __slots__ = ("found", "told")

    def __init__(self, told: Listener | None = None) -> None:
        """Nothing is wrong yet."""
        self.found: list[Reason] = []
        self.told = told

    def add(self, place: Place, refused: Refused) -> None:
        """One more reason, which names the rule and its place."""
        self.found.append(Reason(code=refused.code, message=f"{place.key} ({place.where}): {refused.why}"))
        self.tell(place, "refused", f"{refused.code}: {refused.why}")

    def tell(self, place: Place, step: str, made: FieldValue | None) -> None:
        """What a step of a rule made."""
        if self.told is not None:
            self.told(place, step, made)

    def asked(self, place: Place, condition: Condition, cells: Fields, *, holds: bool) -> None:
        """What the condition of a rule found in the row, and whether it holds."""
        if self.told is not None:
            columns = dict.fromkeys(column for column, _where in condition.columns() if column in cells)
            self.told(place, "seen", ", ".join(f"{name} is {shown(cell(cells, name))}" for name in columns))
            self.told(place, "when", holds)

    def value(self, place: Place, rule: ValueRule, cells: Fields) -> tuple[str, str | None]:
        """What ``evaluate`` gives; each step is told. Raises Refused."""
        if self.told is None:
            return evaluate(rule, cells)
        made: tuple[str, str | None] = ("", None)
        for made in steps(rule, cells):
            self.told(place, *made)
        return made


def rejection_of(employee: Employee, reason: Reason) -> Rejection:
    """What becomes of a valid row for a reason that the row alone does not show."""
    return Rejection(
        origin=employee.origin,
        employee_id=employee.employee_id,
        reasons=(reason,),
        source=employee.source,
        fields=frozenset(employee.fields.items()),
        begins_on=employee.begins_on,
    )
