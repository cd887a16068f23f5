"""`make demo`: start everything, run the tour, and keep running until Ctrl-C if there is a terminal.

Exits with 0 only if every result was as expected.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from . import services
from .pool import Person, SignInFailed
from .tour import Tour, bold, dim, heading, red


def main() -> int:
    """Run the demo."""
    module = services.built_module()
    if not module.is_file():
        print(f"{module} is missing: run `make {'native' if services.IS_NATIVE else 'wasm'}`", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    running: list[services.Service] = []
    with tempfile.TemporaryDirectory(prefix="envoy-cognito-jwt-demo-") as folder:
        try:
            return demonstrate(Path(folder), module, running)
        except KeyboardInterrupt:
            print()
            return 130
        except (services.DidNotStart, SignInFailed, OSError) as error:
            print(red(f"\n{error}"), file=sys.stderr)
            return 1
        finally:
            for service in reversed(running):
                service.stop()


def demonstrate(folder: Path, module: Path, running: list[services.Service]) -> int:
    """Start the three services, run the tour, keep running."""
    heading("Starting")
    cognito, cognito_port = services.start_cognito(folder)
    running.append(cognito)
    print(f"  Cognito (cognito-local)       http://127.0.0.1:{cognito_port}")
    app, app_port = services.start_echo(folder)
    running.append(app)
    print(f"  the application (an echo)     http://127.0.0.1:{app_port}")
    envoy, front, admin = services.start_envoy(folder, services.demo_configuration(app_port, cognito_port, module))
    running.append(envoy)
    print(f"  Envoy, envoy/envoy.yaml       {front}   {dim('admin ' + admin)}")
    tour = Tour(front, f"http://127.0.0.1:{cognito_port}", admin)
    good = tour.run()
    if not good:
        print(f"\nThe end of Envoy's log:\n{envoy.tail()}")
        return 1
    if sys.stdin.isatty() and sys.stdout.isatty():
        stay(folder, front, admin, tour.people, envoy)
    return 0


def stay(folder: Path, front: str, admin: str, people: dict[str, Person], envoy: services.Service) -> None:
    """Print commands to try, and wait for Ctrl-C."""
    tokens = folder / "tokens.sh"
    tokens.touch(mode=0o600)
    tokens.write_text("".join(
        f"{name.upper()}_ID={person.id_token}\n{name.upper()}_ACCESS={person.access_token}\n" for name, person in people.items()
    ))
    heading("Try it yourself, in another terminal")
    print(f"  . {tokens}")
    for line in (
        f"curl -i {front}/orders",
        f'curl -i -H "authorization: Bearer $ADA_ID" {front}/orders',
        f'curl -i -H "authorization: Bearer $RAVI_ID" {front}/admin/users',
        f'curl -i -H "authorization: Bearer $EVE_ACCESS" -H "x-cognito-groups: admins" {front}/me',
        f"curl -s '{admin}/stats?filter={services.METRICS}'",
    ):
        print(f"  {line}")
    print(f"\n  Envoy's admin interface: {admin}   its log: {envoy.log}")
    print(bold("\nPress Ctrl-C to end the demo."))
    try:
        envoy.process.wait()
        print(red(f"\nEnvoy ended with {envoy.process.returncode}:\n{envoy.tail()}"))
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
