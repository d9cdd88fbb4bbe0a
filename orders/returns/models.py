"""Returns: goods of one or several deliveries of a customer that come back to one location.

A line takes from one posted shipment line; `quantity_received` of it, and `returned` of the shipment line and the order line,
are the sums of its `ReturnReceipt`s (the database checks that at commit, with the stock ledger). Received goods stand
blocked until a `ReturnDisposal` moves them; a `ReturnSettlement` closes the line, once.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from customers.parties.models import Customer
from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Balance, Movement
from oms.accounts.models import User
from oms.company.models import ReasonCode
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.fulfilment.models import ShipmentLine
from orders.returns.choices import OPEN, Disposal, Finding, ReturnStatus, Settlement
from payments.billing.models import CreditNote


class Return(models.Model):
    """What a customer sends back at once."""

    number = models.CharField(max_length=20, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="returns")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+")
    tracking_number = models.CharField(max_length=60, blank=True, db_default="")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    requested_at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    def __str__(self) -> str:
        return self.number


class ReturnLine(models.Model):
    """Units of one delivery: how many were asked for, allowed, received, and where they went. Base units.

    `party` and `controllable` are the reason's, as they stood at the request.
    """

    returned = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="return_lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="return_lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    shipment_line = models.ForeignKey(ShipmentLine, on_delete=models.PROTECT, related_name="return_lines")
    status = models.CharField(max_length=14, choices=ReturnStatus.choices)
    reason = models.CharField(max_length=30)
    party = models.CharField(max_length=10, choices=ReasonCode.Party.choices)
    controllable = models.BooleanField()
    wanted = models.CharField(max_length=10, choices=Settlement.choices)
    finding = models.CharField(max_length=10, choices=Finding.choices, blank=True, db_default="")
    quantity_requested = models.BigIntegerField()
    quantity_authorised = models.BigIntegerField(db_default=0)
    quantity_received = models.BigIntegerField(db_default=0)
    quantity_restocked = models.BigIntegerField(db_default=0)
    quantity_repair = models.BigIntegerField(db_default=0)
    quantity_scrapped = models.BigIntegerField(db_default=0)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    authorised_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="return_quantities",
                condition=Q(quantity_requested__gt=0, quantity_authorised__gte=0, quantity_received__gte=0)
                & Q(quantity_requested__gte=F("quantity_authorised")) & Q(quantity_authorised__gte=F("quantity_received")),
            ),
            models.CheckConstraint(
                name="return_disposed_within",
                condition=Q(quantity_restocked__gte=0, quantity_repair__gte=0, quantity_scrapped__gte=0)
                & Q(quantity_received__gte=F("quantity_restocked") + F("quantity_repair") + F("quantity_scrapped")),
            ),
            models.CheckConstraint(
                name="return_two_persons", condition=Q(authorised_by__isnull=True) | ~Q(authorised_by=F("requested_by"))
            ),
            models.CheckConstraint(
                name="return_authorised_named",
                condition=Q(status__in=["requested", "refused", "withdrawn"]) | Q(authorised_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["status", "changed_at"], name="return_line_open", condition=Q(status__in=OPEN))]

    @property
    def expected(self) -> int:
        """Allowed and not here yet."""
        return self.quantity_authorised - self.quantity_received

    @property
    def undisposed(self) -> int:
        """Received, and nobody said where it goes."""
        return self.quantity_received - self.quantity_restocked - self.quantity_repair - self.quantity_scrapped


class ReturnReceipt(models.Model):
    """`quantity` of a return's line came in, blocked, into `balance`. Append-only; performance counts it on `day`."""

    return_line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="receipts")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="return_receipts")
    shipment_line = models.ForeignKey(ShipmentLine, on_delete=models.PROTECT, related_name="return_receipts")
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="+", db_index=False)
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()
    day = models.DateField()
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="return_receipt_quantity", condition=Q(quantity__gt=0))]


class ReturnDisposal(models.Model):
    """`quantity` of a return's line in `balance` went to stock, repair or scrap; leaving repair is a negative row. Append-only."""

    return_line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="disposals")
    kind = models.CharField(max_length=10, choices=Disposal.choices)
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="+", db_index=False)
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, null=True, related_name="+")
    quantity = models.BigIntegerField()
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="return_disposal_quantity", condition=Q(quantity__gt=0) | Q(kind=Disposal.REPAIR, quantity__lt=0)),
            models.CheckConstraint(name="return_disposal_moves", condition=~Q(kind__in=[Disposal.RESTOCK, Disposal.SCRAP]) | Q(movement__isnull=False)),
        ]


class ReturnSettlement(models.Model):
    """What the customer got for a return's line, once: `net` at the original price, less `fee`. Append-only."""

    return_line = models.OneToOneField(ReturnLine, on_delete=models.PROTECT, related_name="settlement")
    kind = models.CharField(max_length=10, choices=Settlement.choices)
    quantity = models.BigIntegerField()
    net = models.DecimalField(max_digits=18, decimal_places=3)
    fee = models.DecimalField(max_digits=18, decimal_places=3)
    replacement = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="return_settlement_money", condition=Q(fee__gte=0) & Q(net__gte=F("fee"))),
            models.CheckConstraint(
                name="return_replacement_named",
                condition=Q(kind=Settlement.REPLACE, replacement__isnull=False) | (~Q(kind=Settlement.REPLACE) & Q(replacement__isnull=True)),
            ),
        ]


class ReturnCredit(models.Model):
    """The credit note that carries out a settlement, in parts where the line was invoiced in parts. Append-only."""

    settlement = models.ForeignKey(ReturnSettlement, on_delete=models.PROTECT, related_name="credits")
    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["settlement", "credit_note"], name="return_credit_once"),
            models.CheckConstraint(name="return_credit_quantity", condition=Q(quantity__gt=0)),
        ]
