"""Two stores in one file, each with what the other must never see; and the same file with one of them alone."""

from datetime import timedelta

from supportcases import Actor, AuthorKind, Case, Category, EventKind, Message, Status
from supportcases.domain.attachments import Upload
from supportcases.domain.endpoints import Progress, Secrets, Webhook
from supportcases.domain.erasure import REDACTED, Erasure, ErasureKind, Reason, Tombstone
from supportcases.domain.whole_cases import Dossier
from tests.support.rows import T0, a_case, a_key, a_message, an_answer, an_entry, an_upload, hash_of, id_of

WHOLE = 50  # by how much the number of the key is higher whose label is there
PURGED = 102  # the case of globex that a test purges: its own messages have no stray file, which would be left at none
ACMES, OWN = range(101, 113), range(101, 104)  # the numbers of acme's cases and of globex's
FILES_OF = "support:ada"
VICTIM, OURS = id_of(101), id_of(101, "globex")
LATE = T0 + timedelta(days=1)
CLOSED = {"status": Status.CLOSED, "closed_at": LATE, "last_activity_at": LATE}
ANSWERED = {"status": Status.ANSWERED, "category": Category.BILLING_PLANS}


def cases_of(store: str, numbers: range) -> list[Case]:
    """Return cases in every status; the first has the newest activity, acme's before globex's."""
    turns = [{}, ANSWERED, CLOSED]
    cases = [
        a_case(n, store, subject=f"Checkout of {store}{', order 104' * (n % 2)}", assignee="Bo", **turns[(n - 101) % 3])
        for n in numbers
    ]
    newest = LATE + timedelta(days=numbers.stop - 101)
    return [cases[0]._replace(last_activity_at=newest), *cases[1:]]


def move_in(repository, cases: list[Case]) -> None:
    with repository.write() as transaction:
        transaction.whole_cases.add([Dossier(case, (), ()) for case in cases])


def live(repository, cases: list[Case]) -> None:
    """Let there be an answer, a note and an event for each case, and a key and a kept answer for the store."""
    store = cases[0].store
    with repository.write() as transaction:
        files = files_of(store)
        for upload in files:
            transaction.attachments.add(upload, "0" * 64)
        for case in cases:
            for kind in ("7", "8"):
                said = Message(
                    id=id_of(case.number, store, kind).replace("0191abc0", "0191abc1"),
                    author_kind=AuthorKind.SUPPORT,
                    author_label="Ada",
                    body=f"The card of {store} was declined",
                    created_at=case.created_at + timedelta(minutes=9),
                    internal=kind == "8",
                    attachments=(files[0].attachment,) if case.number == 101 and kind == "7" else (),
                )
                transaction.cases.add_message(case, said)
                if said.attachments:
                    transaction.attachments.attach(case, said.id, [files[0].id])
                elif case.number == 106 and kind == "7":  # a closed one, which acme alone has
                    old = files[0]._replace(id=id_of(6, kind="4"), content=id_of(6, kind="5"))
                    transaction.attachments.add(old, "0" * 64)
                    transaction.attachments.attach(case, said.id, [old.id])
            transaction.events.record(case, an_entry())
        for number in (len(cases), WHOLE + len(cases)):
            transaction.keys.add(a_key(number, store), hash_of(number))
        agents = a_key(100 + len(cases))
        actor = Actor.support(f"Ada of {store}", [store], id=agents.id)
        transaction.keys.add(agents._replace(actor=actor), hash_of(100 + len(cases)))
        transaction.replays.keep(f"store:{store}", "k", an_answer(body=f'"{store}"'), T0)
        url = f"https://{store}.example.com/"
        webhook = Webhook(webhook_of(store), store, url, None, None, enabled=True, disabled_because=None, created_at=T0)
        transaction.webhooks.add(webhook, Secrets(f"whsec_{store}"), Progress((0, 0)))
        for number in (102, 103 if store == "acme" else 101):
            transaction.erasures.hold(store, number, T0)
        last = 3 if store == "acme" else 0  # its last event, behind which a feed begins
        transaction.erasures.bury([Tombstone(store, 1, id_of(1, store), T0, 0, last, last, last)])
        label = Erasure(ErasureKind.AUTHOR, store, "", 0, T0, Reason.LAW, keys=(key_of(store),))
        transaction.erasures.apply(label)


def key_of(store: str, which: int = 0) -> str:
    """Return the id of a key of the store's merchants, whose label is taken out, or of the one that is `WHOLE`."""
    return a_key(which + len(ACMES if store == "acme" else OWN), store).id


def webhook_of(store: str) -> str:
    """Return the id of the store's webhook."""
    return id_of(1, store, "3")


def files_of(store: str) -> list[Upload]:
    """Return a file of one of the team that is there, and one that waits for its bytes; acme's are the larger ones."""
    size = 7 if store == "acme" else 3
    there = {"content": id_of(1, store, "5"), "finished_at": T0, "sha256": "a" * 64}
    first = an_upload(1, store, owner=FILES_OF, size=size)._replace(id=id_of(1, store, "4"), **there)
    return [first, first._replace(id=id_of(2, store, "4"), content=None, finished_at=None, sha256=None)]


def stray(transaction) -> None:
    """Put messages, files and events of acme below the cases of globex, which no foreign key would let in."""
    became = {"assignee": REDACTED}
    for number in OWN:
        case = a_case(number, id=id_of(number, "globex"))
        names = [{kind: id_of(2 * number + more, kind=kind) for kind in "45"} for more in (0, 1)]
        files = [files_of("acme")[0]._replace(id=name["4"], content=name["5"]) for name in names]
        said = a_message(900 + 10 * (number - 101), "A stray hydra", author_kind=AuthorKind.SUPPORT)
        said = said._replace(created_at=case.created_at, attachments=(files[1].attachment,))
        transaction.cases.add_message(case, said)
        note = a_message(901 + 10 * (number - 101), "A stray note", internal=True, created_at=case.created_at)
        transaction.cases.add_message(case, note._replace(id=note.id.replace("0191abc0", "0191abc1")))
        theirs = id_of(number, "globex", "7").replace("0191abc0", "0191abc1")
        for file, message in zip(files, (theirs, said.id), strict=True):
            if (number, message) != (PURGED, theirs):
                transaction.attachments.add(file, "0" * 64)
                transaction.attachments.attach(case, message, [file.id])
        for _ in range(2):
            transaction.events.record(case, an_entry(EventKind.ANSWERED, Actor.support("Eve"), became=became))


def note_before_any_answer(transaction) -> None:
    """Put a note of the team below a case of globex, as early as the case itself."""
    case = a_case(101, "globex", id=OURS)
    note = a_message(905, author_kind=AuthorKind.SUPPORT, created_at=case.created_at, internal=True)
    transaction.cases.add_message(case, note)


def move_in_both(repository) -> None:
    """Let acme have twelve cases, and globex three."""
    acmes, own = cases_of("acme", ACMES), cases_of("globex", OWN)
    move_in(repository, acmes + own)
    live(repository, own)  # first, so that its events have the same places in both
    live(repository, acmes)


def move_in_alone(repository) -> None:
    """Let the same globex be there, in the same places of the file, and no case of acme's."""
    own = cases_of("globex", OWN)
    move_in(repository, cases_of("acme", ACMES) + own)
    live(repository, own)
    with repository.write() as transaction:
        for table in ("cases", "counts", "stores"):
            transaction.connection.execute(f"DELETE FROM supportcases_{table} WHERE store = 'acme'")
