"""Figures know whose day a fact is charged to, and what was credited for goods that stayed. What stands is kept: its own day."""

from django.db import migrations, models

# The guard of closed months refuses every UPDATE, and rightly; a new column is filled while it rests, in this transaction.
FILL = """
ALTER TABLE reporting_figure ADD COLUMN owner_day date;
ALTER TABLE reporting_figure DISABLE TRIGGER figure_open;
UPDATE reporting_figure SET owner_day = day;
ALTER TABLE reporting_figure ENABLE ALWAYS TRIGGER figure_open;
ALTER TABLE reporting_figure ALTER COLUMN owner_day SET NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("reporting", "0004_returned_and_due")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FILL, "ALTER TABLE reporting_figure DROP COLUMN owner_day")],
            state_operations=[migrations.AddField("figure", "owner_day", models.DateField())],
        ),
        migrations.AddField("figure", "credited", models.DecimalField(db_default=0, decimal_places=6, max_digits=20)),
        migrations.RemoveConstraint(model_name="figure", name="figure_once"),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.UniqueConstraint(
                fields=("customer", "day", "owner_day", "post", "family", "currency", "period"), name="figure_once"
            ),
        ),
        migrations.AlterField(
            model_name="target",
            name="measure",
            field=models.CharField(choices=[("delivered", "Delivered, net of returns and credits"), ("collected", "Collected")], max_length=10),
        ),
    ]
