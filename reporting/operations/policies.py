"""Who looks after the machine: administrators. A monitor reads the metrics with the token of METRICS_TOKEN."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("operations.see", {Role.ADMINISTRATOR})
policy("operations.verify", {Role.ADMINISTRATOR})
