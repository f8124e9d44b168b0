"""START: takes a run's rows to the portal and records what became of each."""

from launcher.engine.conductor import Conductor, Rules
from launcher.engine.job import Job
from launcher.engine.live import forget_live
from launcher.engine.mending import mend
from launcher.engine.progress import Progress
from launcher.engine.results import save_results
from launcher.engine.stopping import Stopping
from launcher.engine.summary import summarise

__all__ = [
    "Conductor",
    "Job",
    "Progress",
    "Rules",
    "Stopping",
    "forget_live",
    "mend",
    "save_results",
    "summarise",
]
