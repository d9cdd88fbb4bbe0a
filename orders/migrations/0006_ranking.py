"""The rules of rank as data, and who made which order more critical."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from oms.kernel import guards


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0003_activities'),
        ('oms', '0004_files'),
        ('orders', '0005_holds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CriticalityChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.SmallIntegerField()),
                ('after', models.SmallIntegerField()),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='criticality_changes', to='orders.order')),
                ('post', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.post')),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='criticality_change_at')],
            },
        ),
        migrations.CreateModel(
            name='CriticalityUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('used', models.IntegerField(db_default=0)),
                ('post', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.post')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('post', 'month'), name='criticality_use_once'), models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='criticality_used')],
            },
        ),
        migrations.CreateModel(
            name='RankPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.IntegerField(unique=True)),
                ('active_from', models.DateTimeField()),
                ('factors', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('strategies', models.JSONField(default=dict, help_text='customer class → strategy, where it is not the default')),
                ('default_strategy', models.CharField(choices=[('win', 'Win: whole and on time, before all others'), ('gain', 'Gain: keeps its promise, takes what comes free first'), ('improve', 'Improve: keeps its promise or gets a better one'), ('skip', 'Skip: stays as it is')], default='improve', max_length=10)),
                ('criticality_allowance', models.SmallIntegerField(help_text='orders a post may make more critical in a month')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oms.event')),
            ],
            options={
                'verbose_name_plural': 'rank policies',
                'constraints': [models.CheckConstraint(condition=models.Q(('criticality_allowance__gte', 0)), name='rank_policy_allowance')],
            },
        ),
        migrations.RunSQL(*guards.ledger("orders_rankpolicy")),
        migrations.RunSQL(*guards.ledger("orders_criticalitychange")),
    ]
