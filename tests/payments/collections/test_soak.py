"""A short soak of money in the suite; `manage.py money_soak` runs it long."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from payments.collections.soak import red_control
from payments.models import Invoice
from tests.payments.conftest import Money


def test_a_hundred_random_steps_differ_by_nothing_and_leave_nothing(money: Money, capsys: Any) -> None:
    call_command("money_soak", "--steps", "150", "--seed", "7")
    assert "difference 0.00" in capsys.readouterr().out
    assert not Invoice.objects.exists()


def test_red_control_a_cent_moved_behind_the_books_is_found(money: Money) -> None:
    with pytest.raises(AssertionError, match="the books say"):
        red_control()
