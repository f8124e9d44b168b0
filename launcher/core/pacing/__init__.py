"""How fast, how much at once, and how long to wait: arithmetic on numbers, with the time as one of them.

Theory of operation. Before each request the controller is asked once, and answers: leave with so many rows, or
wait so long for that reason. Each question below has a module, and the strictest answer counts.

- How many requests (`rate`)? Ours is kept as the portal's bucket is at its worst, because its phase cannot be
  seen. Only a refusal shows that other programs draw on it: from then on what they leave is measured, not
  guessed.
- How many rows in one (`sizing`)? As few as lose no speed: a lost answer makes all its rows unknown. What a
  start costs is learned from answers, and from an answer that is overdue.
- How many at once (`concurrency`)? As many as still let more rows through.
- How many execution seconds (`limits`)? What the portal itself says of its account, never our own sum where it
  does.
- After trouble (`backoff`)? All wait together, since a refusal of one is a refusal of all; and after a lost
  answer one row goes alone, then batches that double. So do the first rows of a run: a wrong webhook costs one
  call.

The trap that made it so: a limit that is kept on the average is not kept. Requests that were in flight together
get one refusal each, and every reaction must count the first only (`sent_at`), or one refusal halves the pace
ten times.
"""
