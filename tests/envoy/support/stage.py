"""An Envoy with its surroundings, and what a test says to it: `admits`, `rejects`."""

import json
from collections.abc import Callable

from . import expect
from .bootstrap import Door, Plugin
from .client import Header, Response, fetch
from .config import config as usual_config
from .envoy import Envoy
from .http_server import SeenRequest
from .servers import KeyServer, Upstream
from .waiting import wait_until


class Stage:
    """An Envoy with the servers that it knows."""

    def __init__(self, envoy: Envoy, upstream: Upstream, key_server: KeyServer) -> None:
        self.envoy = envoy
        self.upstream = upstream
        self.key_server = key_server

    def send(self, target: str | bytes = "/", *headers: Header, door: str | None = None, **how) -> Response:
        """One request from a client."""
        return fetch(self.envoy.port_of(door) if door else self.envoy.port, target, *headers, **how)

    def admits(
        self, target: str | bytes = "/", *headers: Header, decision: str = "allowed", counter: str | None = None, **how
    ) -> SeenRequest:
        """The request reaches the upstream, is counted once and annotated; returns what the upstream saw."""
        self.upstream.forget()
        with self.counting(counter or decision, 1):
            answer = self.send(target, *headers, **how)
            assert answer.status == 200, f"{answer.status} {answer.body!r}"
            assert self.envoy.access(answer.id)["decision"] == decision
        return self.upstream.only_request()

    def rejects(self, code: str, target: str | bytes = "/", *headers: Header, **how) -> Response:
        """The request is refused with everything that belongs to this code, and the upstream sees nothing of it.

        Keywords that `expect.Refusal` knows say how the answer differs from the usual; the rest goes to `send`.
        """
        refusal = expect.Refusal(code, **{name: how.pop(name) for name in expect.Refusal.OPTIONS if name in how})
        self.upstream.forget()
        with self.counting(f"denied.{code}", 1):
            answer = self.send(target, *headers, **how)
            refusal.check(answer, self.envoy.access(answer.id))
        assert self.upstream.hits == 0, "a rejected request reached the upstream"
        return answer

    def counting(self, counter: str, expected: int) -> "Counting":
        """Within this block one metric grows by `expected`, and no other decision is counted."""
        return Counting(self.envoy, counter, expected)


class Counting:
    """Compares the filter's decision counters before and after."""

    DECISIONS = ("allowed", "bypassed", "cors_preflight_bypassed", "denied.", "would_deny.")

    def __init__(self, envoy: Envoy, counter: str, expected: int) -> None:
        self._envoy = envoy
        self._expected = {counter: expected}

    def __enter__(self) -> None:
        self._before = self._envoy.counters()

    def _growth(self) -> dict[str, int]:
        now = self._envoy.counters()
        grown = {name: value - self._before.get(name, 0) for name, value in now.items() if name.startswith(self.DECISIONS)}
        return {name: value for name, value in grown.items() if value}

    def __exit__(self, failed: type | None, *_: object) -> None:
        if failed:
            return
        wait_until(lambda: self._growth() == self._expected or len(self._growth()) > 1, f"{self._expected}, counted {self._growth()}", within=3)
        assert self._growth() == self._expected


class Stages:
    """Starts Envoys and keeps those that are alike."""

    def __init__(self, module: str, upstream: Upstream, key_server: KeyServer) -> None:
        self.module = module
        self.upstream = upstream
        self.key_server = key_server
        self._kept: dict[str, Stage] = {}
        self._envoys: list[Envoy] = []

    def plugin(self, configuration: dict | str | None = None, **how) -> Plugin:
        """The filter with this configuration."""
        return Plugin(usual_config() if configuration is None else configuration, how.pop("module", self.module), **how)

    def shared(self, configuration: dict | str | None = None, **how) -> Stage:
        """The module's Envoy with this configuration, started at its first use."""
        name = json.dumps([configuration, how], sort_keys=True, default=repr)
        if name not in self._kept:
            self._kept[name] = self.fresh(configuration, **how)
        return self._kept[name]

    def fresh(self, configuration: dict | str | None = None, **how) -> Stage:
        """An Envoy with one door. `how` goes to `Plugin`, but for the arguments of `behind` and the door's `routes`."""
        outer = {name: how.pop(name) for name in ("clusters", "concurrency", "lds", "key_server", "runtime") if name in how}
        routes = tuple(how.pop("routes", ()))
        return self.behind(Door((self.plugin(configuration, **how).http_filter(),), routes=routes), **outer)

    def behind(self, *doors: Door, clusters: dict[str, int] | None = None, key_server: KeyServer | None = None, **how) -> Stage:
        """An Envoy with these doors; `clusters` adds to, or with port 0 takes away from, `upstream` and `cognito`."""
        keys = key_server or self.key_server
        known = {"upstream": self.upstream.port, "cognito": keys.port} | (clusters or {})
        envoy = Envoy(tuple(doors), {name: port for name, port in known.items() if port}, **how)
        self._envoys.append(envoy)
        return Stage(envoy, self.upstream, keys)

    def disown(self, envoy: Envoy) -> None:
        """This one has ended already, as the test wanted it."""
        self._envoys.remove(envoy)

    def close(self) -> None:
        """End all Envoys, check each, and raise the first failure."""
        ending, self._envoys = self._envoys, []
        failures = [failure for envoy in ending if (failure := failure_of(envoy.close))]
        if failures:
            raise failures[0]


def failure_of(action: Callable[[], None]) -> AssertionError | None:
    """What the action failed with."""
    try:
        action()
    except AssertionError as failure:
        return failure
    return None
