"""The order book: orders, their lines with nine quantities, and the history of their status.

Quantities are exact integers in the product's base unit. `ordered` never changes after submission; the CHECKs below
are the product's law (PRODUCT.md section 2): nothing may be approved, allocated, shipped, delivered, returned or invoiced
beyond what came before it. Derived: pending = ordered − cancelled − approved; open = approved − shipped.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from customers.parties.choices import DeliveryRule, ShortageRule
from customers.parties.models import Address, Customer
from inventory.catalog.models import Product
from oms.accounts.models import User
from oms.company.models import Currency
from oms.events.models import Event
from orders.book.choices import SHIPPED_KINDS, Channel, LineKind, OrderStatus


class Order(models.Model):
    """What a customer asked for. Money in `currency`; `total` = net + tax; `policy_version` approved or routed it.

    `undecided_since` is set while a line waits for an approver; `amended_by` are those who changed what the last decision
    bound, so that they do not decide it.
    """

    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=10, choices=OrderStatus.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    external_id = models.CharField(max_length=60, blank=True, db_default="")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders", db_index=False)
    payer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    ship_to = models.ForeignKey(Address, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_po = models.CharField(max_length=60, blank=True, db_default="")
    po_repeats = models.BooleanField(db_default=False)
    requested_date = models.DateField()
    cancel_after = models.DateField(null=True, blank=True)
    delivery_rule = models.SmallIntegerField(choices=DeliveryRule.choices, db_default=0)
    max_shipments = models.SmallIntegerField(db_default=0)
    shortage_rule = models.CharField(max_length=10, choices=ShortageRule.choices, db_default=ShortageRule.BACKORDER)
    customer_class = models.SmallIntegerField(db_default=2)
    criticality = models.SmallIntegerField(db_default=2)
    instructions = models.TextField(blank=True, db_default="")
    notes = models.TextField(blank=True, db_default="")
    net = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    total = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    policy_version = models.IntegerField(null=True, blank=True)
    content_hash = models.BinaryField(max_length=32, null=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    entered_at = models.DateTimeField()
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    submitted_at = models.DateTimeField(null=True)
    undecided_since = models.DateTimeField(null=True, blank=True)
    amended_by = ArrayField(models.BigIntegerField(), db_default=[], blank=True)
    approved_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "entered_by", "external_id"], name="order_external_once", condition=~Q(external_id="")
            ),
            # Whoever brings a customer's file in, its orders are received once.
            models.UniqueConstraint(
                fields=["customer", "external_id"], name="order_file_once", condition=Q(channel=Channel.FILE) & ~Q(external_id="")
            ),
            models.UniqueConstraint(
                fields=["customer", "customer_po"],
                name="order_customer_po_once",
                condition=~Q(customer_po="")
                & Q(po_repeats=False)
                & ~Q(status__in=[OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.DISCARDED]),
            ),
            models.UniqueConstraint(fields=["id", "entered_by", "submitted_by"], name="order_actors"),
            models.CheckConstraint(
                name="order_submitted_known",
                condition=Q(status__in=[OrderStatus.DRAFT, OrderStatus.DISCARDED])
                | Q(submitted_by__isnull=False, submitted_at__isnull=False),
            ),
            models.CheckConstraint(name="order_criticality", condition=Q(criticality__range=(0, 4))),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="order_of_customer"),
            models.Index(fields=["customer_po"], name="order_of_po", condition=~Q(customer_po="")),
            models.Index(fields=["external_id"], name="order_of_external_id", condition=~Q(external_id="")),
            BrinIndex(fields=["submitted_at"], name="order_by_submission", pages_per_range=32, autosummarize=True),
            models.Index(fields=["customer", "submitted_at"], name="order_of_customer_recent"),
            models.Index(fields=["status", "submitted_at"], name="order_in_status",
                         condition=Q(status__in=["draft", "submitted", "approved"])),
            models.Index(fields=["undecided_since", "id"], name="order_undecided", condition=Q(undecided_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product (or service, or charge) of an order, with its price, its source, and nine quantities.

    `extends_line` is the line of the same order whose quantity this one raises (PRODUCT.md section 3).
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=12, choices=LineKind.choices, db_default=LineKind.GOODS)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    description = models.CharField(max_length=200)
    entered_quantity = models.DecimalField(max_digits=18, decimal_places=6)
    entered_unit = models.CharField(max_length=20)
    no_split = models.BooleanField(db_default=False)
    rank_date = models.DateField()
    extends_line = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="extensions", db_index=False)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    price_unit = models.IntegerField(db_default=1)
    discount = models.DecimalField(max_digits=7, decimal_places=6, db_default=0)
    price_source = models.CharField(max_length=60)
    unit_cost = models.DecimalField(max_digits=18, decimal_places=6, db_default=0)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax_category = models.CharField(max_length=20)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=6)
    quantity_ordered = models.BigIntegerField()
    quantity_approved = models.BigIntegerField(db_default=0)
    quantity_cancelled = models.BigIntegerField(db_default=0)
    quantity_allocated = models.BigIntegerField(db_default=0)
    quantity_shipped = models.BigIntegerField(db_default=0)
    quantity_delivered = models.BigIntegerField(db_default=0)
    quantity_undelivered = models.BigIntegerField(db_default=0)
    quantity_returned = models.BigIntegerField(db_default=0)
    quantity_invoiced = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="line_position_once"),
            models.UniqueConstraint(fields=["order", "id", "product"], name="line_of_order_and_product"),
            models.CheckConstraint(name="line_ordered", condition=Q(quantity_ordered__gt=0)),
            models.CheckConstraint(
                name="line_not_negative",
                condition=Q(
                    quantity_approved__gte=0,
                    quantity_cancelled__gte=0,
                    quantity_allocated__gte=0,
                    quantity_shipped__gte=0,
                    quantity_delivered__gte=0,
                    quantity_undelivered__gte=0,
                    quantity_returned__gte=0,
                    quantity_invoiced__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="line_approved_within_ordered",
                condition=Q(quantity_ordered__gte=F("quantity_approved") + F("quantity_cancelled")),
            ),
            models.CheckConstraint(
                name="line_issued_within_approved",
                condition=Q(quantity_approved__gte=F("quantity_allocated") + F("quantity_shipped")),
            ),
            models.CheckConstraint(
                name="line_delivered_within_shipped",
                condition=Q(quantity_shipped__gte=F("quantity_delivered") + F("quantity_undelivered")),
            ),
            models.CheckConstraint(
                name="line_returned_within_delivered", condition=Q(quantity_delivered__gte=F("quantity_returned"))
            ),
            models.CheckConstraint(
                name="line_invoiced_within_shipped",
                condition=~Q(kind__in=SHIPPED_KINDS) | Q(quantity_shipped__gte=F("quantity_invoiced")),
            ),
            models.CheckConstraint(
                name="line_service_invoiced_within_approved",
                condition=Q(kind__in=SHIPPED_KINDS)
                | Q(
                    quantity_allocated=0,
                    quantity_shipped=0,
                    quantity_delivered=0,
                    quantity_undelivered=0,
                    quantity_returned=0,
                    quantity_invoiced__lte=F("quantity_approved"),
                ),
            ),
            models.CheckConstraint(
                name="line_goods_name_product", condition=~Q(kind__in=SHIPPED_KINDS) | Q(product__isnull=False)
            ),
            models.CheckConstraint(name="line_discount", condition=Q(discount__gte=0, discount__lte=1)),
            models.CheckConstraint(name="line_price", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(name="line_price_source", condition=~Q(price_source="")),
        ]
        indexes = [
            models.Index(fields=["product", "order"], name="line_of_product"),
            # The few lines that inboxes ask for, of the many that are done.
            models.Index(fields=["order"], name="line_to_ship", condition=Q(quantity_approved__gt=F("quantity_shipped"))),
            models.Index(fields=["order"], name="line_cut", condition=Q(quantity_cancelled__gt=0)),
            models.Index(fields=["order"], name="line_unbilled", condition=Q(quantity_shipped__gt=F("quantity_invoiced"))),
        ]

    @property
    def pending(self) -> int:
        """Not yet decided by an approver."""
        return self.quantity_ordered - self.quantity_cancelled - self.quantity_approved

    @property
    def open(self) -> int:
        """Approved and not yet shipped (services and charges: not yet invoiced)."""
        done = self.quantity_shipped if self.kind in SHIPPED_KINDS else self.quantity_invoiced
        return self.quantity_approved - done

    @property
    def in_transit(self) -> int:
        return self.quantity_shipped - self.quantity_delivered - self.quantity_undelivered


class PriceChange(models.Model):
    """One change of a submitted line's price terms; append-only. The database lets a line's price move by these alone.

    What is not invoiced yet of the line takes the new terms; shipped goods are invoiced first and keep theirs.
    """

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="price_changes")
    old_price = models.DecimalField(max_digits=18, decimal_places=6)
    old_discount = models.DecimalField(max_digits=7, decimal_places=6)
    old_net = models.DecimalField(max_digits=18, decimal_places=3)
    old_source = models.CharField(max_length=60)
    price = models.DecimalField(max_digits=18, decimal_places=6)
    discount = models.DecimalField(max_digits=7, decimal_places=6)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    source = models.CharField(max_length=60)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)


class OrderTransition(models.Model):
    """One step of an order's status; append-only, without holes (`source` is the row before's `target`)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transitions")
    source = models.CharField(max_length=10, blank=True, db_default="")
    target = models.CharField(max_length=10, choices=OrderStatus.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)


class OrderPayload(models.Model):
    """What a machine channel sent, as it came."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="raw_payload", primary_key=True)
    content_type = models.CharField(max_length=60)
    body = models.BinaryField()
