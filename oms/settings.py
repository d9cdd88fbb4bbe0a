"""Settings by environment (12-factor). Without any, the embedded PostgreSQL and Valkey of `oms.runtime` are used.

DATABASE_URL, REDIS_URL point elsewhere; DATABASE_OWNER_URL, DATABASE_WORKER_URL, DATABASE_READ_URL name the other roles
of an own server. OMS_DATABASE_ROLE (app, worker, owner, read) chooses the role of this process. Of several hosts all
need the same SECRET_KEY and a MEDIA_ROOT they share; `manage.py check --deploy` says what is missing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from django.utils.translation import gettext_lazy as _

from oms.runtime import paths
from oms.web.unfold import UNFOLD  # noqa: F401

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = paths.var()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or paths.secret("secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "oms",
    "customers",
    "inventory",
    "payments",
    "orders",
    "reporting",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "oms.web.middleware.ContentSecurityMiddleware",
    "oms.web.middleware.PlanMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "oms.web.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "oms.urls"
WSGI_APPLICATION = "oms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Widgets draw themselves from our templates folder too (oms/web/widgets).
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASE_ROLE = env("OMS_DATABASE_ROLE", default="app")
EMBEDDED_DATABASE = not env("DATABASE_URL", default="")


def _database(role: str) -> dict[str, Any]:
    """The connection of one role: an own server's URL when given, else the embedded server's."""
    url = env("DATABASE_URL", default="")
    if url and role != "app":
        url = env(f"DATABASE_{role.upper()}_URL", default=url)
    config = env.db_url_config(url) if url else {
        "NAME": env("OMS_DATABASE_NAME", default="oms"),
        "USER": f"oms_{role}",
        "HOST": str(paths.socket_dir()),
    }  # fmt: skip
    return {
        **config,
        "ENGINE": "oms.runtime.database",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # A server whose machine is gone says no farewell: what is sent to it is given up after 10 s.
        "OPTIONS": {
            "connect_timeout": 5, "tcp_user_timeout": 10_000, **config.get("OPTIONS", {}), "server_side_binding": True,
            # What a connection says a second time stays prepared there (WRITE_PATH.md); not behind an old PgBouncer.
            "prepare_threshold": 1 if env.bool("PREPARE_STATEMENTS", default=True) else None,
        },  # fmt: skip
        "DISABLE_SERVER_SIDE_CURSORS": env.bool("DISABLE_SERVER_SIDE_CURSORS", default=False),
    }


DATABASES = {"default": _database(DATABASE_ROLE)}
DATABASE_OWNER = _database("owner")
DATABASE_READ = _database("read")
# A file outside the database that keeps the heads of the chain of seals, e.g. on another machine; none by default.
OMS_SEAL_HEADS = env("OMS_SEAL_HEADS", default="")
METRICS_TOKEN = env("METRICS_TOKEN", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES: dict[str, str] = {}

REDIS_URL = env("REDIS_URL", default="") or f"unix://{paths.socket_dir()}/valkey.sock"
EMBEDDED_REDIS = not env("REDIS_URL", default="")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "oms.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Memory-hard, and half the wait of PBKDF2's million rounds at every sign-in.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "oms.web.errors.csrf_failure"
LOGIN_URL = "web:sign-in"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "web:sign-in"
AXES_ENABLE_ADMIN = False
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
SILENCED_SYSTEM_CHECKS = ["axes.W003"]

# Without a mail server every mail ends in the mailbox of the pages: seen there, sent to nobody.
MAIL_SERVER = env("EMAIL_URL", default="")
globals().update(env.email_url_config(MAIL_SERVER or "dummymail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("MAIL_FROM", default="orders@localhost")
# Where the pages are reached from outside, for links in mail: https://orders.example.com; without it mails carry none.
SITE_URL = env("SITE_URL", default="").rstrip("/")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "oms" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env("MEDIA_ROOT", default="") or VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or os.environ.get("OMS_INSTANCE") == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Behind TLS set SECURE=1: cookies, HSTS and redirects then insist on it.
SECURE = env.bool("SECURE", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/$", r"^ready/$"]  # the balancer asks without TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE and env.bool("HSTS_SUBDOMAINS", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 12
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

FILTERS_EMPTY_CHOICE_LABEL = _("All")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "oms.accounts.authentication.PartnerKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "oms.web.negotiation.Negotiation",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "oms.web.errors.api_exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Order management API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # Names that stay, whatever else is called state or status one day.
    "ENUM_NAME_OVERRIDES": {
        "OrderStatusEnum": "orders.book.choices.OrderStatus",
        "ShipmentStatusEnum": "orders.fulfilment.choices.ShipmentStatus",
        "ProductStatusEnum": "inventory.catalog.models.Product.Status",
        "TaxCategoryEnum": "oms.company.models.TaxRule.Category",
        "InvoiceStateEnum": ["open", "overdue", "settled"],
        "ReturnLineStatusEnum": "orders.returns.choices.ReturnStatus",
        "CaseKindEnum": "orders.service.choices.CaseKind",
        "CaseStatusEnum": "orders.service.choices.CaseStatus",
        "TrackingKindEnum": "orders.carriers.choices.TrackingKind",
    },
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    # A broker that is away is noticed at once: rings are lost, the relay's sweep rings again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_VISIBILITY_TIMEOUT = 600
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULE = {"tick": {"task": "oms.jobs.tasks.tick", "schedule": 60.0, "options": {"expires": 55}}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "axes": {"level": "WARNING"}},
}
