"""THE APPLICATION: the use cases, each the same whoever calls it: a terminal, a scheduler, a page, a program.

Nothing here knows a terminal, a signal or a browser. A use case takes a request, emits events while it works,
returns a result, and raises a child of `LauncherError` where a person has to act.
"""
