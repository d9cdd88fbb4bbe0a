"""Barcodes as SVG text, for documents and screens: what our scanners read back is exactly what was written."""

from __future__ import annotations

from io import BytesIO


def code128(text: str) -> str:
    """A Code 128 barcode of printable ASCII, without text below, as SVG."""
    import barcode  # print only
    from barcode.writer import SVGWriter

    out = BytesIO()
    drawn = barcode.get("code128", text, writer=SVGWriter())
    drawn.write(out, {"write_text": False, "module_height": 9.0, "module_width": 0.3, "quiet_zone": 2.0})
    return out.getvalue().decode()


def qr(text: str) -> str:
    """A QR code (error level M) as SVG."""
    import segno

    return str(segno.make(text, error="m").svg_inline(scale=3))
