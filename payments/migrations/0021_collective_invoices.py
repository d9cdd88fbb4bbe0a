"""An invoice may be of several orders; it names them once and for good."""

import django.db.models.deletion
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0020_instalments'),
    ]

    operations = [
        migrations.AddField(
            model_name='invoiceline',
            name='order_number',
            field=models.CharField(blank=True, db_default='', default='', help_text='on an invoice of several orders', max_length=20),
        ),
        migrations.CreateModel(
            name='InvoiceOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_id', models.BigIntegerField(db_index=True)),
                ('order_number', models.CharField(db_index=True, max_length=20)),
                ('customer_po', models.CharField(blank=True, default='', max_length=60)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='payments.invoice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('invoice', 'order_id'), name='invoice_order_once')],
            },
        ),
        migrations.RunSQL(*guards.ledger("payments_invoiceorder")),
    ]
