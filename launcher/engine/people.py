"""Looks up people of the portal by e-mail or full name, each once."""

from __future__ import annotations

from collections.abc import Iterable

from launcher.core.answers import answers_of_batch
from launcher.core.batch import MAX_COMMANDS, encode_call, replaced_by_the_portal
from launcher.core.parameters import people_found, person_key, person_search
from launcher.engine.asking import Asker


class PeopleFinder:
    """Learns whom names mean; `known` grows, and whoever reads rows reads it."""

    def __init__(self, asker: Asker, known: dict[str, tuple[str, ...]]) -> None:
        self._asker = asker
        self._known = known
        self._asked: set[str] = set()

    async def learn(self, names: Iterable[str]) -> None:
        """Whoever of these can be found is known when this returns. Raises PortalError.

        Somebody about whom the portal does not say is left out, and not asked for again.
        """
        wanted = {person_key(name): name for name in names}
        new = [(key, name) for key, name in wanted.items() if key not in self._known and key not in self._asked]
        for first in range(0, len(new), MAX_COMMANDS):
            some = new[first : first + MAX_COMMANDS]
            commands = {
                f"p{index}": encode_call("user.get", person_search(name))
                for index, (_, name) in enumerate(some)
                if not replaced_by_the_portal(name)
            }
            results, _ = answers_of_batch(await self._asker.ask("batch", {"halt": 0, "cmd": commands}))
            for index, (key, name) in enumerate(some):
                self._asked.add(key)
                if f"p{index}" in results:
                    self._known[key] = people_found(name, results[f"p{index}"])
