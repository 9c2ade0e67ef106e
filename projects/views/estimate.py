"""The public estimator: from a pair and a few numbers to a grade, a price and a written quote. No log-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects import estimator, quotes
from projects.documents.quote import pdf
from projects.estimate_forms import CallForm, CountsForm, DoorForm, QuoteForm
from projects.estimator import QUESTIONS, Estimate, Pair
from projects.grading import rules
from projects.models import CallRequest, Quote
from projects.views.seat import Request

View = Callable[..., HttpResponse]
Sent = TypeVar("Sent", bound=DoorForm)


def open_door(view: View) -> View:
    """Lets people without an account in, a limited number of times each; tells them when it was too often."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        writes = request.method == "POST"
        limit = quotes.WRITES if writes else quotes.LOOKS
        if not quotes.within_limit(request, "write" if writes else "look", limit):
            response = render(request, "estimate/too_often.html", {"minutes": max(1, limit[1] // 60)}, status=429)
            response["Retry-After"] = str(limit[1])
            return response
        return view(request, *args, **kwargs)

    open_view: View = login_not_required(never_cache(guarded))
    return open_view


@open_door
@require_GET
def estimate(request: HttpRequest) -> HttpResponse:
    """The steps: category, source, destination, numbers; then what the rules say about them."""
    chosen = _chosen(request)
    pair = estimator.pair_of(chosen["source"], chosen["destination"])
    if pair is not None and not pair.built:
        return render(request, "estimate/not_built.html", _not_built(pair, CallForm()))
    form = CountsForm(request.GET if any(one.name in request.GET for one in QUESTIONS) else None)
    made = estimator.estimate(pair, form.cleaned_data) if pair and form.is_bound and form.is_valid() else None
    return render(request, "estimate/estimate.html", _steps(chosen, form, made, QuoteForm()))


def _steps(chosen: dict[str, str], form: CountsForm, made: Estimate | None, quote_form: DoorForm) -> dict[str, Any]:
    """What the page of the steps shows."""
    pair = estimator.pair_of(chosen["source"], chosen["destination"])
    return {
        "chosen": chosen,
        "categories": estimator.categories(),
        "sources": [one for one in estimator.systems("source") if one.category == chosen["category"]],
        "destinations": [one for one in estimator.systems("destination") if one.slug != chosen["source"]],
        "pair": pair,
        "leave": estimator.ways_to_leave(pair) if pair else (),
        "arrive": estimator.ways_to_arrive(pair) if pair else (),
        "form": form,
        "made": made,
        "rest": _rest(made) if made else "",
        "quote_form": quote_form,
        "limit": rules()["limits"]["records"],
    }


def _chosen(request: HttpRequest) -> dict[str, str]:
    """What was chosen so far; whatever is not in the lists counts as not chosen."""
    source = estimator.find("source", request.GET.get("source", ""))
    category = request.GET.get("category", "")
    if source is not None:
        category = source.category
    known = category if category in estimator.categories() else ""
    destination = estimator.find("destination", request.GET.get("destination", ""))
    there = destination.slug if destination and source and destination.slug != source.slug else ""
    return {"category": known, "source": source.slug if source else "", "destination": there}


def _rest(made: Estimate) -> str:
    """The address part that asks for the same estimate again."""
    typed = {name: number for name, number in made.typed.items() if number}
    return urlencode({"source": made.pair.source.slug, "destination": made.pair.destination.slug, **typed})


def _let_in(request: HttpRequest, form: DoorForm) -> bool:
    """Whether a form came from a person, once; else the reason is among the messages."""
    try:
        once = quotes.check_token(form.data.get("token", ""))
        if not form.is_valid():
            return False
        quotes.spend(once)
    except quotes.Stale as stale:
        messages.error(request, str(stale))
        return False
    return True


def _again(form: Sent) -> Sent:
    """The form as it was typed, with a token that can be sent again."""
    return type(form)({**form.data, "token": quotes.form_token()})


@open_door
@require_POST
def quote(request: HttpRequest) -> HttpResponse:
    """Writes the quote for the numbers in the address, and leads to its page."""
    pair = estimator.pair_of(request.GET.get("source", ""), request.GET.get("destination", ""))
    counts = CountsForm(request.GET)
    if pair is None or not pair.built or not counts.is_valid():
        return redirect(f"{reverse('estimate')}?{request.GET.urlencode()}")
    form = QuoteForm(request.POST)
    made = estimator.estimate(pair, counts.cleaned_data)
    if form.is_machine:
        return render(request, "estimate/thanks.html")
    if not _let_in(request, form):
        return render(request, "estimate/estimate.html", _steps(_chosen(request), counts, made, _again(form)))
    data = form.cleaned_data
    _, token = quotes.write_quote(estimate=made, name=data["name"], email=data["email"], company=data["company"])
    return redirect("quote", token=token)


def _quote_of(token: str) -> Quote:
    found = quotes.find_quote(token)
    if found is None:
        raise Http404
    return found


@open_door
@require_http_methods(["GET", "POST"])
def one_quote(request: HttpRequest, token: str) -> HttpResponse:
    """A quote, its PDF, and a request for a call about it."""
    found = _quote_of(token)
    form = CallForm(initial={"name": found.name, "email": found.email})
    if request.method == "POST":
        form = CallForm(request.POST)
        if _called(request, form, f"Quote {found.number}", found):
            return render(request, "estimate/thanks.html", {"quote": found, "token": token})
        form = _again(form)
    return render(request, "estimate/quote.html", {"quote": found, "token": token, "call_form": form})


@open_door
@require_GET
def quote_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The quote as a PDF."""
    found = _quote_of(token)
    answer = HttpResponse(pdf(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return answer


@open_door
@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """A request for a call about a pair that is not built yet."""
    pair = estimator.pair_of(request.GET.get("source", ""), request.GET.get("destination", ""))
    if pair is None:
        return redirect("estimate")
    form = CallForm(request.POST)
    if _called(request, form, pair.label, None):
        return render(request, "estimate/thanks.html")
    return render(request, "estimate/not_built.html", _not_built(pair, _again(form)))


def _not_built(pair: Pair, form: DoorForm) -> dict[str, Any]:
    leave, arrive = estimator.ways_to_leave(pair), estimator.ways_to_arrive(pair)
    return {"pair": pair, "leave": leave, "arrive": arrive, "call_form": form, "about": pair.label}


def _called(request: HttpRequest, form: CallForm, about: str, found: Quote | None) -> bool:
    """Keeps the request for a call; a machine is thanked all the same, so that it goes away."""
    if form.is_machine:
        return True
    if not _let_in(request, form):
        return False
    fields = ("name", "email", "phone", "message")
    quotes.ask_for_call(about=about, quote=found, **{name: form.cleaned_data[name] for name in fields})
    return True


@require_http_methods(["GET", "POST"])
def calls(request: Request) -> HttpResponse:
    """Who wants to be called, for administrators of the installation."""
    if not request.user.is_superuser:
        raise Http404
    if request.method == "POST":
        quotes.close_call(call=get_object_or_404(CallRequest, pk=request.POST.get("call") or 0), by=request.user)
        return redirect("calls")
    rows = CallRequest.objects.select_related("quote", "done_by").order_by("done_at", "-asked_at")
    open_first = sorted(rows[:500], key=lambda row: (row.done_at is not None, -row.pk))
    listed = Paginator(open_first, 50).get_page(request.GET.get("page"))
    return render(request, "estimate/calls.html", {"calls": listed, "quotes": Quote.objects.count()})
