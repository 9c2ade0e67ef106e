"""Names as people give them: how a name falls into words, what social networks and kinds of record are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|\d+")
CAPITALS = frozenset(
    {"id", "url", "uri", "ip", "utm", "rss", "sms", "api", "crm", "mrr", "arr", "ltv", "nps", "vat", "sku"}
)


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in WORD.findall(CAMEL.sub(" ", name)))


def words(name: str) -> list[str]:
    """The lower-case words of a name in snake_case, camelCase or plain words."""
    return list(_words(name))


def squeezed(name: str) -> str:
    """The name without anything that only spelling adds: `First Name`, `firstName` and `first_name` are one."""
    return "".join(_words(name))


def title(name: str) -> str:
    """The name as a label in title case: `fec_ids` is “Fec IDs”."""
    made = []
    for word in words(name):
        if word in CAPITALS:
            made.append(word.upper())
        elif word.endswith("s") and word[:-1] in CAPITALS:
            made.append(word[:-1].upper() + "s")
        else:
            made.append(word[:1].upper() + word[1:])
    return " ".join(made) or name.strip() or "Field"


NETWORKS: Mapping[str, Mapping[str, object]] = {
    "twitter": {"template": "https://x.com/{handle}"},
    "x": {"template": "https://x.com/{handle}"},
    "facebook": {"template": "https://www.facebook.com/{handle}"},
    "instagram": {"template": "https://www.instagram.com/{handle}"},
    "youtube": {
        "template": "https://www.youtube.com/@{handle}",
        "channel": "https://www.youtube.com/channel/{handle}",
        "plain": "https://www.youtube.com/user/{handle}",
    },
    "linkedin": {"template": "https://www.linkedin.com/in/{handle}"},
    "github": {"template": "https://github.com/{handle}"},
    "tiktok": {"template": "https://www.tiktok.com/@{handle}"},
    "threads": {"template": "https://www.threads.net/@{handle}"},
    "mastodon": {"federated": True},
    "bluesky": {"template": "https://bsky.app/profile/{handle}"},
}
"""Options of the transform `handle` for each social network."""

NETWORK_WORDS = frozenset(
    {"handle", "username", "user", "name", "profile", "link", "url", "page", "account", "screen", "bio"}
)

COMPANY_NAMES = frozenset(
    words(
        "company companies cmp account accounts organization organizations organisation organisations org orgs"
        " business businesses firm firms employer employers corp corporate corporation unternehmen firma firmen"
        " betrieb betriebe"
        " gesellschaft organisationen entreprise entreprises société sociétés societe societes organisme empresa"
        " empresas"
        " compañía compañías compania organización organizaciones negocio negocios negócio negócios organização"
        " organizações companhia bedrijf bedrijven onderneming ondernemingen organisatie organisaties azienda aziende"
        " società societa impresa imprese ditta ditte organizzazione organizzazioni"
    )
)
"""Words for companies: an object type with one of them in its name is one."""

PERSON_NAMES = frozenset(
    words(
        "person people persons profile profiles customer customers contact contacts user users lead leads member"
        " members"
        " subscriber subscribers personen kontakt kontakte kunde kunden personne personnes contatto contatti persona"
        " personas persone contacto contactos contato contatos pessoa pessoas personen contactpersonen"
    )
)
"""Words for people: an object type that is called by one of them holds people."""


def network_of(name: str) -> str:
    """The social network that a field names a profile on, or an empty text; `twitter_followers` is none."""
    named = words(name)
    if named and named[0] in NETWORKS and all(word in NETWORK_WORDS for word in named[1:]):
        return named[0]
    return ""
