"""Enter an order: the page, its comboboxes, and the hints while typing."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import Invalid, OMSError
from oms.web import format as fmt
from oms.web import navigation
from oms.web.forms import Option
from oms.web.views import OptionsView, Page, RefusalMixin
from orders.desk.forms import EntryForm
from orders.desk.selectors import customer_glance, customers_like, free_now, products_like, units_by_sku
from orders.entry.domain import Answer
from orders.entry.selectors import draft_to_type, template_to_type, templates
from orders.entry.services import Key, Replayed, alternatives, quote, submit

TEMPLATES = 30  # shown on the page


class CustomerOptions(OptionsView):
    """Customers for the entry page's combobox."""

    verb = "orders.submit"

    def options(self, q: str) -> list[Option]:
        return [Option(c.code, c.name, f"{c.city or ''} {c.code}") for c in customers_like(self.request.user, q)]


class ProductOptions(OptionsView):
    """Products for the grid's comboboxes, with what is free now."""

    verb = "orders.submit"

    def options(self, q: str) -> list[Option]:
        found = products_like(q)
        return [Option(p.sku, f"{p.sku} {p.name}", _("%(n)s free") % {"n": max(0, p.free or 0)}) for p in found]


class EnterOrder(RefusalMixin, Page):
    """Enter an order on one page. Posting submits; `quote` answers the hints while typing."""

    verb = "orders.submit"
    title = gettext_lazy("Enter an order")
    template_name = "orders/desk/enter.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or EntryForm.read(self.given())
        if not form.requested_date:
            form.requested_date = (date.today() + timedelta(days=3)).isoformat()
        glance = customer_glance(self.request.user, form.customer) if form.customer else None
        rows = [(n, cells, line_error(form, n)) for n, cells in form.lines.items()]
        return super().get_context_data(
            **{"glance": glance, "templates": templates(self.request.user)[:TEMPLATES], "fresh": not self.request.GET, **kwargs, "form": form, "rows": rows},
            crumbs=[(_("Orders"), reverse("orders:order-list"))],
        )

    def given(self) -> dict[str, str]:
        """What fills the page: the draft of `?draft=`, the template of `?template=`, else the address itself."""
        if asked := self.request.GET.get("template", ""):
            template = template_to_type(self.request.user, int(asked)) if asked.isdigit() and len(asked) < 18 else None
            if template is None:
                raise Http404(_("There is no such template."))
            return dict(template.content)
        number = self.request.GET.get("draft", "")
        draft = draft_to_type(self.request.user, number) if number else None
        if number and draft is None:
            raise Http404(_("There is no draft %(number)s.") % {"number": number})
        return {**draft.draft.content, "draft": draft.number, "draft_version": str(draft.version)} if draft else self.request.GET.dict()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Submit; a worse answer is shown for one-key acceptance."""
        form = EntryForm.read(request.POST.dict())
        form.forget_other_answers()
        try:
            entry, _numbers = form.request()
            number = submit(entry, by=request.user, key=Key(form.key, form.body_hash(), answer_number)).number
        except Replayed as first:
            number = first.body.decode()
        except OMSError as error:
            return self.refused(form, error)
        navigation.forget_counts(request.user)
        messages.success(request, _("%(number)s is submitted.") % {"number": number})
        return HttpResponseRedirect(reverse("orders:order-detail", args=[number]))

    def refused(self, form: EntryForm, error: OMSError) -> HttpResponse:
        """The page again with the input kept, mistakes at their cells, differences in words."""
        numbers = list(form.lines)
        for row in error.data.get("errors", ()):
            form.errors[on_page(row["field"], numbers)] = row["message"]
        changed = error.code == "promise_changed"
        context = self.get_context_data(
            form=form, refusal=error, refusal_details=differences(error, form) if changed else list(form.errors.values())[1:],
            changed=changed,
        )  # fmt: skip
        return self.render_to_response(context, status=error.status)


def answer_number(answer: Answer) -> bytes:
    """What an idempotency key of the page keeps: the order's number."""
    return answer.number.encode()


def on_page(field: str, numbers: list[int]) -> str:
    """`lines.<i>.sku` of the request as the page's line number."""
    parts = field.split(".")
    if len(parts) == 3 and parts[0] == "lines" and int(parts[1]) < len(numbers):
        parts[1] = str(numbers[int(parts[1])])
    return ".".join(parts)


