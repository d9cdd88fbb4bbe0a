"""The app's place in Django. Registries (policies, receivers, jobs, navigation) load their rooms when first asked."""

from django.apps import AppConfig


class OMSConfig(AppConfig):
    name = "oms"
    verbose_name = "System"
