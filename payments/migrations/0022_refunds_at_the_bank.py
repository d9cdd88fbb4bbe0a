"""A refund is tied to the bank line with which it left; a line is matched by its payments, or by the refunds that left with it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from oms.kernel import guards

WAS = """
CREATE OR REPLACE FUNCTION payments_check_bank_line_sum(the_line bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT matched FROM payments_bankline WHERE id = the_line)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_payment
            WHERE bank_line_id = the_line AND clearing <> 'reversed') THEN
        RAISE EXCEPTION 'bank line %: matched is not the sum of its payments', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_line_matched_by_payments';
    END IF;
END $$;
"""
NOW = """
CREATE OR REPLACE FUNCTION payments_check_bank_line_sum(the_line bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT matched FROM payments_bankline WHERE id = the_line)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_payment
            WHERE bank_line_id = the_line AND clearing <> 'reversed')
         + (SELECT coalesce(sum(amount), 0) FROM payments_paidout WHERE bank_line_id = the_line AND NOT undone) THEN
        RAISE EXCEPTION 'bank line %: matched is not the sum of its payments or refunds', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_line_matched_by_payments';
    END IF;
END $$;
"""
OF_PAID_OUT = """
CREATE FUNCTION payments_check_paid_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payments_check_bank_line_sum(NEW.bank_line_id);
    IF NOT EXISTS (SELECT FROM payments_refund r, payments_bankline l WHERE r.id = NEW.refund_id AND l.id = NEW.bank_line_id
                   AND r.currency_id = l.currency_id AND r.amount = NEW.amount AND l.amount < 0) THEN
        RAISE EXCEPTION 'refund %: not of this line''s currency, or not its amount', NEW.refund_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paid_out_of_line';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('oms', '0007_indexes_at_size'),
        ('payments', '0021_collective_invoices'),
    ]

    operations = [
        migrations.CreateModel(
            name='PaidOut',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=3, max_digits=18)),
                ('undone', models.BooleanField(db_default=False, default=False)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('bank_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paid_out', to='payments.bankline')),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paid_out', to='payments.refund')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('undone', False)), fields=('refund',), name='refund_paid_out_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='paid_out_amount')],
            },
        ),
        migrations.RunSQL(*guards.frozen("payments_paidout", "undone")),
        migrations.RunSQL(NOW, WAS),
        migrations.RunSQL(OF_PAID_OUT, "DROP FUNCTION payments_check_paid_out();"),
        migrations.RunSQL(*guards.deferred("payments_paidout", "paid_out_sums", "AFTER INSERT OR UPDATE", "payments_check_paid_out")),
    ]
