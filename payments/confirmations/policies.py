"""Who asks for balances: finance. Who answers: whoever has the signed link; finance, for what came by letter or phone."""

from oms.accounts.policies import policy

policy("payments.ask_balances", {"finance"})
policy("payments.answer_balance", {"finance"})
policy("payments.view_balances", {"manager", "finance"})
