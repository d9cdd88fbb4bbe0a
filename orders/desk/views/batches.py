"""Order files: uploaded, their columns named once a sender, shown as a dry run, brought in; each step where it was left."""

from __future__ import annotations

import io
from itertools import islice
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.files import uploads
from oms.files.choices import FileState, RowState
from oms.files.exports import write_refused
from oms.files.formats import named
from oms.files.models import ImportFile
from oms.files.selectors import documents, refused, results, runs_of
from oms.jobs.selectors import job_of
from oms.kernel.errors import OMSError
from oms.web.views import ActionPage, FormPage, Page, RefusalMixin
from orders.desk.forms import BatchForm, ColumnsForm
from orders.desk.selectors import batch_net, planned_orders, sender_of

FORMAT = "orders"


def own_run(request: HttpRequest, file_id: int) -> ImportFile:
    """A run this person uploaded, or 404."""
    found = runs_of(request.user, FORMAT).filter(pk=file_id).first()
    if found is None:
        raise Http404(_("There is no such file."))
    return found


class Batches(FormPage):
    """Upload an order file; below, what became of the earlier ones."""

    verb = "orders.submit"
    title = gettext_lazy("Order files")
    template_name = "orders/desk/batches.html"
    form_class = BatchForm
    shown = 30

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def run(self, form: Any) -> ImportFile:
        data = form.cleaned_data
        sender = data.get("sender") or sender_of(self.request.user)
        return uploads.receive(FORMAT, data["file"].name, data["file"].read(), by=self.request.user, encoding=data["encoding"], sender=sender)

    def get_success_url(self) -> str:
        return reverse("orders:batch", args=[self.result.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns = [c for c in named(FORMAT).columns if not c.history]
        return super().get_context_data(runs=list(runs_of(self.request.user, FORMAT)[: self.shown]), columns=columns, **kwargs)


class BatchPage(RefusalMixin, Page):
    """One file: read, what would be created and every bad row, then how far it is, then what was made of it."""

    verb = "orders.submit"
    template_name = "orders/desk/batch.html"
    orders_shown, reasons_shown, made_shown = 25, 200, 200

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        file = own_run(self.request, self.kwargs["run"])
        kind = uploads.WORKED_ON.get(file.state)
        job = job_of(kind, uploads.slot_of(file)) if kind else None
        found = documents(file.pk)
        new = [found.get(state, (0, 0)) for state in (RowState.CREATE, RowState.CHANGE)]
        checked, done = file.state == FileState.CHECKED, file.state == FileState.DONE
        bad = sum(found.get(state, (0, 0))[0] for state in (RowState.BAD, RowState.REJECTED))
        return super().get_context_data(
            file=file, title=file.name, crumbs=[(_("Order files"), reverse("orders:batches"))], job=job,
            gave_up=job is not None and job.state == job.State.FAILED, rows=sum(rows for rows, _n in found.values()),
            new_rows=sum(rows for rows, _n in new), new_orders=sum(n for _rows, n in new), bad=bad,
            same=found.get(RowState.SAME, (0, 0)), made=found.get(RowState.CREATED, (0, 0)),
            sums=batch_net(file.pk) if checked else [], orders=planned_orders(file, self.request.user, self.orders_shown) if checked else [],
            reasons=list(islice(refused(file), self.reasons_shown)) if bad and (checked or done) else [],
            numbers=results(file.pk, self.made_shown) if done else [], **kwargs,
        )  # fmt: skip


class BatchAction(ActionPage):
    """A step of one file; refusals come back to its page."""

    verb = "orders.submit"

    def get_success_url(self) -> str:
        return reverse("orders:batch", args=[self.kwargs["run"]])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        own_run(request, kwargs["run"])
        return super().post(request, *args, **kwargs)


class BringInBatch(BatchAction):
    """Create the orders: all, or the good ones."""

    def run(self) -> Any:
        return uploads.bring_in(self.kwargs["run"], by=self.request.user, partial=self.request.POST.get("partial") == "1")


class GoOnBatch(BatchAction):
    """Ask the worker again."""

    def run(self) -> Any:
        return uploads.go_on(self.kwargs["run"], by=self.request.user)


class DropBatch(BatchAction):
    """Discard a file of which nothing was created."""

    done = gettext_lazy("The file is discarded; nothing of it was created.")

    def run(self) -> Any:
        return uploads.drop(self.kwargs["run"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:batches")


class BatchColumns(RefusalMixin, Page):
    """Say which column of the file is which; remembered for the sender."""

    verb = "orders.submit"
    title = gettext_lazy("Columns of the file")
    template_name = "orders/desk/batch_columns.html"
    http_method_names = ["get", "post"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        file = own_run(self.request, self.kwargs["run"])
        form = kwargs.pop("form", None) or ColumnsForm(file, uploads.proposed(file))
        crumbs = [(_("Order files"), reverse("orders:batches")), (file.name, reverse("orders:batch", args=[file.pk]))]
        return super().get_context_data(file=file, form=form, crumbs=crumbs, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        file = own_run(request, kwargs["run"])
        form = ColumnsForm.read(file, request.POST)
        try:
            uploads.name_columns(file.pk, form.layout, by=request.user)
        except OMSError as error:
            form.errors = {row["field"]: row["message"] for row in error.data.get("errors", ())}
            context = self.get_context_data(form=form, refusal=error)
            return self.render_to_response(context, status=error.status)
        return HttpResponseRedirect(reverse("orders:batch", args=[file.pk]))


class BatchReasons(Page):
    """Every bad row with row, column, what stood there and the reason, as a download."""

    verb = "orders.submit"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file = own_run(request, kwargs["run"])
        target = io.StringIO()
        write_refused(target, file.name, refused(file))
        answer = HttpResponse("\ufeff" + target.getvalue(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="batch-{file.pk}-rows.csv"'
        return answer


class BatchTemplate(Page):
    """An empty file with our columns."""

    verb = "orders.submit"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        header = ",".join(c.name for c in named(FORMAT).columns if not c.history)
        answer = HttpResponse(f"\ufeff{header}\r\n", content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="orders.csv"'
        return answer
