#!/usr/bin/env python3
"""A toxic TCP proxy for MongoDB's wire protocol: proxy.py HOST:PORT LINKS

One listening port for each of LINKS links, which are printed as one JSON line; all lead to
HOST:PORT. It knows where messages begin and end (16 bytes of header, the first four of them the
length), so that it can cut one in the middle, or swallow a reply after the request was carried out.

Commands are JSON lines on standard input, {"link": 3, "toxic": "delay", ...}; link -1 is all:

  delay   ms            every message waits so long, each way
  hole                  nothing passes, nothing is closed; "heal" lets the late messages through
  drop                  connections are reset, new ones too
  cut     n, aim, way   the next n messages end in their middle, then the connection is reset
  swallow n, aim, hang  the next n requests reach the server; their replies are dropped, and the
                        connection is reset, or (hang) stays silent
  heal                  none of these
  end                   print counts as one JSON line and exit; so does the end of the input

`aim` is a command's name or "any" (but never hello); `way` is "request" or "reply". The counts are
of what happened in fact: {"cut request update": 3, ...}.
"""
import asyncio
import collections
import json
import struct
import sys

HELLO = {"hello", "isMaster", "ismaster"}
MESSAGE_MAX = 48 << 20


async def read_message(reader):
    """One whole message; None at the end of the stream."""
    try:
        header = await reader.readexactly(16)
        length = struct.unpack("<i", header[:4])[0]
        if not 16 <= length <= MESSAGE_MAX:
            raise ValueError(f"a message of {length} bytes")
        return header + await reader.readexactly(length - 16)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return None


def command_of(message):
    """The command's name: the first key of OP_MSG's body; for OP_QUERY, which only greets, hello."""
    if struct.unpack("<i", message[12:16])[0] != 2013:
        return "hello"
    at = 16 + 4 + 1 + 4 + 1  # flags, kind of section, length of the document, type of the element
    return message[at : message.index(0, at)].decode("ascii", "replace")


class Link:
    """The state of one client's way to the server."""

    def __init__(self, counts):
        self.counts = counts
        self.connections = set()
        self.open = asyncio.Event()
        self.heal()

    def heal(self):
        self.delay_s = 0.0
        self.dropped = False
        self.shots = []  # [toxic, n left, aim, way or hang]
        self.open.set()

    def apply(self, order):
        toxic = order["toxic"]
        if toxic == "heal":
            self.heal()
        elif toxic == "delay":
            self.delay_s = order["ms"] / 1000
        elif toxic == "hole":
            self.open.clear()
        elif toxic == "drop":
            self.dropped = True
            for connection in list(self.connections):
                self.count("drop connection")
                connection.reset()
        else:
            how = order["way"] if toxic == "cut" else order["hang"]
            self.shots.append([toxic, order["n"], order["aim"], how])

    def count(self, what):
        self.counts[what] += 1

    def shot(self, toxic, command, how=None):
        """Take a shot of this kind that is aimed at this command; returns it, or None."""
        for one in self.shots:
            if one[0] != toxic or one[2] not in ("any", command) or command in HELLO:
                continue
            if how is not None and one[3] != how:
                continue
            one[1] -= 1
            if one[1] == 0:
                self.shots.remove(one)
            return one
        return None

    async def pass_on(self):
        """Wait as long as the link makes a message wait."""
        if not self.open.is_set():
            self.count("hole message")
            await self.open.wait()
        if self.delay_s:
            self.count("delay message")
            await asyncio.sleep(self.delay_s)


class Connection:
    """One client's connection and ours to the server."""

    def __init__(self, link, client, server):
        self.link = link
        self.client_reader, self.client = client
        self.server_reader, self.server = server
        self.commands = collections.deque()  # sent, not yet answered; with how the reply fares
        self.silent = False

    def reset(self):
        for writer in (self.client, self.server):
            writer.transport.abort()

    def cut(self, writer, message, what):
        """Half of a message, then the end."""
        self.link.count(f"cut {what}")
        writer.write(message[: 16 + (len(message) - 16) // 2])

    async def send(self, writer, message):
        writer.write(message)
        await writer.drain()

    async def requests(self):
        while (message := await read_message(self.client_reader)) is not None:
            await self.link.pass_on()
            command = command_of(message)
            if self.link.shot("cut", command, "request"):
                self.cut(self.server, message, f"request {command}")
                await asyncio.sleep(0.05)  # the half is to arrive before the reset
                return
            self.commands.append((command, self.link.shot("swallow", command)))
            await self.send(self.server, message)

    async def replies(self):
        while (message := await read_message(self.server_reader)) is not None:
            command, swallow = self.commands.popleft() if self.commands else ("?", None)
            if swallow:
                self.link.count(f"swallow {command}{' and hang' if swallow[3] else ''}")
                if not swallow[3]:
                    return
                self.silent = True
            if self.silent:
                continue
            await self.link.pass_on()
            if self.link.shot("cut", command, "reply"):
                self.cut(self.client, message, f"reply {command}")
                await asyncio.sleep(0.05)
                return
            await self.send(self.client, message)

    async def run(self):
        pumps = [asyncio.ensure_future(self.requests()), asyncio.ensure_future(self.replies())]
        self.link.connections.add(self)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.link.connections.discard(self)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self.reset()


async def serve(link, host, port, reader, writer):
    if link.dropped:
        link.count("drop connection")
        writer.transport.abort()
        return
    try:
        server = await asyncio.open_connection(host, port)
    except OSError:  # nobody there: the client shall see the same
        writer.transport.abort()
        return
    await Connection(link, (reader, writer), server).run()


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    counts = collections.Counter()
    links, servers = [], []
    for _ in range(int(sys.argv[2])):
        link = Link(counts)
        links.append(link)
        servers.append(
            await asyncio.start_server(
                lambda r, w, link=link: serve(link, host, int(port), r, w), "127.0.0.1", 0
            )
        )
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while line := await orders.readline():
        order = json.loads(line)
        if order.get("toxic") == "end":
            break
        for link in links if order["link"] < 0 else [links[order["link"]]]:
            link.apply(order)
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
