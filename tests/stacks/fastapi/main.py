import logging
import uuid

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException as StarletteHTTPException

from auth import Caller, require_write
from database import Base, Engagement, engine, get_session, now
from media import MediaError, check_media
from schemas import CreateEngagement

log = logging.getLogger("engagements")
app = FastAPI(title="Engagements API", docs_url=None, redoc_url=None, openapi_url=None)
Base.metadata.create_all(engine)

TITLES = {
    400: ("bad_request", "Bad Request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not Found"),
    405: ("method_not_allowed", "Method Not Allowed"),
    409: ("conflict", "Conflict"),
    422: ("validation_failed", "Validation Failed"),
    500: ("internal_error", "Internal Server Error"),
}


def problem(request: Request, status: int, detail: str, errors: list | None = None, headers: dict | None = None):
    code, title = TITLES.get(status, ("error", "Error"))
    content = {
        "type": f"https://app.askelephant.ai/errors/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request.state.request_id,
    }
    if errors:
        content["errors"] = errors
    return JSONResponse(content, status_code=status, media_type="application/problem+json", headers=headers)


@app.middleware("http")
async def add_headers(request: Request, call_next):
    request.state.request_id = "rid_" + uuid.uuid4().hex
    try:
        response = await call_next(request)
    except Exception:
        log.exception("unhandled error in %s", request.state.request_id)
        response = problem(request, 500, "Something went wrong on our side.")
    response.headers["X-Api-Version"] = "v2"
    return response


@app.exception_handler(StarletteHTTPException)
async def http_error(request: Request, exc: StarletteHTTPException):
    return problem(request, exc.status_code, str(exc.detail), headers=exc.headers)


@app.exception_handler(RequestValidationError)
async def validation_error(request: Request, exc: RequestValidationError):
    errors = exc.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return problem(request, 400, "The request body is not valid JSON.")
    return problem(
        request,
        422,
        "The request body is invalid.",
        [
            {"field": ".".join(str(part) for part in error["loc"][1:]), "code": error["type"], "message": error["msg"]}
            for error in errors
        ],
    )


@app.exception_handler(MediaError)
async def media_error(request: Request, exc: MediaError):
    return problem(
        request, 422, str(exc), [{"field": "media_url", "code": "invalid_media", "message": str(exc)}]
    )


def present(engagement: Engagement) -> dict:
    body = {
        "object": "engagement",
        "id": engagement.id,
        "title": engagement.title,
        "engagement_type": engagement.type,
        "processing_status": engagement.processing_status,
        "is_private": engagement.is_private,
        "created_at": engagement.created_at.isoformat(),
        "updated_at": engagement.updated_at.isoformat(),
        "data_source": engagement.source_system,
        "engagement_at": engagement.start_at.isoformat(),
        "start_at": engagement.start_at.isoformat(),
        "owner_user_id": engagement.owner_user_id,
    }
    return body


def find(session: Session, workspace: str, external_id: str) -> Engagement | None:
    return session.scalar(
        select(Engagement).where(Engagement.workspace_id == workspace, Engagement.external_id == external_id)
    )


@app.post("/api/v2/engagements")
def create_engagement(
    payload: CreateEngagement,
    caller: Caller = Depends(require_write),
    session: Session = Depends(get_session),
):
    existing = find(session, caller.workspace, payload.external_id)
    if existing:
        return JSONResponse(present(existing), status_code=200)

    check_media(str(payload.media_url))

    engagement = Engagement(
        id="ngmt_" + uuid.uuid4().hex,
        workspace_id=caller.workspace,
        external_id=payload.external_id,
        type=payload.type,
        title=payload.title,
        source_system=payload.source_system,
        media_url=str(payload.media_url),
        run_workflows=payload.run_workflows,
        start_at=payload.start_at or now(),
        is_private=caller.default_private if payload.is_private is None else payload.is_private,
        participants=[participant.model_dump(exclude_none=True) for participant in payload.participants or []],
        transcript_text=payload.transcript_text,
        owner_user_id=caller.user,
    )
    session.add(engagement)
    try:
        session.commit()
    except IntegrityError:
        # somebody else was faster
        session.rollback()
        existing = find(session, caller.workspace, payload.external_id)
        if existing is None:
            raise HTTPException(409, "Conflict while creating the engagement, please retry.")
        return JSONResponse(present(existing), status_code=200)
    session.refresh(engagement)
    return JSONResponse(present(engagement), status_code=201)
