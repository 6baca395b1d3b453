"""Many cases at once: what is done with those that are ticked in the queue."""

from typing import Any, Final

from supportcases.console.notices import Notice
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Status
from supportcases.domain.errors import InvalidInput
from supportcases.web.forms import Form

CHANGES: Final[dict[str, dict[str, Any]]] = {
    "take": {"assignee": "me"},
    "unassign": {"assignee": None},
    "close": {"status": Status.CLOSED},
}
ASSIGN: Final = "assign"
NOTE: Final = "note"


def do_with_many(desk: SupportDesk, actor: Actor, form: Form) -> Notice:
    """Do what the form says with each case that it names, all at once; one that is not there is passed over.

    Raises:
        InvalidInput: It names too many, or says nothing that can be done; then nothing is.
    """
    refs, wanted = form.texts("case"), form.text("do")
    given = {ASSIGN: {"assignee": form.text("assignee")}, NOTE: {"note": form.text("body")}, **CHANGES}
    if wanted not in given:
        raise InvalidInput({"do": f"Must be {', '.join((*CHANGES, ASSIGN))} or {NOTE}."})
    if not refs:
        return Notice("nothing")
    changed = desk.change_many(actor, refs, **given[wanted])
    return Notice(wanted, len(changed), len(set(refs)) - len(changed))
