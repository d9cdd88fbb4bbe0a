"""Pages of posts: all of them, one with its history, handing it over with a checklist, giving its customers to another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.services import assign_customers
from customers.territory.models import Post
from customers.territory.selectors import visible_posts
from customers.territory.services import hand_over
from oms.accounts.policies import may
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.web import format as fmt
from oms.web import words
from oms.web.views import FormPage, ListPage, Page
from reporting.facts.selectors import scope
from reporting.posts.forms import AssignForm, HandOverForm
from reporting.posts.selectors import (
    CustomerRow,
    PostPage,
    checklist,
    customers_of,
    post_page,
    posts,
    successors,
)
from reporting.posts.tables import PostTable

YEAR = 365
CRUMB = (gettext_lazy("Posts and people"), "/reporting/posts/")


class PostList(ListPage):
    """Posts one sees: who holds them, since when, what is with them."""

    verb = "reporting.see_posts"
    title = gettext_lazy("Posts and people")
    table_class = PostTable

    def get_queryset(self) -> Any:
        return posts(scope(self.request.user), timezone.now().date())


class OnePost:
    """The post of the address, within the row filter."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def today(self) -> Any:
        """The company's day."""
        return timezone.now().astimezone(ZoneInfo(company().timezone)).date()

    @cached_property
    def post_(self) -> PostPage:
        """The post; 404 for one that is not in one's region."""
        found = post_page(scope(self.request.user), self.kwargs["post"], company().currency_id, self.today)
        if found is None:
            raise Http404(_("There is no post %(code)s.") % {"code": self.kwargs["post"]})
        return found

    def back(self) -> list[tuple[Any, str]]:
        """Where one came from."""
        return [CRUMB, (self.post_.name, reverse("reporting:post-detail", args=[self.post_.code]))]


class PostDetail(OnePost, Page):
    """Who held it and what was sold then, its customers, who came and went."""

    verb = "reporting.see_posts"
    template_name = "reporting/posts/post.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found, user = self.post_, self.request.user
        return super().get_context_data(
            title=found.name, crumbs=[CRUMB], place=found, today=self.today, currency=company().currency_id,
            customers=customers_of(found.id, self.today - timedelta(days=YEAR)), timeline=words.entries(timeline("post", found.id, limit=40)),
            handing=may(user, "territory.hand_over", found.id), assigning=may(user, "customers.assign"), **kwargs,
        )  # fmt: skip


class HandOverPost(OnePost, FormPage):
    """The post passes to somebody else from a day on; beside the form, what goes with it and what stays."""

    verb = "territory.hand_over"
    template_name = "reporting/posts/hand_over.html"
    form_class = HandOverForm
    main_label = gettext_lazy("Hand over")

    def get_object_for_authorize(self) -> Any:
        return self.post_.id

    def get_title(self) -> Any:
        return _("Hand over %(post)s") % {"post": self.post_.name}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "people": successors(), "holder_id": self.post_.holder_id, "by_id": self.request.user.pk,
                "today": self.today}  # fmt: skip

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        currency = company().currency_id
        return super().get_context_data(crumbs=self.back(), place=self.post_, currency=currency, today=self.today,
                                        counts=checklist(self.post_.id, self.post_.holder_id, currency), **kwargs)  # fmt: skip

    def run(self, form: HandOverForm) -> Any:
        return hand_over(self.post_.id, form.successor_id, form.cleaned_data["since"], form.cleaned_data["note"], by=self.request.user)

    def get_done_message(self) -> Any:
        words_ = {"post": self.post_.name, "day": fmt.day(self.result.since)}
        if self.result.since > self.today:
            return _("%(post)s is handed over on %(day)s.") % words_
        return _("%(post)s is handed over. Who held it has lost access; the customers stay with the post.") % words_

    def get_success_url(self) -> str:
        return reverse("reporting:post-detail", args=[self.post_.code])


class AssignCustomers(OnePost, FormPage):
    """Customers of this post go to another one, from today on."""

    verb = "customers.assign"
    template_name = "reporting/posts/customers.html"
    form_class = AssignForm
    main_label = gettext_lazy("Give to the other post")

    def get_title(self) -> Any:
        return _("Customers of %(post)s to another post") % {"post": self.post_.name}

    @cached_property
    def customers(self) -> list[CustomerRow]:
        """The post's customers."""
        return customers_of(self.post_.id, self.today - timedelta(days=YEAR))

    def get_form_kwargs(self) -> dict[str, Any]:
        others = Post.objects.filter(pk__in=visible_posts(self.request.user)).exclude(pk=self.post_.id).order_by("name")
        return {**super().get_form_kwargs(), "customers": self.customers, "posts": others.values_list("pk", "name")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=self.back(), place=self.post_, currency=company().currency_id, customers=self.customers, **kwargs)

    def run(self, form: AssignForm) -> Any:
        data = form.cleaned_data
        return assign_customers(data["customers"], data["to"], data["note"], by=self.request.user)

    def get_done_message(self) -> Any:
        return _("%(n)s customers went to the other post; what they did until yesterday stays with this one.") % {"n": self.result}

    def get_success_url(self) -> str:
        return reverse("reporting:post-detail", args=[self.post_.code])
