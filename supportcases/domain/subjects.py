"""A subject for a case that came without one: a rule, no model, so the same body always gives the same subject."""

import html
import re
import unicodedata
from typing import Final

from supportcases.domain.text import beginning, shows

SHORTEST: Final = 3
LONGEST: Final = 80
LOOKED_AT: Final = 2_000  # characters; whoever has not said it by then does not say it first
NOTHING_TO_SAY: Final = "Support request"

# `re` compiles a pattern when it is first wanted, and keeps it: all of them would take 3 ms of the import
CODE_FENCE: Final = r"(?m)^[^\S\n]*(```|~~~).*$"
TAG: Final = r"(?s)</?[A-Za-z][^<>]*>|<!--.*?-->"
LINK: Final = r"!?\[([^\[\]]*)\]\([^()\s]*\)"
LINE_MARK: Final = r"(?m)^[^\S\n]*(?:(?:#{1,6}|[-*+•]|\d{1,3}[.)])[^\S\n]+|>+[^\S\n]*)+"
EMPHASIS: Final = r"(?<!\w)([*_~]{1,3})(?=[^\s\ufe0f])(.+?)(?<=\S)\1(?![\w\ufe0f])|`+([^`]+)`+"  # a keycap is none
RULE_LINE: Final = r"(?m)^[^\S\n]*[-=*_]{3,}[^\S\n]*$"

SENTENCE_END: Final = r"(?<=[.!?…])\s+|(?<=[。！？])(?![\ufe00-\ufe0f])|[\n\v\f\r\x85\u2028\u2029]+"
GREETING: Final = (
    r"(?i)¡?(?:hi|hello|hey|hiya|howdy|dear|greetings|good\s+(?:morning|afternoon|evening|day)|hallo|guten\s+(?:tag|morgen|abend)"
    r"|moin|servus|sehr\s+geehrte[rs]?|liebe[rs]?|bonjour|salut|hola|buen[oa]s\s+(?:d[ií]as|tardes|noches)|ciao|buongiorno"
    r"|salve|ol[áa]|bom\s+dia|boa\s+tarde|cześć|dzień\s+dobry|hej|ahoj|привет|здравствуйте|добрый\s+день|こんにちは|您好|你好)"
    r"(?!\w)"
)
GREETED: Final = (
    r"(?i)\s+(?:there|all|team|everyone|folks|support)(?!\w)"
    r"|(?:\s+[\w.'’-]+){0,4}\s*(?:[,!:;.。！，–—]|\s-\s)"
    r"|(?:\s+[\w.'’-]+){0,2}$"
)
COURTESY: Final = (
    r"(?i)(?:thanks?(?:\s+(?:you|a lot|in advance|so much))*|please\s+help(?:\s+me)?|help|urgent"
    r"|hope\s+(?:you|this)\b.*|i\s+hope\s+(?:you|this)\b.*|how\s+are\s+you(?:\s+\w+)*|nice\s+to\s+meet\s+you|to\s+whom\s+it\s+may\s+concern"
    r"|sirs?(?:\s+(?:or|and)\s+madam)?|ladies\s+and\s+gentlemen)\W*"
)


def subject_from(body: str) -> str:
    """Return a subject of 3 to 80 characters for a case with that body; it never fails.

    It is the first sentence that says something, without greeting and markup, cut at a word.
    """
    sentences = [_one_line(s) for s in re.split(SENTENCE_END, _without_markup(beginning(body, LOOKED_AT)))]
    telling = [s for s in map(_without_greeting, sentences) if _says_something(s)]
    wordy = [s for s in sentences if sum(map(str.isalnum, s)) >= 3]
    subject = _cut(_capitalised((telling or wordy or [NOTHING_TO_SAY])[0]))
    return subject if len(subject) >= SHORTEST and shows(subject.rstrip("…")) else NOTHING_TO_SAY


def _without_markup(body: str) -> str:
    text = re.sub(CODE_FENCE, "", body)
    text = html.unescape(re.sub(TAG, " ", text))
    text = re.sub(RULE_LINE, "", text)
    text = re.sub(LINE_MARK, "", text)
    text = re.sub(LINK, r"\1", text)
    return re.sub(EMPHASIS, lambda mark: mark[2] or mark[3], text)


def _one_line(text: str) -> str:
    printable = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return " ".join("".join(printable).split())


def _without_greeting(text: str) -> str:
    while (greeting := re.match(GREETING, text)) and not _goes_on(rest := text[greeting.end() :]):
        text = rest
        greeted = re.match(GREETED, text)
        text = text[greeted.end() if greeted else 0 :].lstrip()
    return text.lstrip(" ,;:.!-–—").rstrip(" .,;:。，-–—")


def _goes_on(rest: str) -> bool:
    """Tell whether the character before goes on here, with an accent or a joiner."""
    return rest.startswith("\u200d") or unicodedata.category(rest[:1] or " ").startswith("M")


def _says_something(text: str) -> bool:
    """Tell whether the sentence names a matter: two words, or four letters where words are not spaced."""
    if re.fullmatch(COURTESY, text):
        return False
    words = [w for w in text.split() if any(map(str.isalnum, w))]
    return len(words) >= 2 or (not text.isascii() and sum(map(str.isalnum, text)) >= 4)


def _capitalised(text: str) -> str:
    word = text.partition(" ")[0]
    return text[0].upper() + text[1:] if word.isalpha() and word.islower() and len(text[0].upper()) == 1 else text


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head = beginning(text, LONGEST - 1)
    at_word = head if text[len(head)].isspace() else head.rpartition(" ")[0]
    kept = at_word if len(at_word) >= LONGEST // 2 else head
    return kept.rstrip(" .,;:-–—") + "…"
