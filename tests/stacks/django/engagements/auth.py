import json

from django.conf import settings
from rest_framework import authentication, exceptions, permissions

with open(settings.CREDENTIALS_FILE) as file:
    TOKENS = json.load(file)


class Caller:
    is_authenticated = True

    def __init__(self, entry):
        self.id = entry["user"]
        self.workspace = entry["workspace"]
        self.default_private = entry["default_private"]
        self.scopes = entry["scopes"]


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request):
        header = authentication.get_authorization_header(request).decode("latin-1").split()
        if not header:
            return None
        if len(header) != 2 or header[0].lower() != "bearer":
            raise exceptions.AuthenticationFailed("Invalid authorization header.")
        entry = TOKENS.get(header[1])
        if entry is None:
            raise exceptions.AuthenticationFailed("Invalid token.")
        return Caller(entry), header[1]

    def authenticate_header(self, request):
        return "Bearer"


class HasWriteScope(permissions.BasePermission):
    message = "This token lacks the scope engagements:write."

    def has_permission(self, request, view):
        if not request.user or not request.user.is_authenticated:
            return False
        return "engagements:write" in request.user.scopes
