"""Does what it is asked on stdin with b24pysdk, and says on stdout what came of it."""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from b24pysdk import BitrixWebhook, Client


def act(asked: dict[str, Any]) -> Any:
    """One thing that a program does with it; all settings are its own defaults."""
    address = urlsplit(asked["webhook_url"])
    secret = address.path.removeprefix("/rest/").strip("/")
    portal = Client(BitrixWebhook(domain=address.netloc, webhook_token=secret))
    workflow = portal.bizproc.workflow
    starts = [
        workflow.start(each["TEMPLATE_ID"], each["DOCUMENT_ID"], parameters=each["PARAMETERS"])
        for each in asked["starts"]
    ]
    match asked["act"]:
        case "start":
            return starts[0].result
        case "start all":
            keyed = {f"r{place}": each for place, each in enumerate(starts)}
            answer = portal.call_batches(keyed).result
            return [answer.result.get(key, answer.result_error.get(key)) for key in keyed]
        case "templates":
            return workflow.template.list(select=["ID", "NAME"]).as_list().result
        case "instances":
            return workflow.instances(select=["ID", "DOCUMENT_ID"]).as_list().result


try:
    outcome = {"gave": act(json.load(sys.stdin)), "raised": ""}
except Exception as error:  # noqa: BLE001 - whatever it raises is the outcome
    outcome = {"gave": None, "raised": type(error).__name__}
print(json.dumps(outcome))