def differences(error: OMSError, form: EntryForm) -> list[str]:
    """The ways in which the answer became worse, as sentences."""
    skus = [cells["product"] for cells in form.lines.values()]
    said = []
    for row in error.data.get("differences", ()):
        parts = str(row["what"]).split(".")
        values = {"shown": told(row["shown"]), "now": told(row["now"])}
        if parts[0] == "lines":
            values["sku"] = skus[int(parts[1])] if int(parts[1]) < len(skus) else "?"
        said.append({
            "total": _("The total was %(shown)s and is %(now)s."),
            "hold": _("The order would now be held: %(now)s."),
            "promised": _("%(sku)s: %(shown)s had a date, now %(now)s."),
            "delivery_date": _("%(sku)s: %(shown)s was shown, now %(now)s."),
        }[parts[-1]] % values)  # fmt: skip
    return said


def told(value: Any) -> Any:
    """A value of an answer for people: ISO days as `Tue 12 Dec`, nothing as "no date"."""
    try:
        return fmt.day(date.fromisoformat(str(value)))
    except ValueError:
        return _("no date") if value is None else value


class EntryQuote(Page):
    """The hints of the entry page, as fragments: one per line, the summary, and what was shown (sent back on submit)."""

    verb = "orders.submit"
    http_method_names = ["post"]
    template_name = "orders/desk/quote.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = EntryForm.read(request.POST.dict())
        answer, by_line, refusal = self.ask(form)
        instead = self.instead(form, answer, by_line)
        skus = {n: cells["product"] for n, cells in form.lines.items() if n not in form.unfinished or cells["chosen"]}
        units = units_by_sku(skus.values())
        free = free_now(sku for n, sku in skus.items() if n in form.unfinished)
        hints = [
            {"n": n, "answer": by_line.get(n), "error": line_error(form, n), "free": free.get(skus.get(n, "")),
             "units": units.get(skus.get(n, "")), "instead": instead.get(n, ())}
            for n in form.lines
        ]  # fmt: skip
        days = sorted(a.ship_date for a in by_line.values() if a.ship_date)
        context = {
            "form": form, "answer": answer, "hints": hints, "refusal": refusal,
            "glance": customer_glance(request.user, form.customer) if form.customer else None,
            "shown": json.dumps({"asked": form.asked(), **answer.shown()}) if answer else "", "ships": (days[0], days[-1]) if days else (None, None),
            "whole": answer is not None and len(by_line) == len(form.lines),
        }  # fmt: skip
        return TemplateResponse(request, self.template_name, context)

    def instead(self, form: EntryForm, answer: Answer | None, by_line: dict[int, Any]) -> dict[int, Any]:
        """The page's line → what may be offered instead, where it is short or late."""
        if answer is None:
            return {}
        entry, numbers = form.request(only=set(by_line))
        return {numbers[i]: found for i, found in alternatives(entry, answer, by=self.request.user).items()}

    def ask(self, form: EntryForm) -> tuple[Answer | None, dict[int, Any], OMSError | None]:
        """Quote the good lines; lines with mistakes are asked about again without them."""
        good = set(form.lines) - form.unfinished
        for _try in range(2):
            entry, numbers = form.request(only=good)
            if not form.customer or not numbers:
                return None, {}, None
            try:
                answer = quote(entry, by=self.request.user)
            except Invalid as error:
                rows = error.data.get("errors")
                if not rows:
                    return None, {}, error
                for row in rows:
                    form.errors[on_page(row["field"], numbers)] = row["message"]
                good = {n for n in numbers if line_error(form, n) is None}
            except OMSError as error:
                return None, {}, error
            else:
                return answer, dict(zip(numbers, answer.lines, strict=True)), None
        return None, {}, None


def line_error(form: EntryForm, n: int) -> tuple[str, str] | None:
    """The first mistake of a line of the page: (column, sentence)."""
    start = f"lines.{n}."
    found = next(((name, text) for name, text in form.errors.items() if name.startswith(start)), None)
    return (found[0].removeprefix(start).replace("sku", "product"), found[1]) if found else None
