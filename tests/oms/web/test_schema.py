"""The API's description is valid, and every enum in it has a name that stays."""

from __future__ import annotations

from pathlib import Path

from django.core.management import call_command


def test_the_schema_is_valid_and_without_warnings(tmp_path: Path) -> None:
    out = tmp_path / "schema.yml"
    call_command("spectacular", file=str(out), validate=True, fail_on_warn=True)
    said = out.read_text()
    for name in ("/api/v1/orders/", "/api/v1/invoices/{number}/pdf/", "/api/v1/shipments/", "/api/v1/products/{sku}/", "/api/v1/bank/statements/",
                 "ShipmentStatusEnum", "InvoiceStateEnum"):  # fmt: skip
        assert name in said
