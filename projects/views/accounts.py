"""Logging in and out, and the one-click invitation."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from projects import members, services
from projects.forms import AcceptForm, LoginForm
from projects.models import Invitation, Membership, User


class Login(LoginView):
    """Asks for e-mail address and password."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Logout(LogoutView):
    """Ends the session."""


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows who invites to what; the button lets the invited person in, once."""
    found = members.find_invitation(token)
    if found is None:
        return render(request, "accounts/invitation_gone.html", status=410)
    known = User.objects.filter(email=found.email).first()
    form = AcceptForm(request.POST if request.method == "POST" else None, known=known)
    must_log_in = known is not None and known != request.user and not _link_may_log_in(found, known)
    if request.method == "POST" and not must_log_in and form.is_valid():
        return _accept(request, found, form.cleaned_data.get("name", ""))
    context = {"invitation": found, "form": form, "known": known, "must_log_in": must_log_in}
    return render(request, "accounts/invitation.html", context)


def _accept(request: HttpRequest, found: Invitation, name: str) -> HttpResponse:
    try:
        user = members.accept_invitation(invitation=found, name=name)
    except services.Refused:
        return render(request, "accounts/invitation_gone.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    messages.success(request, f"Welcome. You are {found.get_role_display().lower()} of {found.project}.")
    return redirect("project", slug=found.project.slug)


def _link_may_log_in(found: Invitation, known: User) -> bool:
    """Whether the link alone opens an account that exists already.

    The inviter sees the link. It must not open an account with a password, nor one that reaches into
    projects which the inviter does not manage: that would be a way into other people's seats.
    """
    if known.has_usable_password() or known.is_staff or known.is_superuser or not known.is_active:
        return False
    inviter = found.invited_by
    if inviter is None:
        return False
    managed = Membership.objects.filter(user=inviter, role=Membership.Role.ADMIN).values("project_id")
    return inviter.is_superuser or not known.memberships.exclude(project_id__in=managed).exists()
