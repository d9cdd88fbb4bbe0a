"""Holds: released for an amount and a time; quota, prepayment and reapproval."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('oms', '0004_files'),
        ('orders', '0004_steps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='hold',
            name='release_amount',
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name='hold',
            name='release_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='hold',
            name='kind',
            field=models.CharField(choices=[('credit', 'Credit'), ('overdue', 'Overdue invoices'), ('quota', 'Quota'), ('price', 'Price'), ('margin', 'Margin'), ('data', 'Missing data'), ('prepayment', 'Prepayment'), ('reapproval', 'To be approved anew'), ('manual', 'Set by hand')], max_length=14),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('release_until__isnull', False)), fields=['release_until'], name='hold_release_ends'),
        ),
    ]
