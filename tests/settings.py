"""The product's settings on the tests' own instance of state, whatever the shell says."""

import os

os.environ["OMS_INSTANCE"] = "test"
for own in [name for name in os.environ if name.startswith("DATABASE_") or name == "REDIS_URL"]:
    del os.environ[own]  # clones, tampering and kills need a server of the tests' own
os.environ.setdefault("SECRET_KEY", "tests-only-secret-key-of-no-value-at-all-0123456789")

from oms.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Live tests: a queue of their own for every application started, and styles from where they lie.
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("OMS_TEST_QUEUE", "tests")
WHITENOISE_USE_FINDERS = "OMS_TEST_STATIC" in os.environ
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  (WhiteNoise warns of a missing folder with every client)
