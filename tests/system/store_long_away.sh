#!/usr/bin/env bash
# The store is away for long (STORE_AWAY_S: 20; `make chaos` takes 600) while 8 workers evaluate: every
# program waits for it, results are kept, and nothing is lost. The checker is the chaos test's.
export CHAOS_AWAY_S=${STORE_AWAY_S:-20}
exec "$(dirname "$0")/chaos.sh" "$@"
