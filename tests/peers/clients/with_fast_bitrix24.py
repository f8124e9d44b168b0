"""Does what it is asked on stdin with fast_bitrix24, and says on stdout what came of it."""

import asyncio
import json
import sys
from typing import Any

from fast_bitrix24 import BitrixAsync

START, LIST, RUNNING = "bizproc.workflow.start", "bizproc.workflow.template.list", "bizproc.workflow.instances"


async def act(asked: dict[str, Any]) -> Any:
    """One thing that a program does with it; all settings are its own defaults."""
    portal = BitrixAsync(asked["webhook_url"], verbose=False)
    match asked["act"]:
        case "start":
            return (await portal.call(START, asked["starts"][0], raw=True))["result"]
        case "start all":
            return await portal.call(START, asked["starts"])
        case "templates":
            return await portal.get_all(LIST, {"SELECT": ["ID", "NAME"]})
        case "instances":
            return await portal.get_all(RUNNING, {"SELECT": ["ID", "DOCUMENT_ID"]})


try:
    outcome = {"gave": asyncio.run(act(json.load(sys.stdin))), "raised": ""}
except Exception as error:  # noqa: BLE001 - whatever it raises is the outcome
    outcome = {"gave": None, "raised": type(error).__name__}
print(json.dumps(outcome))
