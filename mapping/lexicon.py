"""Names as people give them: how a field name falls into words, and which names usually mean which field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|\d+")
CAPITALS = frozenset(
    {"id", "url", "uri", "ip", "utm", "rss", "sms", "api", "crm", "mrr", "arr", "ltv", "nps", "vat", "sku"}
)
OWNERS = frozenset({"user", "customer", "contact", "person", "profile", "lead", "member", "traits", "trait"})
"""First words that only say whose attribute it is: `contact_email` is an e-mail."""


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in WORD.findall(CAMEL.sub(" ", name)))


def listed(names: str) -> list[str]:
    """The names of a list written in one text, separated by commas."""
    return names.split(", ")


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


Aliases = Mapping[str, str]
"""Destination path → usual names, the surest first, in words separated by commas."""

PERSON: Aliases = {
    "emails.primaryEmail": "email, email address, e mail, mail, primary email, work email, business email, email id,"
    " emailaddress, correo, courriel",
    "emails.additionalEmails": "secondary email, alternate email, alternative email, other email, personal"
    " email, email 2, email2, additional email, backup email",
    "name.firstName": "first name, given name, forename, fname, first, vorname, prenom, name first, nombre",
    "name.lastName": "last name, surname, family name, lname, last, nachname, name last, apellido, second name",
    "name": "name, full name, display name, contact name, complete name",
    "phones.primaryPhoneNumber": "phone, phone number, telephone, tel, mobile, mobile phone, cell phone, cell, phone 1,"
    " mobile number, work phone, business phone, primary phone, telephone number, contact number, telefon",
    "jobTitle": "job title, title, job, occupation, job position, position, designation, role title, job role,"
    " jobtitle",
    "city": "city, town, locality, address city, home city, mailing city, ort, ville",
    "linkedinLink.primaryLinkUrl": "linkedin, linkedin url, linkedin profile, linkedin link, linkedin profile url,"
    " linkedin handle, linkedin bio",
    "xLink.primaryLinkUrl": "twitter, x, twitter handle, twitter url, x url, twitter username, twitter link, x"
    " handle, x link, twitter profile, twitter screen name",
    "avatarUrl": "avatar, avatar url, photo, photo url, picture, picture url, profile picture, profile image,"
    " profile image url, image url, headshot, gravatar",
    "createdAt": "created at, created, created on, signup date, signed up at, sign up date, registered at,"
    " created date, date created, create date, registration date, signup at, joined at",
}

COMPANY: Aliases = {
    "name": "name, company name, company, organization, organisation, organization name, account name, business name,"
    " legal name, title",
    "domainName.primaryLinkUrl": "domain, domain name, website, web site, url, website url, company domain,"
    " company website, homepage, company url, web, site, web url",
    "employees": "employees, employee count, number of employees, employees count, headcount, num employees,"
    " company size, size, numberofemployees, total employees, staff count",
    "address.addressStreet1": "address, street, street address, address 1, address line 1, address street,"
    " billing street, full address, mailing street, address1, company address, office"
    " address, location",
    "address.addressStreet2": "address 2, address line 2, street 2, suite, unit, apartment, address2",
    "address.addressCity": "city, town, locality, address city, billing city, company city",
    "address.addressState": "state, region, province, state province, address state, billing state, county,"
    " state region",
    "address.addressPostcode": "zip, zip code, zipcode, postal code, postcode, post code, address postcode,"
    " billing zip, plz, address zip, billing postal code",
    "address.addressCountry": "country, country name, address country, billing country, country region",
    "address.addressLat": "latitude, lat, address lat, geo lat",
    "address.addressLng": "longitude, lng, lon, long, address lng, geo lng",
    "annualRecurringRevenue.amountMicros": "arr, annual recurring revenue, recurring revenue",
    "annualRevenue.amountMicros": "annual revenue, revenue, yearly revenue, company revenue, turnover, annualrevenue",
    "linkedinLink.primaryLinkUrl": "linkedin, linkedin url, linkedin page, linkedin company page, linkedin link,"
    " linkedin company url, linkedin profile, linkedin handle",
    "xLink.primaryLinkUrl": "twitter, x, twitter handle, twitter url, x url, x link, twitter link, x handle,"
    " twitter username",
    "idealCustomerProfile": "ideal customer profile, icp, is icp, icp fit",
    "createdAt": "created at, created, created on, created date, date created, create date",
}

CUSTOM: Aliases = {
    "name": "name, title, display name, label, product name, item name, full name",
    "createdAt": "created at, created, created on, created date, date created, create date",
}

ADDRESS_PARTS = {path: names for path, names in COMPANY.items() if path.startswith("address.")}

HOMELESS = frozenset(
    squeezed(name)
    for name in listed(
        "company, company name, organization, organisation, account, employer, plan, timezone, time zone,"
        " language, locale, ip, ip address, user agent, device, platform, browser, os, gender, age, birthday,"
        " birthdate, date of birth, dob, middle name, nickname, name suffix, salutation, prefix, suffix,"
        " username, login, password, status, score, lead score, source, lead source, referrer, campaign, medium,"
        " currency, balance, cohort, signup source, app version, build, push token, subscription status, last"
        " login, last seen, last seen at, login count, session count, notes, description, bio, about, tags,"
        " segments, lifecycle stage, owner, department, industry, twitter followers"
    )
)
"""Names that have no standard home: they are never guessed onto a similar-looking field."""

HOMELESS_FIRST = frozenset(
    {"utm", "cio", "fb", "gclid", "stripe", "hubspot", "salesforce", "segment", "ga", "total", "num"}
)

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
    squeezed(name)
    for name in listed(
        "company, companies, account, accounts, organization, organizations, organisation, organisations, business,"
        " businesses, firm, firms, employer, employers, client company, customer company"
    )
)
PERSON_NAMES = frozenset(
    squeezed(name)
    for name in listed(
        "person, people, persons, profile, profiles, customer, customers, contact, contacts, user, users, lead, leads"
    )
)


@lru_cache(maxsize=8)
def alias_index(object_name: str) -> Mapping[str, tuple[str, int]]:
    """Squeezed alias → (destination path, rank of the alias) for one destination object."""
    aliases = {"person": PERSON, "company": COMPANY}.get(object_name, CUSTOM)
    return {
        squeezed(name): (path, rank)
        for path, names in reversed(list(aliases.items()))
        for rank, name in reversed(list(enumerate(listed(names))))
    }


def network_of(name: str) -> str:
    """The social network that a field names a profile on, or an empty text; `twitter_followers` is none."""
    named = words(name)
    if named and named[0] in NETWORKS and all(word in NETWORK_WORDS for word in named[1:]):
        return named[0]
    return ""
