"""The worker's application: `celery -A oms.celery worker|beat`. Tasks are doorbells; the rows are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")

app = Celery("oms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["oms", "customers", "inventory", "payments", "orders", "reporting"])
