"""Waiting for a condition, with a bound. No test sleeps and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str, within: float = 10.0, every: float = 0.02) -> T:
    """The first true answer of `condition`, or an `AssertionError` that names `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {within} s in vain for: {what} (last answer: {answer!r})")
        time.sleep(every)
