"""All methods of the portal by name, and the few that tell about the portal itself."""

from launcher.simulator import crm, templates, workflows
from launcher.simulator.methods import Call, Method, Reply

PLAN_WITHOUT_PROCESSES = "basic"
"""Business processes begin with the plan above it: their methods do not exist here."""
PLAN_WITHOUT_REST = "project"
"""The free plan: REST answers only that it is for commercial plans."""


def _scope(call: Call) -> Reply:
    return Reply(list(call.state.settings.scopes))


def _server_time(call: Call) -> Reply:
    return Reply(call.state.clock.iso(call.state.clock.now()))


def _method_get(call: Call) -> Reply:
    name = str(call.params.get("NAME", "")).lower()
    method = find(name, call.state.settings.license)
    scopes = ("", *call.state.settings.scopes)
    exists = method is not None or name == "batch"
    return Reply({"isExisting": exists, "isAvailable": exists and (method is None or method.scope in scopes)})


def _app_info(call: Call) -> Reply:
    settings = call.state.settings
    if call.webhook:
        return Reply({"SCOPE": list(settings.scopes), "LICENSE": settings.license})
    language, _, plan = settings.license.partition("_")
    return Reply(
        {
            "ID": 1,
            "CODE": settings.client_id,
            "VERSION": 1,
            "STATUS": "L",
            "INSTALLED": True,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": language,
            "LICENSE": settings.license,
            "LICENSE_FAMILY": plan,
        }
    )


METHODS: dict[str, Method] = {
    "bizproc.workflow.start": Method("bizproc", templates.start),
    "bizproc.workflow.instances": Method("bizproc", workflows.instances),
    "bizproc.workflow.terminate": Method("bizproc", workflows.terminate),
    "bizproc.workflow.kill": Method("bizproc", workflows.kill),
    "bizproc.workflow.template.list": Method("bizproc", workflows.template_list),
    "crm.item.list": Method("crm", crm.item_list),
    "crm.type.list": Method("crm", crm.type_list),
    "user.get": Method("user", crm.user_get),
    "user.current": Method("user", crm.user_current),
    "im.notify.system.add": Method("im", crm.notify),
    "profile": Method("", crm.profile),
    "scope": Method("", _scope),
    "server.time": Method("", _server_time),
    "method.get": Method("", _method_get),
    "app.info": Method("", _app_info),
}
"""Method name → method; `batch` is not here: it is how several of these are called."""


def find(name: str, call_license: str) -> Method | None:
    """Return the method, unless there is none by that name or the plan has none."""
    plan = call_license.partition("_")[2]
    if plan == PLAN_WITHOUT_PROCESSES and name.startswith("bizproc."):
        return None
    return METHODS.get(name)
