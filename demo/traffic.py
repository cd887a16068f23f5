"""Traffic for the demo's dashboard: requests with and without tokens, some that are not permitted, and occasional attacks."""

from __future__ import annotations

import http.client
import random
import threading
import time
import urllib.parse

from . import pool
from .rsa import RsaKey

PAUSE_SECONDS = 0.02


class Traffic:
    """Sends requests from a separate thread until it is stopped."""

    def __init__(self, front: str, cognito: str) -> None:
        self._front = urllib.parse.urlsplit(front).netloc
        self._cognito = cognito
        self._random = random.Random(1)
        self._stranger = RsaKey.generate()
        self._stop = threading.Event()
        self.attack = False
        """whether to send many forged tokens"""
        self.can_sign_in = True
        """whether the user pool responds at the moment"""
        self.failure: BaseException | None = None
        self._people = {name: pool.sign_in(cognito, name, pool.WEB) for name in ("ada", "ravi")}
        self._expired = pool.sign_in(cognito, "ada", pool.KIOSK)
        self._signed_in_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and raise its exception if it failed."""
        self._stop.set()
        self._thread.join(15)
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            connection = http.client.HTTPConnection(self._front, timeout=15)
            while not self._stop.wait(PAUSE_SECONDS):
                if self.can_sign_in and time.monotonic() - self._signed_in_at > 3:
                    self._people = {name: pool.sign_in(self._cognito, name, pool.WEB) for name in self._people}
                    self._signed_in_at = time.monotonic()
                for path, token in self._requests():
                    connection.request("GET", path, headers={"authorization": f"Bearer {token}"} if token else {})
                    connection.getresponse().read()
        except BaseException as failure:  # noqa: BLE001: `stop` raises it
            self.failure = failure

    def _requests(self) -> list[tuple[str, str]]:
        """Return path and token of the next requests."""
        ada, ravi = self._people["ada"], self._people["ravi"]
        forged = pool.signed_by_a_stranger(self._stranger, ada.id_token)
        usual = [
            (30, ("/orders", ada.id_token)), (25, ("/orders/7", ravi.id_token)), (12, (f"/users/{ravi.sub}/photos", ravi.id_token)),
            (12, ("/health", "")), (6, ("/orders", "")), (6, ("/orders", self._expired.id_token)), (5, ("/admin", ravi.id_token)),
            (3, ("/me", ada.access_token)), (1, ("/orders", "letmein")), (1, ("/orders", forged)),
        ]
        weights, choices = zip(*usual)
        chosen = self._random.choices(choices, weights)
        if self.attack:
            attacks = (forged, pool.unsigned(ada.id_token), pool.signed_by_a_stranger(self._stranger, ada.id_token, iss=pool.ISSUER.replace("Demo", "Evil")))
            chosen.append(("/admin", self._random.choice(attacks)))
        return chosen
