"""What only `make soak` runs: depth that the suite of every push has no time for."""

from __future__ import annotations

import os

import pytest

SOAKING = "SOAK_MINUTES" in os.environ
soak_only = pytest.mark.skipif(not SOAKING, reason="runs by make soak")
