"""Shipments may be released together, in waves; goods of a cart that is given up wait on a list to be put back."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0018_substitutes'),
        ('oms', '0008_balance_day'),
        ('orders', '0031_prices_with_tax'),
    ]

    operations = [
        migrations.CreateModel(
            name='WaveTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.TimeField(help_text="in the location's time, early enough before the carrier comes")),
                ('active', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'wave time',
            },
        ),
        migrations.CreateModel(
            name='PutBack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.BigIntegerField()),
                ('done', models.BigIntegerField(db_default=0)),
                ('kept', models.BigIntegerField(db_default=0)),
                ('at', models.DateTimeField()),
                ('balance', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.balance')),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('line', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('location', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.storagelocation')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='put_backs', to='orders.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='Wave',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('day', models.DateField()),
                ('due_at', models.TimeField(null=True)),
                ('shipments_made', models.IntegerField(db_default=0)),
                ('at', models.DateTimeField()),
                ('filled_at', models.DateTimeField(null=True)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waves', to='inventory.storagelocation')),
            ],
        ),
        migrations.AddField(
            model_name='shipment',
            name='wave',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shipments', to='orders.wave'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(condition=models.Q(('wave__isnull', False)), fields=['wave'], name='shipment_of_wave'),
        ),
        migrations.AddField(
            model_name='wavetime',
            name='location',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='wave_times', to='inventory.storagelocation'),
        ),
        migrations.AddIndex(
            model_name='putback',
            index=models.Index(condition=models.Q(('quantity__gt', django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('kept')))), fields=['location', 'at'], name='put_back_open'),
        ),
        migrations.AddConstraint(
            model_name='putback',
            constraint=models.CheckConstraint(condition=models.Q(('done__gte', 0), ('kept__gte', 0), ('quantity__gt', 0), ('quantity__gte', django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('kept')))), name='put_back_quantity'),
        ),
        migrations.AddIndex(
            model_name='wave',
            index=models.Index(fields=['location', '-at'], name='wave_of_location'),
        ),
        migrations.AddConstraint(
            model_name='wave',
            constraint=models.UniqueConstraint(condition=models.Q(('due_at__isnull', False)), fields=('location', 'day', 'due_at'), name='wave_once'),
        ),
        migrations.AddConstraint(
            model_name='wavetime',
            constraint=models.UniqueConstraint(fields=('location', 'at'), name='wave_time_once'),
        ),
        migrations.RunSQL(*guards.frozen("orders_putback", "done", "kept")),
        migrations.RunSQL(*guards.frozen("orders_wave", "shipments_made", "filled_at")),
    ]
