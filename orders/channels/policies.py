"""Who connects partners, sends for them, and looks after their messages. Which partner's: selectors.visible_partners."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("channels.send", {Role.PARTNER, Role.SALES, Role.MANAGER})
policy("channels.follow", {Role.PARTNER, Role.SALES, Role.MANAGER})
policy("channels.see", {Role.SALES, Role.MANAGER})
policy("channels.repair", {Role.SALES, Role.MANAGER})
policy("channels.discard", {Role.MANAGER})
policy("channels.connect", {Role.ADMINISTRATOR})
