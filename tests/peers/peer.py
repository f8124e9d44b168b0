"""One of other people's clients, and what it says came of a request."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any

from launcher.simulator import Simulator

LONGEST_S = 240


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client gave to its program, and what it said had gone wrong ("": nothing)."""

    gave: Any
    raised: str


@dataclass(frozen=True, slots=True)
class Peer:
    """One client, as a command that reads on stdin what it is to do."""

    command: tuple[str, ...]
    authority: str
    """The file of the certificate that it is to trust."""

    async def __call__(self, act: str, portal: Simulator, *documents: str) -> Outcome:
        """Let it do that with the portal, by https; starts are those of template 1."""
        asked = {
            "act": act,
            "webhook_url": portal.tls_webhook_url,
            "starts": [
                {
                    "TEMPLATE_ID": 1,
                    "DOCUMENT_ID": ["crm", "CCrmDocumentLead", document],
                    "PARAMETERS": {"Comment": f"for {document}, 50% & more"},
                }
                for document in documents
            ],
        }
        trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), self.authority)
        process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **trust},
        )
        try:
            said, complaint = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), LONGEST_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, complaint.decode()
        return Outcome(**json.loads(said.splitlines()[-1]))
