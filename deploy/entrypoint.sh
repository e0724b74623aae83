#!/bin/sh
# Runs the command given. The store's URI holds a password, so it comes as a file (a secret), named
# by HOPT_STORE_FILE, and not as a variable that `docker inspect` shows.
set -eu
if [ -n "${HOPT_STORE_FILE:-}" ]; then
    [ -r "$HOPT_STORE_FILE" ] || {
        echo "entrypoint: cannot read $HOPT_STORE_FILE (HOPT_STORE_FILE) as user $(id -u)" >&2
        exit 2
    }
    HOPT_STORE=$(cat "$HOPT_STORE_FILE")
    export HOPT_STORE
fi
exec "$@"
