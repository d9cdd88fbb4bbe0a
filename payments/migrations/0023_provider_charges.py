"""Charges through a payment provider: what was asked does not change, only what became of it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_delegation'),
        ('oms', '0008_balance_day'),
        ('payments', '0022_refunds_at_the_bank'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProviderCharge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('provider', models.CharField(max_length=20)),
                ('kind', models.CharField(choices=[('card', 'Card'), ('debit', 'Direct debit')], max_length=10)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=18)),
                ('token', models.CharField(max_length=120)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('authorised', 'Authorised'), ('capturing', 'Being captured'), ('captured', 'With the provider'), ('voiding', 'Being given up'), ('voided', 'Given up'), ('declined', 'Declined'), ('paid', 'On the bank'), ('returned', 'Returned')], default='asked', max_length=12)),
                ('reference', models.CharField(blank=True, default='', max_length=120)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('asked_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.creditaccount')),
                ('currency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.currency')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='customers.customer')),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='payments.invoice')),
                ('payment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='charge', to='payments.payment')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['asked', 'capturing', 'voiding'])), fields=['next_at'], name='charge_to_carry_out')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='charge_amount'), models.CheckConstraint(condition=models.Q(models.Q(('payment__isnull', False), ('state', 'paid')), ('state', 'returned'), models.Q(models.Q(('state__in', ['paid', 'returned']), _negated=True), ('payment__isnull', True)), _connector='OR'), name='charge_payment'), models.UniqueConstraint(condition=models.Q(('state__in', ['asked', 'capturing', 'voiding', 'authorised', 'captured'])), fields=('invoice',), name='charge_one_under_way')],
            },
        ),
        migrations.RunSQL(*guards.frozen("payments_providercharge", "state", "reference", "reason", "attempts", "next_at", "payment_id")),
    ]
