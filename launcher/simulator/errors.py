"""What the portal says when it refuses: status, code and text of each documented error.

Source of statuses and codes: docs, "Statuses and System Error Codes", and the page of each method.
"""


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


def query_limit() -> PortalError:
    return PortalError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")


def operating_limit() -> PortalError:
    return PortalError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")


def overload() -> PortalError:
    return PortalError(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload")


def expired_token() -> PortalError:
    return PortalError(401, "expired_token", "The access token provided has expired.")


def invalid_token() -> PortalError:
    return PortalError(401, "invalid_token", "Unable to get application by token")


def no_auth() -> PortalError:
    return PortalError(401, "NO_AUTH_FOUND", "Wrong authorization data")


def insufficient_scope() -> PortalError:
    text = "The request requires higher privileges than provided by the webhook token"
    return PortalError(403, "insufficient_scope", text)


def access_denied() -> PortalError:
    return PortalError(403, "ACCESS_DENIED", "Access denied!")


def commercial_plans_only() -> PortalError:
    return PortalError(403, "ACCESS_DENIED", "REST API is available only on commercial plans")


def portal_deleted() -> PortalError:
    return PortalError(403, "PORTAL_DELETED", "Portal was deleted")


def https_required() -> PortalError:
    return PortalError(400, "INVALID_REQUEST", "Https required.")


def method_not_found() -> PortalError:
    return PortalError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")


def batch_length() -> PortalError:
    return PortalError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")


def batch_method() -> PortalError:
    return PortalError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")


def internal() -> PortalError:
    return PortalError(500, "INTERNAL_SERVER_ERROR", "Internal server error")


def unexpected_answer() -> PortalError:
    return PortalError(500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response")


def core() -> PortalError:
    return PortalError(500, "ERROR_CORE", "Internal error")


def wrong_workflow_id(text: str) -> PortalError:
    return PortalError(400, "ERROR_WRONG_WORKFLOW_ID", text)


def uncoded(text: str) -> PortalError:
    """Return the refusal of a module that gives no code, only a text."""
    return PortalError(400, "", text)
