"""Step 3 of the migration guide: django-cognito-jwt and the proxy side by side."""

import os
import subprocess

from paths import HERE, REPOSITORY
from sides import library_python


def test_both_ways_find_the_same_user() -> None:
    folders = [HERE, REPOSITORY / "examples/django", REPOSITORY / "tests"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [library_python(), "-m", "django", "test", "--settings", "django_side.moving_settings", "django_side.moving"]
    done = subprocess.run(command, env=env, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 and "Ran 3 tests" in done.stdout, done.stdout
