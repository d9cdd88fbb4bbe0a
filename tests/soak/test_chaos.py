"""`manage.py chaos` by this run's seed, for its share of the time: nothing acknowledged is lost, doubled or oversold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from oms.runtime import paths


def test_nothing_is_lost_while_the_house_shakes(soak: Any) -> None:
    minutes = max(0.25, (soak.left() - 60) / 60)  # filling, draining and verifying take a minute
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("OMS_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "manage.py", "chaos", "--minutes", f"{minutes:.2f}", "--seed", str(soak.seed)], cwd=paths.BASE, env=outside,
        capture_output=True, text=True,
    )  # fmt: skip
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["acknowledged"] > 0 and said["faults"] and said["verify"]
    assert (said["lost"], said["duplicated"], said["oversold"], said["seed"]) == (0, 0, 0, soak.seed)
