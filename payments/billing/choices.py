"""How old a debt is, in words."""

from django.utils.translation import gettext_lazy as _

# The buckets of `domain.age_bucket`.
AGE_WORDS = (_("Not due"), _("1–30 days"), _("31–60 days"), _("61–90 days"), _("Older"))
