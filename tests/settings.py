"""The product's settings on the tests' own instance of state, whatever the shell says."""

import os

os.environ["OMS_INSTANCE"] = "test"
os.environ.setdefault("SECRET_KEY", "tests-only-secret-key-of-no-value-at-all-0123456789")

from oms.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
