"""Composition: admin, pages of the rooms, API v1, health."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.cache import never_cache
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from oms.kernel.rooms import modules


@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """The process reaches its database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ready"})


api = [pattern for module in modules("api") for pattern in getattr(module, "urlpatterns", [])]

urlpatterns = [
    path("health/", health, name="health"),
    path("ready/", ready, name="ready"),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api, "api"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="api-schema"), name="api-redoc"),
    path("customers/", include("customers.urls")),
    path("stock/", include("inventory.urls")),
    path("money/", include("payments.urls")),
    path("orders/", include("orders.urls")),
    path("reporting/", include("reporting.urls")),
    path("", include("oms.web.urls")),
]

handler400 = "oms.web.errors.bad_request"
handler403 = "oms.web.errors.permission_denied"
handler404 = "oms.web.errors.not_found"
handler500 = "oms.web.errors.server_error"
