"""States: the words for where a Run, a Change or a Job is, and for what began a Run, as people read and type them. Pure."""

FLOWS = ("refresh", "push", "pull")
TRIGGERS = ("schedule", "person", "page")
"""What began a Run: its schedule, a person by a command, a person on a page."""
RUN_STATES = ("queued", "running", "held", "succeeded", "planned", "failed", "cancelled", "expired")
"""``planned`` is a Run that succeeded and was to send nothing."""
CHANGE_STATES = ("planned", "held", "queued", "done", "failed", "superseded", "cancelled")
JOB_STATES = (
    *("blocked", "available", "running", "uncertain"),
    *("completed", "discarded", "superseded", "cancelled"),
)
