"""`make demo`: start everything, run the tour, and keep running until Ctrl-C if there is a terminal.

Exits with 0 only if every result was as expected.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import frame, services
from .tour import Tour, dim, heading


def main() -> int:
    """Run the demo."""
    return frame.run("demo", demonstrate, services.IS_NATIVE)


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
    if frame.is_watched():
        tokens = {}
        for name, person in tour.people.items():
            tokens |= {f"{name.upper()}_ID": person.id_token, f"{name.upper()}_ACCESS": person.access_token}
        commands = (
            f"curl -i {front}/orders",
            f'curl -i -H "authorization: Bearer $ADA_ID" {front}/orders',
            f'curl -i -H "authorization: Bearer $RAVI_ID" {front}/admin/users',
            f'curl -i -H "authorization: Bearer $EVE_ACCESS" -H "x-cognito-groups: admins" {front}/me',
            f"curl -s '{admin}/stats?filter={services.METRICS}'",
        )
        frame.stay(folder, tokens, commands, envoy, f"Envoy's admin interface: {admin}   its log: {envoy.log}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
