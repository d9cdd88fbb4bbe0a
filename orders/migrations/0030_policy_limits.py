"""Limits of a policy version by class and region; the classes' limits go on as they were."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

RENAMED = (
    "ALTER TRIGGER orders_policyclass_frozen ON orders_policylimit RENAME TO orders_policylimit_frozen;",
    "ALTER TRIGGER orders_policylimit_frozen ON orders_policylimit RENAME TO orders_policyclass_frozen;",
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_delegation"), ("orders", "0029_indexes_at_size")]
    operations = [
        migrations.RemoveConstraint("policyclass", "policy_class_once"),
        migrations.RemoveConstraint("policyclass", "policy_class_limits"),
        migrations.RenameModel("PolicyClass", "PolicyLimit"),
        migrations.RunSQL(*RENAMED),
        migrations.AlterModelOptions("policylimit", {}),
        migrations.AlterField(
            "policylimit", "policy", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="limits", to="orders.approvalpolicy")
        ),
        migrations.AlterField("policylimit", "customer_class", models.SmallIntegerField(blank=True, null=True)),
        migrations.AddField(
            "policylimit", "territory",
            models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.territory"),
        ),
        migrations.AddConstraint(
            "policylimit", models.UniqueConstraint(fields=("policy", "customer_class", "territory"), name="policy_limit_once", nulls_distinct=False)
        ),
        migrations.AddConstraint(
            "policylimit", models.CheckConstraint(condition=Q(auto_limit__gte=0, approver_limit__gte=0), name="policy_limit_amounts")
        ),
        migrations.AddConstraint(
            "policylimit",
            models.CheckConstraint(
                condition=Q(customer_class__isnull=False) | Q(territory__isnull=False), name="policy_limit_of_somebody"
            ),
        ),
    ]  # fmt: skip
