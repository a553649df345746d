"""Where chance comes from that nobody must be able to foresee."""

import random


def new_chance() -> random.Random:
    """The operating system's."""
    return random.SystemRandom()
