"""What of a limit orders may use, and how much may be overdue."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_initial'),
        ('oms', '0003_changes'),
        ('payments', '0003_invoice_shipment_number'),
    ]

    operations = [
        migrations.AddField(
            model_name='creditaccount',
            name='limit_share',
            field=models.DecimalField(decimal_places=4, default=1, help_text='share of the limit that orders may use', max_digits=5),
        ),
        migrations.AddField(
            model_name='creditaccount',
            name='max_amount_overdue',
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True),
        ),
        migrations.AddConstraint(
            model_name='creditaccount',
            constraint=models.CheckConstraint(condition=models.Q(('limit_share__gte', 0), ('limit_share__lte', 1), models.Q(('max_amount_overdue__isnull', True), ('max_amount_overdue__gte', 0), _connector='OR')), name='credit_rules'),
        ),
    ]
