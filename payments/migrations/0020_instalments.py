"""An invoice may be paid in instalments: equal parts, one a month, the last takes the rest; what settles it settles the earliest first."""

from django.db import migrations, models
from django.db.models import F, Q

# The parts of an invoice of which `rest` is open that are open themselves; an invoice of one part is its own. Inlined by the planner.
# The last part is the rest without the others', so that the parts are the rest whatever it is. As `parts_of` (payments/billing/domain.py).
PARTS = """
CREATE FUNCTION open_parts(total numeric, rest numeric, due_date date, instalments smallint, instalment numeric)
RETURNS TABLE (number int, due_date date, amount numeric, open numeric) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT n, ($3 + make_interval(months => n - 1))::date, amount, open FROM (
        SELECT n, CASE WHEN n < $4 THEN $5 ELSE $1 - $5 * ($4 - 1) END AS amount,
               CASE WHEN n < $4 THEN least($5, greatest(0, $5 * n - ($1 - $2)))
                    ELSE $2 - least($5 * ($4 - 1), greatest(0, $5 * ($4 - 1) - ($1 - $2))) END AS open
        FROM generate_series(1, $4::int) n
    ) parts WHERE open <> 0
$$;
CREATE FUNCTION next_due(total numeric, rest numeric, due_date date, instalments smallint, instalment numeric)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN $4 = 1 THEN $3 ELSE (SELECT min(p.due_date) FROM open_parts($1, $2, $3, $4, $5) p) END
$$;
"""
NO_PARTS = """
DROP FUNCTION next_due(numeric, numeric, date, smallint, numeric);
DROP FUNCTION open_parts(numeric, numeric, date, smallint, numeric);
"""


class Migration(migrations.Migration):
    dependencies = [("oms", "0007_indexes_at_size"), ("payments", "0019_bank_queue")]

    operations = [
        migrations.AddField("invoice", "instalments", models.SmallIntegerField(
            default=1, db_default=1, help_text="parts, one a month from the due date")),
        migrations.AddField("invoice", "instalment", models.DecimalField(
            max_digits=18, decimal_places=3, default=0, db_default=0, help_text="each part but the last, which takes the rest")),
        migrations.AddField("dunningnoticeitem", "due_date", models.DateField(
            null=True, help_text="of the earliest part that was; empty: the invoice's")),
        migrations.AlterField("billingterms", "instalments", models.SmallIntegerField(
            default=1, help_text="equal parts, the first when due, then one each month; cash discount is for what is paid at once")),
        migrations.AlterField("dunningnoticeitem", "open", models.DecimalField(
            max_digits=18, decimal_places=3, help_text="what of it was overdue")),
        migrations.AlterField("invoice", "due_date", models.DateField(help_text="of the whole, or of its first instalment")),
        migrations.AddIndex("invoice", models.Index(fields=["currency", "invoice_date"], name="invoice_in_parts", condition=Q(instalments__gt=1))),
        migrations.AddConstraint("invoice", models.CheckConstraint(
            name="invoice_instalments",
            condition=Q(instalments=1, instalment=0)
            | Q(instalments__range=(2, 24), instalment__gt=0, total__gte=F("instalments") * F("instalment")))),
        migrations.RunSQL(PARTS, NO_PARTS),
    ]  # fmt: skip
