#!/bin/bash
# Starts mongod in its image as a replica set of one with authentication. mongod wants the key file
# to be its own and closed to others, which a mounted secret is not: hence the copy.
set -eu
install -m 400 -o mongodb -g mongodb /run/secrets/mongo-keyfile /tmp/mongo-keyfile
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/mongo-keyfile --bind_ip_all
