"""Pages: closed by default, one use case each, refusals shown where the input is.

`Page` asks `authorize` before anything else. `ListPage` is a table with filters, lazy pages and exports; `FormPage` and
`ActionPage` call exactly one use case and turn its `OMSError` into the page's own refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView, View
from django_tables2 import LazyPaginator, RequestConfig

from oms.accounts.policies import authorize
from oms.kernel.errors import NotFound, OMSError
from oms.web import exports, navigation
from oms.web.forms import Option, add_problems
from oms.web.tables import Table

SIGNED_IN = "signed-in"
PER_PAGE = 50
MAX_PAGE = 200
OPTIONS = 12


class PageMixin(AccessMixin):
    """Sign-in and right first. `verb` names a policy of `authorize`; `SIGNED_IN` opens the page to everyone signed in."""

    verb: str = ""
    title: Any = ""
    crumbs: Sequence[tuple[Any, str]] = ()
    request: HttpRequest

    def get_object_for_authorize(self) -> Any:
        """The object `authorize` looks at; None for lists. Load it through the room's row filter (not found = 404)."""
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.verb:
            raise ImproperlyConfigured(f"{type(self).__name__} names no verb")
        if not request.user.is_authenticated:
            return self._to_sign_in(request)
        if self.verb != SIGNED_IN:
            authorize(request.user, self.verb, self.get_object_for_authorize())
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def _to_sign_in(self, request: HttpRequest) -> HttpResponseBase:
        """The sign-in page, then back here; a fragment's request moves the whole window there."""
        answer = self.handle_no_permission()
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": self.get_login_url()})
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {"title": self.get_title(), "crumbs": self.crumbs, **context}

    def get_title(self) -> Any:
        """The page's heading and window title."""
        return self.title


class Page(PageMixin, TemplateView):
    """A page that only shows."""


class ListPage(PageMixin, TemplateView):
    """A table: `get_queryset` (already row-filtered), `table_class`, optional `filterset_class`.

    `?export=csv|xlsx` answers with the whole filtered table. Pages never count the rows; beyond MAX_PAGE one filters.
    """

    template_name = "oms/web/list.html"
    table_class: type[Table]
    filterset_class: Any = None
    per_page = PER_PAGE

    def get_queryset(self) -> Any:
        """The rows this person may see, with what the table shows prefetched."""
        raise NotImplementedError

    def get_table_kwargs(self) -> dict[str, Any]:
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        rows = self.get_queryset()
        filterset = None
        if self.filterset_class is not None:
            filterset = self.filterset_class(request.GET or None, queryset=rows, request=request)
            rows = filterset.qs if not filterset.is_bound or filterset.is_valid() else rows.none()
        table = self.table_class(rows, **self.get_table_kwargs())
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        filtered = bool(filterset and filterset.is_bound and any(filterset.form[f].value() for f in filterset.form.fields))
        return self.render_to_response(self.get_context_data(table=table, filter=filterset, filtered=filtered))

    def paginate(self, table: Table) -> None:
        """The asked-for page, between 1 and MAX_PAGE, without counting the rows."""
        asked = self.request.GET.get("page", "1")
        if asked.isdigit() and int(asked) > MAX_PAGE:
            raise NotFound(
                _("Pages beyond %(page)s are not shown.") % {"page": MAX_PAGE},
                clears=_("Narrow the table with its filters, or export it."),
            )
        RequestConfig(self.request, paginate={"paginator_class": LazyPaginator, "per_page": self.per_page}).configure(table)

    def export(self, table: Table, fmt: str) -> HttpResponseBase:
        """The whole table, in the order shown, as a download."""
        RequestConfig(self.request, paginate=False).configure(table)
        data = table.data.data
        records = data.iterator(chunk_size=1_000) if hasattr(data, "iterator") else data
        rows = table.export_rows(records)
        return exports.response(fmt, slugify(str(self.get_title())) or "table", next(rows), rows)


class RefusalMixin:
    """Show an OMSError inside the page, with the input kept and its status code."""

    def refuse(self, error: OMSError, form: Any = None) -> HttpResponse:
        """The page again with the refusal on top; errors of single fields stand at their fields."""
        rows = error.data.get("errors", ())
        left = add_problems(form, rows) if form is not None else []
        context = self.get_context_data(form=form, refusal=error, refusal_details=left)  # type: ignore[attr-defined]
        return self.render_to_response(context, status=error.status)  # type: ignore[attr-defined]


class FormPage(PageMixin, RefusalMixin, FormView):
    """A form that calls exactly one use case: `run(form)`. Its result names the next page through `get_success_url`."""

    template_name = "oms/web/form.html"
    done: Any = ""
    main_label: Any = gettext_lazy("Save")
    result: Any = None

    def run(self, form: Any) -> Any:
        """Call the one use case with `by=self.request.user`."""
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            self.result = self.run(form)
        except OMSError as error:
            return self.refuse(error, form)
        navigation.forget_counts(self.request.user)
        if message := self.get_done_message():
            messages.success(self.request, message)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def get_done_message(self) -> Any:
        """One sentence of what happened; `self.result` is the use case's answer."""
        return self.done

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"main_label": self.main_label, **super().get_context_data(**kwargs)}


class ActionPage(PageMixin, View):
    """A button: POST calls exactly one use case, then back to where it was pressed with one sentence of what happened.

    A refusal goes through the middleware: a fragment for htmx, the refusal's own page otherwise.
    """

    http_method_names = ["post"]
    done: Any = ""
    result: Any = None

    def run(self) -> Any:
        """Call the one use case with `by=self.request.user` and values of `self.request.POST`."""
        raise NotImplementedError

    def get_success_url(self) -> str:
        """Where to go: `next` of the form when it is ours, else the home page."""
        target = self.request.POST.get("next", "")
        ours = url_has_allowed_host_and_scheme(target, {self.request.get_host()}, self.request.is_secure())
        return target if ours else "/"

    def get_done_message(self) -> Any:
        return self.done

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.result = self.run()
        navigation.forget_counts(request.user)
        if message := self.get_done_message():
            messages.success(request, message)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": self.get_success_url()})
        return HttpResponseRedirect(self.get_success_url())


class OptionsView(PageMixin, View):
    """The options of a combobox for `?q=`, as list items; at most OPTIONS of them."""

    http_method_names = ["get"]

    def options(self, q: str) -> Iterable[Option]:
        """The best matches for what was typed, best first, within what this person may see."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        q = request.GET.get("q", "").strip()[:100]
        found = list(self.options(q))[:OPTIONS] if q else []
        return TemplateResponse(request, "oms/web/components/options.html", {"options": found, "q": q})


class HomePage(Page):
    """What waits for this person, by section, with the first few of each."""

    verb = SIGNED_IN
    template_name = "oms/web/home.html"
    title = gettext_lazy("Waiting for you")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        counts, first = navigation.counts(user), navigation.first_waiting(user)
        waits = [
            {"entry": entry, "url": url, "count": counts.get(entry.url_name) or len(first[entry.url_name]), "first": first.get(entry.url_name, ())}
            for entry, url in navigation.entries_for(user)
            if counts.get(entry.url_name) or first.get(entry.url_name)
        ]
        offered = [(entry, url) for entry, url in navigation.entries_for(user)]
        return super().get_context_data(waits=waits, offered=offered, **kwargs)


@method_decorator(never_cache, name="dispatch")
class CountsView(PageMixin, View):
    """The navigation's counts as JSON {url_name: number}, fetched after the page stands."""

    verb = SIGNED_IN
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        return JsonResponse(navigation.counts(request.user))
