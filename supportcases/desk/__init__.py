"""The support desk: one method for each thing that somebody can do.

Each says who does it first, looks only at the cases that this actor may see, and keeps all that it changes, with the
event that tells of it, in one transaction. What merchants and both sides do, and the list of each side, stands in
`cases`, their files in `attachments`, what else the support team does in `triage`, `reports` and `texts`.
"""

from supportcases.desk.attachments import Attachments
from supportcases.desk.reports import Reports
from supportcases.desk.texts import Texts
from supportcases.desk.triage import Triage


class SupportDesk(Attachments, Triage, Reports, Texts):
    """The use cases of support cases, over a repository.

    A case is named by `ref`: its UUID, or its number in any written form (`42`, `"000042"`, `"#42"`); the support team,
    who sees more than one store, writes a number as `"store:42"`. A case that the actor may not see is as one that
    never was.

    Every method may raise `InvalidInput` (with a sentence for each faulty field), `CaseNotFound`, `NotPermitted` (the
    actor is of the wrong side), `DatabaseBusy` and `DatabaseUnavailable`; then nothing was changed.
    """
