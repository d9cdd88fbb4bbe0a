"""Gathers the admin of the rooms: Django looks here."""

from oms.kernel.rooms import modules

modules("admin")
