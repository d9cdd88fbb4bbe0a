"""Approval policies: two persons, orders together, other limits by customer class; a version never changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_search_indexes'),
        ('oms', '0004_files'),
        ('orders', '0012_plan_changes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyClass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer_class', models.SmallIntegerField()),
                ('auto_limit', models.DecimalField(decimal_places=3, max_digits=18)),
                ('approver_limit', models.DecimalField(decimal_places=3, max_digits=18)),
            ],
            options={
                'verbose_name_plural': 'policy classes',
            },
        ),
        migrations.AddField(
            model_name='approvalpolicy',
            name='approver_max_discount',
            field=models.DecimalField(decimal_places=6, default=1, max_digits=7),
        ),
        migrations.AddField(
            model_name='approvalpolicy',
            name='escalate_hours',
            field=models.SmallIntegerField(default=24),
        ),
        migrations.AddField(
            model_name='approvalpolicy',
            name='second_above',
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name='approvalpolicy',
            name='together_hours',
            field=models.SmallIntegerField(default=24),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['customer', 'submitted_at'], name='order_of_customer_recent'),
        ),
        migrations.AddField(
            model_name='policyclass',
            name='policy',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='classes', to='orders.approvalpolicy'),
        ),
        migrations.AddConstraint(
            model_name='policyclass',
            constraint=models.UniqueConstraint(fields=('policy', 'customer_class'), name='policy_class_once'),
        ),
        migrations.AddConstraint(
            model_name='policyclass',
            constraint=models.CheckConstraint(condition=models.Q(('approver_limit__gte', 0), ('auto_limit__gte', 0)), name='policy_class_limits'),
        ),
        migrations.RunSQL(*guards.ledger("orders_approvalpolicy")),
        migrations.RunSQL(*guards.ledger("orders_policyclass")),
    ]
