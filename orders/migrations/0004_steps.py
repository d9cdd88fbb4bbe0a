"""Drafts, lines that extend others, and since when an order waits for a decision."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from oms.kernel import guards

WAITING = "UPDATE orders_order SET undecided_since = submitted_at WHERE status = 'submitted'"
EXTENDS = """
ALTER TABLE orders_orderline ADD CONSTRAINT line_extends_same_product
    FOREIGN KEY (order_id, extends_line_id, product_id) REFERENCES orders_orderline (order_id, id, product_id);
CREATE FUNCTION orders_check_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'line %: a line added later starts with approved 0', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'line_added_unapproved';
END $$;
"""
NO_EXTENDS = "ALTER TABLE orders_orderline DROP CONSTRAINT line_extends_same_product; DROP FUNCTION orders_check_added();"

class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_initial'),
        ('oms', '0003_changes'),
        ('orders', '0003_guards_closed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='draft', serialize=False, to='orders.order')),
                ('content', models.JSONField(default=dict)),
                ('saved_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='order',
            name='amended_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, db_default=[], size=None),
        ),
        migrations.AddField(
            model_name='order',
            name='undecided_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='extends_line',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='extensions', to='orders.orderline'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('undecided_since__isnull', False)), fields=['undecided_since', 'id'], name='order_undecided'),
        ),
        migrations.AddField(
            model_name='draft',
            name='saved_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunSQL(WAITING, migrations.RunSQL.noop),
        migrations.RunSQL(EXTENDS, NO_EXTENDS),
        migrations.RunSQL(*guards.trigger(
            "orders_orderline", "line_added_unapproved", "BEFORE INSERT", "orders_check_added",
            when="NEW.extends_line_id IS NOT NULL AND NEW.quantity_approved <> 0",
        )),
    ]
