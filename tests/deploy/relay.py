#!/usr/bin/env python3
"""relay.py ADDRESS PORT FILE: passes connections to ADDRESS, a bridge of containers, on to PORT of
loopback, where the tests' MongoDB listens. The port that was free there goes into FILE."""
import os
import socket
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, port):
    try:
        server = socket.create_connection(("127.0.0.1", port))
    except OSError:
        client.close()
        return
    with client, server:
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()


def main(address, port, file):
    listener = socket.create_server((address, 0))
    with open(file + ".new", "w") as out:
        print(listener.getsockname()[1], file=out)
    os.rename(file + ".new", file)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, port), daemon=True).start()


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
