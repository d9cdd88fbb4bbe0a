"""Quotas and what lines took of them."""

import django.db.models.deletion
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_search_indexes'),
        ('inventory', '0003_guards'),
        ('oms', '0004_files'),
        ('orders', '0009_search_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('family', models.CharField(blank=True, db_index=True, default='', max_length=60)),
                ('group', models.CharField(blank=True, default='', max_length=30)),
                ('first', models.DateField()),
                ('last', models.DateField()),
                ('maximum', models.BigIntegerField()),
                ('used', models.BigIntegerField(db_default=0, editable=False)),
                ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer')),
                ('post', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.post')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.product')),
                ('territory', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.territory')),
            ],
        ),
        migrations.CreateModel(
            name='QuotaEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('units', models.BigIntegerField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('line', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('quota', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='orders.quota')),
            ],
            options={
                'verbose_name_plural': 'quota entries',
            },
        ),
        migrations.AddIndex(
            model_name='quota',
            index=models.Index(fields=['product', 'first'], name='quota_of_product'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.UniqueConstraint(fields=('product', 'family', 'customer', 'group', 'post', 'territory', 'first'), name='quota_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(('maximum__gte', 0), ('used__gte', 0)), name='quota_amounts'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(('last__gte', models.F('first'))), name='quota_period'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(('product__isnull', False), models.Q(('family', ''), _negated=True), _connector='XOR'), name='quota_of_what'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('customer__isnull', False), ('group', ''), ('post__isnull', True), ('territory__isnull', True)), models.Q(('customer__isnull', True), ('post__isnull', True), ('territory__isnull', True), models.Q(('group', ''), _negated=True)), models.Q(('customer__isnull', True), ('group', ''), ('post__isnull', False), ('territory__isnull', True)), models.Q(('customer__isnull', True), ('group', ''), ('post__isnull', True), ('territory__isnull', False)), _connector='OR'), name='quota_for_whom'),
        ),
        migrations.RunSQL(*guards.ledger("orders_quotaentry")),
    ]
