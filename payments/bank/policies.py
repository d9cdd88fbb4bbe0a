"""Who touches money (RELIABILITY.md section 3): finance; managers look; sales staff never record payments."""

from oms.accounts.policies import policy

policy("payments.record_bank_line", {"finance"})
policy("payments.import_statement", {"finance"})
policy("payments.apply", {"finance"})
policy("payments.reverse", {"finance"})
policy("payments.pay_out", {"finance"})
policy("payments.view_bank", {"finance", "manager"})
policy("payments.release_statement", {"finance"})
