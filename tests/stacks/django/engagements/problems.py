import uuid

from django.http import JsonResponse
from rest_framework import exceptions
from rest_framework.views import exception_handler as default_handler


class MediaError(exceptions.APIException):
    status_code = 422
    default_code = "invalid_media"


TITLES = {
    400: ("validation_failed", "Bad Request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not Found"),
    405: ("method_not_allowed", "Method Not Allowed"),
    415: ("unsupported_media_type", "Unsupported Media Type"),
    422: ("validation_failed", "Unprocessable Entity"),
    500: ("internal_error", "Internal Server Error"),
}


def problem(status, detail, errors=None):
    code, title = TITLES.get(status, ("error", "Error"))
    body = {
        "type": f"https://app.askelephant.ai/errors/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": f"rid_{uuid.uuid4().hex}",
    }
    if errors:
        body["errors"] = errors
    return body


def flatten(detail, path=""):
    if isinstance(detail, dict):
        for name, value in detail.items():
            yield from flatten(value, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            yield from flatten(value, f"{path}.{index}" if isinstance(value, dict) else path)
    else:
        yield {"field": path, "code": detail.code, "message": str(detail)}


def exception_handler(exc, context):
    response = default_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        response.data = problem(response.status_code, "The request is invalid.", list(flatten(exc.detail)))
    else:
        response.data = problem(response.status_code, str(response.data.get("detail", "")))
    response.content_type = "application/problem+json"
    return response


def not_found(request, exception=None):
    return JsonResponse(problem(404, "Not found."), status=404, content_type="application/problem+json")


def server_error(request):
    return JsonResponse(problem(500, "Something went wrong."), status=500, content_type="application/problem+json")
