"""``syncd demo``: the main job lived through in one folder, against the sandbox, with people who do not exist."""
