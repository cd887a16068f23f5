"""The internal listener: `gunicorn shop.internal_wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.internal_settings"
application = get_wsgi_application()
