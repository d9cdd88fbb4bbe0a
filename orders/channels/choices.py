"""Choices of channels, and what each finding means in words."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Format(TextChoices):
    """How a partner writes."""

    SHOPIFY = "shopify", _("Shopify")
    WOOCOMMERCE = "woocommerce", _("WooCommerce")
    UBL = "ubl", _("UBL / Peppol")
    X12 = "x12", _("X12")
    EDIFACT = "edifact", _("EDIFACT")
    CSV = "csv", _("CSV")


SIGNED = (Format.SHOPIFY, Format.WOOCOMMERCE)
ACKNOWLEDGED = (Format.X12, Format.EDIFACT)
ANSWERED = (Format.X12, Format.EDIFACT, Format.UBL)


class Prices(TextChoices):
    """Whose prices an order is entered at; the other's are compared, and a difference holds the order."""

    OURS = "ours", _("Our price lists")
    THEIRS = "theirs", _("The prices of the message")


class Places(TextChoices):
    """What an address means that has no code of ours."""

    KNOWN = "known", _("Only addresses of the customer")
    CREATED = "created", _("A new address is added to the customer")


class Via(TextChoices):
    API = "api", _("API")
    WEBHOOK = "webhook", _("Webhook")
    FOLDER = "folder", _("Folder")
    PAGE = "page", _("Uploaded")


class MessageState(TextChoices):
    NEW = "new", _("Waiting")
    QUARANTINED = "quarantined", _("Quarantined")
    ENTERED = "entered", _("Entered")
    DUPLICATE = "duplicate", _("Received before")
    NOTED = "noted", _("Nothing to do")
    DISCARDED = "discarded", _("Discarded")


class MessageKind(TextChoices):
    ORDER = "order", _("Order")
    CHANGE = "change", _("Change")
    CANCEL = "cancel", _("Cancellation")
    RETURN = "return", _("Return")
    OTHER = "other", _("Other")


class ReferenceKind(TextChoices):
    PRODUCT = "product", _("Product")
    CUSTOMER = "customer", _("Customer")
    ADDRESS = "address", _("Delivery address")
    UNIT = "unit", _("Unit")


# Code of a finding → what it says. Figures come from the finding's facts.
FINDINGS = {
    "empty": _("There is nothing in it."),
    "no_interchange": _("No %(format)s interchange begins here: “%(found)s”."),
    "no_messages": _("There is no message in it."),
    "unreadable": _("It is not readable %(format)s: %(cause)s."),
    "unsupported": _("“%(name)s” is not a message that is taken here."),
    "truncated": _("It ends too early: %(missing)s is missing."),
    "misplaced": _("%(segment)s stands where no such segment may stand."),
    "charset": _("Byte %(byte)s is not of the character set %(charset)s."),
    "charset_unknown": _("There is no character set %(name)s."),
    "control_mismatch": _("The trailer says number %(trailer)s, the header %(head)s."),
    "wrong_count": _("The trailer counts %(stated)s, there are %(computed)s."),
    "segment_missing": _("%(segment)s is missing."),
    "purpose": _("“%(value)s” is no purpose of an order."),
    "number_missing": _("It has no order number."),
    "bad_date": _("“%(value)s” is no date."),
    "bad_number": _("“%(value)s” is no quantity or amount that fits here."),
    "quantity_missing": _("Line %(line)s has no quantity."),
    "no_reference": _("Line %(line)s names no product."),
    "no_lines": _("It has no lines."),
    "too_many_lines": _("It has %(count)s lines; at most %(most)s are taken."),
    "too_long": _("“%(value)s” is longer than %(most)s characters."),
    "destinations": _("It goes to several places: for us these are several orders."),
    "ragged": _("The row has %(computed)s cells, the header %(stated)s."),
    "column_missing": _("The header lacks: %(name)s."),
    "contradiction": _("“%(value)s” contradicts “%(other)s” of an earlier row."),
    "line_sum": _("Line %(line)s says %(stated)s and comes to %(computed)s: a difference of %(difference)s."),
    "line_count": _("It says %(stated)s lines and has %(computed)s."),
    "quantity_sum": _("The quantities add up to %(computed)s, the message says %(stated)s."),
    "lines_total": _("The lines add up to %(computed)s, the message says %(stated)s: a difference of %(difference)s."),
    "net_total": _("Lines and charges come to %(computed)s, the message says %(stated)s: a difference of %(difference)s."),
    "tax_total": _("The taxes add up to %(computed)s, the message says %(stated)s: a difference of %(difference)s."),
    "total": _("The sums come to %(computed)s, the message says %(stated)s: a difference of %(difference)s."),
    "test": _("It is marked as a test."),
    "not_from_them": _("The sender is %(found)s; this partner is %(expected)s."),
    "not_for_us": _("It is addressed to %(found)s; we are %(expected)s."),
    "repeated_control": _("Interchange %(control)s came before with other content."),
    "unknown_product": _("Line %(line)s: %(value)s is not known as a product."),
    "product_conflict": _("Line %(line)s: %(value)s are different products."),
    "unknown_unit": _("Line %(line)s: %(sku)s has no unit for “%(value)s”."),
    "quantity_not_whole": _("Line %(line)s: %(value)s of %(sku)s is no whole number of its base unit."),
    "unknown_customer": _("The buyer %(value)s is not known."),
    "unknown_address": _("The place %(value)s is not known."),
    "no_zone": _("No transit zone is known for %(value)s."),
    "currency": _("It is in %(found)s; the customer buys in %(expected)s."),
    "price_missing": _("Line %(line)s has no price."),
    "price_negative": _("Line %(line)s comes to less than nothing."),
    "allowance": _("An allowance on the whole order (%(amount)s) can't be spread: the lines have no prices."),
    "changed_duplicate": _("Order %(number)s came before with other content: %(value)s."),
    "number_used": _("Order %(number)s of this partner exists already."),
    "unknown_order": _("There is no order %(number)s of this partner."),
    "unknown_line": _("The order has no line %(line)s."),
    "not_as_wished": _("The change can't be made: %(value)s"),
    "refunded_in_shop": _("%(amount)s was refunded in the shop; the shop does not say for what."),
    "refused": _("%(value)s"),
}  # fmt: skip

# What a person may take as it is, with a reason: the message contradicts itself, but what is meant can be told.
WAIVABLE = frozenset({
    "control_mismatch", "wrong_count", "charset", "line_sum", "line_count", "quantity_sum", "lines_total", "net_total", "tax_total", "total",
    "test", "not_for_us", "not_from_them", "repeated_control", "truncated", "misplaced", "ragged", "contradiction", "destinations",
})  # fmt: skip

# What a correction by a person answers: the corrected content is checked again for what they stand for.
READING = frozenset({"bad_number", "bad_date", "quantity_missing", "no_reference", "purpose", "number_missing", "contradiction", "too_long"})
