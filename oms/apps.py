"""The app's place in Django. Registries (policies, receivers, jobs, navigation) load their rooms when first asked."""

from django.apps import AppConfig


class OMSConfig(AppConfig):
    name = "oms"
    verbose_name = "System"

    def ready(self) -> None:
        """Make the worker's application the current one: web and relay ring through its broker; register our checks."""
        import oms.celery  # noqa: F401
        from oms.runtime import checks  # noqa: F401
