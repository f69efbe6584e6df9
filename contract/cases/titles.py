"""Titles that careless servers clean, unescape, cut or decode. Rule: RESP-4."""

from __future__ import annotations

from contract.cases.submission import Submission
from contract.cases.verdict import ACCEPTED
from contract.spec.fields import fields

# Each holds much at once: whatever a target changes of it, the title does not come back as it was sent. The first one
# is sent as escapes.
TITLES = (
    "  two spaces around, two  inside, 😀 as escapes, and %41  ",
    '"quoted" \u00a0\u3000',
    (
        "<b>Ada</b> & \"Grace\" 'quoted' \\ back / slash \\n \\u0041 %20 &amp; {{7*7}} ${x}\nline\nfeed\ttab\r\nend "
        "a+b 100%% %s $$ $& $1 {0} *bold* _it_ ~no~ `code` :smile: :) (c) 007 and so on, so that it is longer than "
        "the 255 characters of the usual column in a database, =1+1.'; DROP TABLE engagements; --"
    ),
    (
        "e\u0301 (decomposed) é (composed) \ufb01 (ligature) 한글 你好 😀 \U0001f468\u200d\U0001f469 \U00020bb7\n"
        "\u202eright to left\u202c soft\u00adhyphen no\u00a0break zero\u200bwidth\ufeff escape\x1b\x7f\x01 \u2028 "
        "\u2029 \u0085 \u2764\ufe0f \uff21\uff11 \ue000 \U000f0000 \u2019\u201c\u2013\u2026 €\ufffd"
    ),
)


def accepted(run_id: str) -> tuple[Submission, ...]:
    """Return submissions of these titles, marked as those of a run. A title of the same length is the plainer case."""
    return tuple(_case(title, run_id) for title in TITLES)


def _case(title: str, run_id: str) -> Submission:
    text = f"{title[:3]}{run_id}{title[3:]}" if title[0] in ' "' else f"{run_id} {title}"
    plainer = Submission({"title": "t" * len(text)}, ACCEPTED, fields()["title"].valid, "a title of this length")
    return Submission({"title": text}, ACCEPTED, "RESP-4", "a title", escaped=title is TITLES[0], plainer=plainer)
