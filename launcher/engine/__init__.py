"""START: takes a run's rows to the portal and records what became of each."""

from launcher.engine.asking import Asker
from launcher.engine.candidates import Candidates
from launcher.engine.checking import RowCheck
from launcher.engine.conductor import Conductor, Rules
from launcher.engine.declaring import with_types
from launcher.engine.ending import Ender
from launcher.engine.job import Job
from launcher.engine.live import forget_live
from launcher.engine.mending import mend
from launcher.engine.metrics import figures, save_metrics
from launcher.engine.progress import Progress
from launcher.engine.recalling import recall
from launcher.engine.rehearsal import refuse_duplicates, rehearse
from launcher.engine.results import save_results
from launcher.engine.rights import ask_rights
from launcher.engine.stopping import StoppedError, Stopping
from launcher.engine.summary import summarise
from launcher.engine.templates import list_templates, smart_process_names, template_with_id
from launcher.engine.watching import Watcher

__all__ = [
    "Asker",
    "Candidates",
    "Conductor",
    "Ender",
    "Job",
    "Progress",
    "RowCheck",
    "Rules",
    "StoppedError",
    "Stopping",
    "Watcher",
    "ask_rights",
    "figures",
    "forget_live",
    "list_templates",
    "mend",
    "recall",
    "refuse_duplicates",
    "rehearse",
    "save_metrics",
    "save_results",
    "smart_process_names",
    "summarise",
    "template_with_id",
    "with_types",
]
