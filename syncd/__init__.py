"""syncd keeps Litmos (a learning management system) in step with HR, and brings training results back.

The map of the house, in the order data walks through it:

* ``sources``  read HR: Records, strings only, each with its origin (``hr.csv:42``)
* ``core``     decides, purely: Records -> Employees -> desired State -> Changes -> Plan -> Requests
* ``store``    remembers: mirror, links, runs, changes, the durable queue, the rolling window
* ``litmos``   talks to Litmos: the client, the wire forms, how one Request is applied and settled
* ``sinks``    write training results back to HR
* ``sync``     the three Flows: ``refresh``, ``push``, ``pull``; ``worker`` drains the queue
* ``daemon``   the composition root of ``syncd serve``; ``cli`` and ``web`` are its two faces
* ``sandbox``  a Litmos on loopback, independent of all the rest

The words (Record, Employee, Link, State, Mirror, Change, Plan, Request, Run, Job, Attempt, ...) are defined in
``docs/glossary.md`` and mean the same thing everywhere.
"""

__version__ = "0.1.0"
