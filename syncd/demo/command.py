"""How syncd is called on this machine: what a person can type to run again what is running."""

import shutil
import sys
from pathlib import Path


def runnable() -> str:
    """``syncd`` if that is this very program; else its path, or the interpreter with ``-m syncd``, as short as it may be here."""
    begun = Path(sys.argv[0])
    if begun.name == "__main__.py":
        return f"{near(Path(sys.executable))} -m syncd"
    found = shutil.which("syncd")
    if begun.name != "syncd" or (found is not None and Path(found).resolve() == begun.resolve()):
        return "syncd"
    path = near(begun)
    return path if "/" in path else f"./{path}"


def near(path: Path) -> str:
    """A path as it is typed here: relative if it is inside the working directory. A path with blanks is quoted."""
    whole, here = path.absolute(), Path.cwd()
    text = str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
    return f"'{text}'" if " " in text else text
