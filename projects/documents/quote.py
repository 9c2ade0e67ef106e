"""The written quote on paper: what was counted, the grade, the timeline, the price and how long it holds."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format

from projects.documents.pdf import render
from projects.grading import rules
from projects.models import Quote


def pdf(quote: Quote) -> bytes:
    """The PDF of a quote, from nothing but what was kept."""
    return render("quote", paper(quote))


def paper(quote: Quote) -> dict[str, Any]:
    """What the layout shows, numbers written out."""
    content = quote.content
    return {
        **content,
        "number": quote.number,
        "to": ", ".join(part for part in (quote.name, quote.company) if part),
        "made": date_format(quote.made_at, "j F Y"),
        "valid_until": date_format(quote.valid_until, "j F Y"),
        "records": f"{content['records']:,}",
        "price": f"{content['price']:,}" if content["price"] is not None else "",
        "counts": [{**row, "number": f"{row['number']:,}"} for row in content["counts"]],
        "prices": [
            {**row, "quantity": f"{row['quantity']:,}", "unit": f"{row['unit']:,}", "amount": f"{row['amount']:,}"}
            for row in content["prices"]
        ],
        "hours": f"{content['hours']:,.1f}",
        "limit": f"{rules()['limits']['records']:,}",
    }
