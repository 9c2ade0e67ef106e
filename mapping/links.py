"""The transforms for web addresses: links, the domain that identifies a company, names on social networks."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from mapping.exact import as_text, storable
from mapping.kinds import EMAIL, HOST, WEB_ADDRESS
from mapping.registry import Option, Options, Unturned, Widget, flag, transform

BARE_ADDRESS = re.compile(r"([^\s/?#@:]+)(:[0-9]{1,5})?([/?#]\S*)?")
HANDLE = re.compile(r"@?([\w.\-]{1,100})")
FEDERATED = re.compile(r"@?([\w.\-]{1,100})@([^\s/@]+)")
CHANNEL = re.compile(r"UC[\w-]{22}")
FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.com.br ymail.com"
    " rocketmail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es outlook.com outlook.de"
    " outlook.fr outlook.es live.com live.co.uk live.fr live.nl msn.com aol.com icloud.com me.com mac.com proton.me"
    " protonmail.com pm.me gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru"
    " yandex.ru yandex.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it"
    " hotmail.nl ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl uol.com.br bol.com.br terra.com.br ig.com.br sapo.pt"
    " comcast.net verizon.net att.net sbcglobal.net cox.net btinternet.com sky.com qq.com 163.com 126.com naver.com"
    " zoho.com fastmail.com hey.com tutanota.com".split()
)
"""Hosts at which anybody has an address: they say nothing about the company."""


def _host(written: str) -> str:
    host = written.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise Unturned("is not a web address") from error
    if not HOST.fullmatch(host):
        raise Unturned("is not a web address")
    return host


@transform(
    "url",
    "Keeps a web address as it is; a bare host gets https:// in front.",
    examples=[
        ("https://budget.house.gov/news/rss.aspx", {}, "https://budget.house.gov/news/rss.aspx"),
        (" example.com/team ", {}, "https://example.com/team"),
    ],
)
def url(value: Any, options: Options) -> str:
    """The address with its scheme."""
    written = as_text(value).strip()
    match = WEB_ADDRESS.fullmatch(written)
    bare = None if match else BARE_ADDRESS.fullmatch(written)
    found = match or bare
    if found is None or not storable(written):
        raise Unturned("is not a web address")
    _host(found[1])
    return written if match else f"https://{written}"


@transform(
    "domain",
    "Gives the one key of a domain or web site: https:// and the host, without www. Of an e-mail address it is the"
    " domain, unless anybody can have an address there.",
    examples=[
        ("www.Example.com", {}, "https://example.com"),
        ("http://example.com/", {}, "https://example.com"),
        ("ada@example.com", {"from_email": True}, "https://example.com"),
    ],
    takes=(
        Option(
            "from_email",
            "Take the domain of e-mail addresses",
            Widget.FLAG,
            "What stands before the @ is left out. Addresses at gmail.com and the like are never turned.",
        ),
    ),
)
def domain(value: Any, options: Options) -> str:
    """The key under which a company is found again."""
    written = as_text(value).strip()
    if "@" in written and EMAIL.fullmatch(written):
        return _domain_of_email(written, options)
    found = WEB_ADDRESS.fullmatch(written) or BARE_ADDRESS.fullmatch(written)
    if found is None:
        raise Unturned("is neither a domain nor a web address")
    key = _key(_host(found[1]))
    if found[2] or len(found[3] or "") > 1:
        raise Unturned("is a page below its host, and only the host identifies a company", key)
    return key


def _key(host: str) -> str:
    short = host.removeprefix("www.")
    return f"https://{short if '.' in short else host}"


def _domain_of_email(written: str, options: Options) -> str:
    host = _host(written.rpartition("@")[2])
    if host in FREE_MAIL:
        raise Unturned("is an address where anybody can have one, which identifies no company")
    if not flag(options, "from_email"):
        raise Unturned("is an e-mail address, of which only the domain identifies a company", _key(host))
    return _key(host)


@transform(
    "handle",
    "Makes a link of a name on a social network, with the name as its label; a full address is kept.",
    examples=[
        (
            "@SenSanders",
            {"template": "https://x.com/{handle}"},
            {"primaryLinkUrl": "https://x.com/SenSanders", "primaryLinkLabel": "@SenSanders"},
        ),
        (
            "UCR3nOFMqBB-kRpKFwgapMaQ",
            {"template": "https://www.youtube.com/@{handle}", "channel": "https://www.youtube.com/channel/{handle}"},
            {
                "primaryLinkUrl": "https://www.youtube.com/channel/UCR3nOFMqBB-kRpKFwgapMaQ",
                "primaryLinkLabel": "UCR3nOFMqBB-kRpKFwgapMaQ",
            },
        ),
    ],
    takes=(
        Option("template", "Link", Widget.TEXT, "The address of a profile, with {handle} where the name goes."),
        Option("channel", "Link of a channel", Widget.TEXT, "The same for YouTube's channel ids, which begin with UC."),
        Option("plain", "Link without @", Widget.TEXT, "The same for names that are not written with an @."),
        Option(
            "federated",
            "Names with a server",
            Widget.FLAG,
            "@name@server leads to that server, as on Mastodon.",
        ),
    ),
)
def handle(value: Any, options: Options) -> dict[str, str]:
    """The link, and as its label the name as it stood."""
    written = as_text(value).strip()
    if WEB_ADDRESS.fullmatch(written):
        return {"primaryLinkUrl": url(written, options), "primaryLinkLabel": ""}
    federated = FEDERATED.fullmatch(written)
    if federated and options.get("federated"):
        link = f"https://{_host(federated[2])}/@{quote(federated[1])}"
        return {"primaryLinkUrl": link, "primaryLinkLabel": written}
    match = HANDLE.fullmatch(written)
    if match is None:
        if "/" in written:
            return {"primaryLinkUrl": url(written, options), "primaryLinkLabel": ""}
        raise Unturned("is neither a name on the network nor a web address")
    return {"primaryLinkUrl": _handle_link(written, match[1], options), "primaryLinkLabel": written}


def _handle_link(written: str, name: str, options: Options) -> str:
    pattern = options.get("template")
    if options.get("channel") and CHANNEL.fullmatch(written):
        pattern = options["channel"]
    elif options.get("plain") and not written.startswith("@"):
        pattern = options["plain"]
    if not isinstance(pattern, str) or "{handle}" not in pattern:
        raise Unturned("is a name on a network that the map does not know")
    return pattern.replace("{handle}", quote(name))
