import json
import os
from dataclasses import dataclass

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

with open(os.environ["CREDENTIALS_FILE"]) as file:
    TOKENS = json.load(file)

bearer = HTTPBearer(auto_error=False)


@dataclass
class Caller:
    workspace: str
    user: str
    scopes: list[str]
    default_private: bool


def current_caller(credentials: HTTPAuthorizationCredentials | None = Depends(bearer)) -> Caller:
    entry = TOKENS.get(credentials.credentials) if credentials else None
    if entry is None:
        raise HTTPException(401, "Missing or invalid token.", headers={"WWW-Authenticate": "Bearer"})
    return Caller(entry["workspace"], entry["user"], entry["scopes"], entry["default_private"])


def require_write(caller: Caller = Depends(current_caller)) -> Caller:
    if "engagements:write" not in caller.scopes:
        raise HTTPException(403, "This token lacks the scope engagements:write.")
    return caller
