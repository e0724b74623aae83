#!/usr/bin/env bash
# What the commands cost with 1,000 to 100,000 trials in a study (GROWTH: other sizes, "1000 1000000").
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2086 # several numbers
exec "${PYTHON:-python3}" "$here/growth.py" "$HOPT_BIN" ${GROWTH:-1000 10000 100000} ${GROWTH_SVG:+--svg "$GROWTH_SVG"}
