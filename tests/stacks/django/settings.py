import os
from urllib.parse import urlsplit

import pymysql

pymysql.install_as_MySQLdb()

database = urlsplit(os.environ["DATABASE_URL"])

SECRET_KEY = os.environ.get("SECRET_KEY", "dev-only")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "engagements"]
MIDDLEWARE = [
    "engagements.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": database.hostname,
        "PORT": database.port,
        "USER": database.username,
        "PASSWORD": database.password,
        "NAME": database.path[1:],
        "CONN_MAX_AGE": 60,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["engagements.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["engagements.auth.HasWriteScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "engagements.problems.exception_handler",
}
CREDENTIALS_FILE = os.environ["CREDENTIALS_FILE"]
