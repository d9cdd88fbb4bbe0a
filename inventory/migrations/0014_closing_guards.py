"""What a day was closed with is never rewritten."""

from django.db import migrations

from oms.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_closings"), ("oms", "0002_guards")]
    operations = [migrations.RunSQL(*guards.ledger("inventory_stockclosing"))]
