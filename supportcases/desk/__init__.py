"""The support desk: one method for each thing that somebody can do.

Each says who does it first, looks only at the cases that this actor may see, and keeps all that it changes, with the
event that tells of it, in one transaction. What merchants and both sides do, and the list of each side, stands in
`cases`, their files in `attachments`, the change feed in `feed`, who is told of it in `webhooks`, and what else the
support team does in `triage`, `reports`, `texts`, `erasure` and `retention`.
"""

from supportcases.desk.reports import Reports
from supportcases.desk.retention import Retention
from supportcases.desk.texts import Texts
from supportcases.desk.triage import Triage
from supportcases.desk.webhooks import Webhooks


class SupportDesk(Retention, Triage, Reports, Webhooks, Texts):
    """The use cases of support cases, over a repository.

    A case is named by `ref`: its UUID, or its number in any written form (`42`, `"000042"`, `"#42"`); the support team,
    who sees more than one store, writes a number as `"store:42"`. A case that the actor may not see is as one that
    never was.

    Every method may raise `InvalidInput` (with a sentence for each faulty field), `CaseNotFound`, `NotPermitted` (the
    actor is of the wrong side), `DatabaseBusy` and `DatabaseUnavailable`; then nothing was changed.
    """
