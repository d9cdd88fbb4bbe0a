"""What was asked stands as it is; the answer comes once."""

from django.db import migrations

from oms.kernel.guards import frozen, trigger

TABLE = "payments_balanceconfirmation"


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_balance_confirmations")]
    operations = [
        migrations.RunSQL(*frozen(TABLE, "state", "said", "said_by", "remark", "by_link", "answered_at")),
        migrations.RunSQL(*trigger(TABLE, f"{TABLE}_answered", "BEFORE UPDATE", "oms_only_changes('nothing')", "OLD.state <> 'waiting'")),
    ]
