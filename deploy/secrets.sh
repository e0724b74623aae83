#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, once; existing ones are kept.
# The folder is closed to others; the files in it are readable, since containers read them as
# users of their own.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets

# make NAME BYTES: a random file of hexadecimal digits.
make() {
    [ -s "$1" ] || od -An -v -tx1 -N "$2" /dev/urandom | tr -d ' \n' >"$1"
    chmod 444 "$1"
}

make mongo-root-password 24
make mongo-hopt-password 24
make mongo-keyfile 256
[ -s store ] || printf 'mongodb://hopt:%s@mongo:27017/hopt?authSource=hopt&replicaSet=rs0' \
    "$(cat mongo-hopt-password)" >store
chmod 444 store
echo "deploy/secrets is ready"
