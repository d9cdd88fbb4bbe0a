"""Orders, goods and money by chance, for a long time: every invariant holds at every look, nothing breaks but what is refused."""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.soak.life import Life, verified
from tests.world import World

LOOK, WHOLE, LIFE = 25, 200, 600


def test_random_lives_keep_every_invariant(soak: Any, request: Any) -> None:
    """Lives of 600 steps on a database each, seed after seed, until the time is up; a failure names its seed and step."""
    seed = soak.seed
    while soak.left() > 0:
        with soak.database():
            live(seed, soak.left)
        seed += 1


def live(seed: int, left: Any) -> None:
    """One life; AssertionError with the seed, the step and what had been done."""
    life, n = Life(World.make(limit=20_000), seed), 0
    begun = time.time()
    try:
        for n in range(1, LIFE + 1):
            name = life.step()
            if n % LOOK == 0:
                verified("--touched") if n % WHOLE else verified()
            if left() <= 0:
                break
        verified()
    except Exception as error:
        raise AssertionError(f"seed {seed}, step {n} ({name}): {type(error).__name__}: {error}\ndone: {dict(life.done)}") from error
    did = ", ".join(f"{name} {n}" for name, n in sorted(life.done.items()) if n)
    sys.stdout.write(f"seed {seed}: {n} steps in {time.time() - begun:.0f} s, {sum(life.refused.values())} refused; {did}\n")
