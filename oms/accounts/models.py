"""People and machines that act. Every write names one of them.

A `User` is a person, a partner's machine or the system itself; its `roles` say what it may do (see `policies`),
posts, customers and locations say where (they point down to the user from their own rooms).
A `PartnerKey` lets a machine act as its user: only the sha256 of the secret is kept.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.accounts.choices import Role


class User(AbstractUser):
    """Somebody who acts; `is_system` marks actors that cannot sign in (the system, policy versions)."""

    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)
    is_system = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True, default="")

    objects = UserManager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_roles_known",
                condition=Q(roles__contained_by=list(Role.values)),
            ),
        ]

    def has_role(self, *roles: str) -> bool:
        """Whether the user holds at least one of `roles`."""
        return any(role in self.roles for role in roles)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class PartnerKey(models.Model):
    """A bearer secret of a partner's machine: prefix for finding, sha256 for checking, scopes for limiting."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="partner_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("partner key")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
