"""Litmos as syncd sees it.

* ``target``     what the worker and the flows use: apply, settle, snapshot, completions
* ``applying``   what each Operation sends; ``settling`` how its outcome is read when it is unknown
* ``reading``    users, teams, memberships, learning paths as lists; ``results`` what people completed
* ``client``     JSON both ways, lists by page; ``soundness`` which JSON is usable; ``faults`` which answer is which error;
  ``wire`` the forms of values
* ``transport``  one request through the rolling window, in time; ``sending``, ``network``, ``endpoint`` its parts
"""
