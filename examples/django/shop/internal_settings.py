"""Settings of the second listener, which the proxy alone reaches: it has the user lookup and nothing else.

Anyone who can post to it can become any user, so it is another process on another port, never a path of the public one:
a route that somebody opens by mistake, a proxy that reads a path in another way, and an `ALLOWED_HOSTS` of `*` all
leave it unreachable.
"""

import os

from .settings import *  # noqa: F403

ROOT_URLCONF = "shop.internal_urls"
WSGI_APPLICATION = "shop.internal_wsgi.application"
# The host of `user_lookup.uri` in the filter's configuration.
ALLOWED_HOSTS = os.environ.get("DJANGO_INTERNAL_ALLOWED_HOSTS", "users.internal").split(",")
# The filter sends 16 KiB of claims at most.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024
