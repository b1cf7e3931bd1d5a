"""What never gets into a log: tokens, wherever a client has put them."""

from __future__ import annotations

import re

# A token's first part is a JSON object in base64url (RFC 7515): `{"` is written eyI, eyJ
# or so, `{` and white space ewo or eyA. Each repetition ends where it must, so a long text
# is read once.
TOKENS = re.compile(
    r"""(?i:bearer)(?:[\s+:'"=]|%20)+[^\s"'\\,;&}]++"""
    r"|(?<![A-Za-z0-9_-])e[wy][A-Za-z0-9_-]{6,}+(?:\.[A-Za-z0-9_-]++)+"
    r"|eyJ[A-Za-z0-9_-]{6,}+"
)
TOKEN = "[token]"  # noqa: S105 - it stands for one


def without_tokens(text: str) -> str:
    """Return a text with all that looks like a token left out."""
    lowered = text.lower()
    # All but few texts are told from this alone, in a tenth of the time.
    if "ey" in lowered or "ew" in lowered or "bearer" in lowered:
        return TOKENS.sub(TOKEN, text)
    return text
