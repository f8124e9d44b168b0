"""What the portal says when it refuses: status, code and text of each documented error.

Source of statuses and codes: docs, "Statuses and System Error Codes", and the page of each method.
"""

from functools import partial


class PortalError(Exception):
    """A refusal: the call was not executed, or the portal says that it was not."""

    def __init__(self, status: int, code: str, text: str) -> None:
        """Take the HTTP status of a single call, the code (may be empty) and the text for people."""
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text

    @property
    def body(self) -> dict[str, str]:
        """The answer's body; the same shape stands in result_error for a command."""
        return {"error": self.code, "error_description": self.text}


class Cut(Exception):  # noqa: N818 - not an error of the portal's program: the request was ended from outside
    """The time for one request is over; what was executed stays, the rest is not executed."""


class Stopped(Exception):  # noqa: N818 - as above
    """A scripted fault ends the execution here."""


query_limit = partial(PortalError, 503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
operating_limit = partial(
    PortalError, 429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."
)
overload = partial(PortalError, 503, "OVERLOAD_LIMIT", "REST API is blocked due to overload")
expired_token = partial(PortalError, 401, "expired_token", "The access token provided has expired.")
invalid_token = partial(PortalError, 401, "invalid_token", "Unable to get application by token")
no_auth = partial(PortalError, 401, "NO_AUTH_FOUND", "Wrong authorization data")
insufficient_scope = partial(
    PortalError,
    403,
    "insufficient_scope",
    "The request requires higher privileges than provided by the webhook token",
)
access_denied = partial(PortalError, 403, "ACCESS_DENIED", "Access denied!")
commercial_plans_only = partial(
    PortalError, 403, "ACCESS_DENIED", "REST API is available only on commercial plans"
)
portal_deleted = partial(PortalError, 403, "PORTAL_DELETED", "Portal was deleted")
https_required = partial(PortalError, 400, "INVALID_REQUEST", "Https required.")
method_not_found = partial(PortalError, 404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
batch_length = partial(PortalError, 400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
batch_method = partial(
    PortalError, 405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"
)
internal = partial(PortalError, 500, "INTERNAL_SERVER_ERROR", "Internal server error")
unexpected_answer = partial(
    PortalError, 500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"
)
core = partial(PortalError, 500, "ERROR_CORE", "Internal error")
unknown_entity_type = partial(PortalError, 400, "NOT_FOUND", "Smart process not found")
wrong_workflow_id = partial(PortalError, 400, "ERROR_WRONG_WORKFLOW_ID")
"""Takes the text."""
uncoded = partial(PortalError, 400, "")
"""The refusal of a module that gives no code, only the text that this takes."""
