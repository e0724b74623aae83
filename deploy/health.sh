#!/bin/bash
# health.sh PORT: the health check in the images: succeeds when the program, started with
# --http 0.0.0.0:PORT, answers that it is well. Without a tool besides the shell.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
read -r -t 5 protocol code _ <&3
[ "${protocol%/*} $code" = "HTTP 200" ]
