# Sourced by the other scripts: makes .venv in the checkout, from the lock files, with nothing but Python and pip.
#   here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P); . "$here/scripts/setup.sh"; setup runtime
# `setup runtime` is enough to run syncd, `setup dev` adds what tests and checks need. Either is a no-op when .venv is
# up to date. $SYNCD_PYTHON names the interpreter to use; otherwise the newest Python >= 3.11 found is taken.
# shellcheck shell=sh disable=SC2154  # $here is set by the script that sources this one

venv="$here/.venv"
python="$venv/bin/python"

say() { printf 'syncd: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# The interpreter may be a name that exists and does not work (a version manager's shim): so each one is run.
is_good_python() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${SYNCD_PYTHON:-}" ]; then
        is_good_python "$SYNCD_PYTHON" || die "SYNCD_PYTHON=$SYNCD_PYTHON is not a Python 3.11 or newer"
        printf '%s\n' "$SYNCD_PYTHON"
        return
    fi
    for candidate in python3.13 python3.12 python3.11 python3; do
        if is_good_python "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>&1) || found="no python3"
    die "Python 3.11 or newer is needed, found: $found." \
        "Debian or Ubuntu: apt install python3 python3-venv. Or name one: SYNCD_PYTHON=/path/to/python3.12"
}

make_venv() {
    base=$(find_python) || exit 1
    version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$base" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
        die "this Python $version cannot make virtual environments. Debian or Ubuntu: apt install python$version-venv"
    "$base" -m venv --clear "$venv" || die "cannot make $venv with $base"
}

# The scripts in a virtual environment begin with its path: one that was moved with its checkout, or half made, is
# made anew.
has_venv() {
    is_good_python "$python" && "$python" -m pip --version >/dev/null 2>&1 &&
        head -n 3 "$venv/bin/pip" | grep -qF "$venv/bin/"
}

# fingerprint SET: what an installed SET depends on; changes when a lock file, the project or the interpreter does.
fingerprint() {
    cat "$here/pyproject.toml" "$here/requirements.lock" "$here/requirements-build.lock" | cksum
    [ "$1" = runtime ] || cksum <"$here/requirements-dev.lock"
    "$python" --version 2>&1
}

is_installed() {
    [ -x "$venv/bin/syncd" ] && [ "$(cat "$venv/.syncd-$1" 2>/dev/null)" = "$(fingerprint "$1")" ]
}

# Quiet while all is well; the whole output of pip when it is not.
quietly() {
    "$@" >"$venv/setup.log" 2>&1 || {
        cat "$venv/setup.log" >&2
        die "the set-up of .venv failed (above). It needs a Python package index: is there a network, a proxy to set?"
    }
}

install_locked() {
    PIP_USER=0 quietly "$python" -m pip install --quiet --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement "$here/$1"
}

install_checkout() {
    PIP_USER=0 quietly "$python" -m pip install --quiet --quiet --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable "$here"
}

setup() {
    if has_venv && { is_installed "$1" || is_installed dev; }; then return; fi
    say "setting up .venv with what is needed to ${2:-run} syncd (about 30 s, once)"
    has_venv || make_venv
    if [ "$1" = dev ]; then
        install_locked requirements-dev.lock
    else
        install_locked requirements.lock
        install_locked requirements-build.lock
    fi
    install_checkout
    rm -f "$venv/.syncd-runtime" "$venv/.syncd-dev"
    fingerprint "$1" >"$venv/.syncd-$1"
}
