"""What was taken out of a case, and why, in the words of the pages."""

from typing import Final

from supportcases.console.words import N_
from supportcases.domain.erasure import Reason

ERASED: Final = {
    "message": N_("a message"),
    "note": N_("a note"),
    "subject": N_("the subject"),
    "label": N_("a label"),
    "attachment": N_("a file"),
}
REASONS: Final = {
    Reason.REQUEST: N_("Somebody asked for it"),
    Reason.LAW: N_("The law asks for it"),
    Reason.MISTAKE: N_("It came here by mistake"),
}
