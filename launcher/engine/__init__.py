"""START: takes a run's rows to the portal and records what became of each."""
