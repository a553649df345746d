#!/bin/sh
# Installs into .venv exactly what requirements/$1.txt names, and this project beside it.
# PYTHON may name the interpreter; otherwise the first of the usual names that is new enough is taken.
set -eu
cd "$(dirname "$0")/.."

stop() {
    echo "gristmill: $1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
[ -n "$python" ] || stop "Python 3.11 or newer is needed, and ${PYTHON:-python3} is missing or older. \
On Debian or Ubuntu: apt install python3 python3-venv"

# pip is tried too, by its own name: an environment begun without ensurepip, or moved here, cannot run it.
if ! is_new_enough .venv/bin/python || ! .venv/bin/pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || stop "Python's venv package is missing. \
On Debian or Ubuntu: apt install $(basename "$python")-venv"
    "$python" -m venv --clear .venv
fi

# The list is whole: it has what each of its packages needs, but for what overrides.in leaves out.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "requirements/$1.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch ".venv/installed-$1"
