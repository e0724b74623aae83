"""proxy.py mongodb://HOST:PORT/... FILE: hands connections on; its own port goes to FILE. Its death
is a server's that nobody reaches any more."""
import os
import re
import socket
import sys
import threading

host, port = re.match(r"mongodb://(?:[^@/]*@)?([^:/,]+):(\d+)", sys.argv[1]).groups()


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[2] + ".new", "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
while True:
    client, _ = listener.accept()
    server = socket.create_connection((host, int(port)))
    for pair in ((client, server), (server, client)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
