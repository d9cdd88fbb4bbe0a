"""Plan runs with their occasion, and what each did or would do to every line."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0011_return_credits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='planrun',
            name='decided_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='planrun',
            name='decided_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='planrun',
            name='slot',
            field=models.CharField(blank=True, db_default='', max_length=100),
        ),
        migrations.AlterField(
            model_name='planrun',
            name='policy',
            field=models.CharField(choices=[('improve', 'Improve: nothing promised gets worse'), ('strict', 'Strict: everything anew, by rank'), ('optimise', 'Optimise: by cost, every class protected')], default='improve', max_length=10),
        ),
        migrations.AlterField(
            model_name='planrun',
            name='state',
            field=models.CharField(choices=[('running', 'Running'), ('published', 'Published'), ('proposed', 'Proposed'), ('rejected', 'Rejected'), ('undone', 'Undone'), ('failed', 'Failed')], max_length=10),
        ),
        migrations.CreateModel(
            name='PlanChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.IntegerField(help_text="the order's place by rank in this run")),
                ('outcome', models.CharField(choices=[('better', 'Better'), ('worse', 'Worse'), ('quoted', 'Claim moved')], max_length=10)),
                ('state', models.CharField(choices=[('held', 'Waits'), ('published', 'In force'), ('left', 'Left as it was'), ('undone', 'Undone')], max_length=10)),
                ('before_date', models.DateField(null=True)),
                ('before_quantity', models.BigIntegerField()),
                ('after_date', models.DateField(null=True)),
                ('after_quantity', models.BigIntegerField()),
                ('amount', models.DecimalField(decimal_places=3, max_digits=18)),
                ('reason', models.CharField(max_length=20)),
                ('base', models.BigIntegerField()),
                ('facts', models.BinaryField(max_length=32)),
                ('line', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('other_order', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='orders.planrun')),
            ],
            options={
                'indexes': [models.Index(fields=['run', 'outcome', 'place'], name='plan_change_of_run')],
                'constraints': [models.UniqueConstraint(fields=('run', 'line', 'outcome'), name='plan_change_once')],
            },
        ),
    ]
