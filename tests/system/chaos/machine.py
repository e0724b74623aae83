"""How much time the machine gives: what must die within a second has that second on a machine that is
not in use. On one with 40 programs waiting for 2 processors it gets its turn a tenth as often, and on
one that stands still not at all; our own lateness shows that."""
import os

# So many programs for each processor are our own test's.
OURS = 4
LATE_S = 0.3


def lost(seconds):
    """The part of the last `seconds`, between two looks of ours, that nobody could use, 0 .. 1."""
    if seconds > LATE_S:
        return 1.0
    with open("/proc/loadavg", encoding="ascii") as file:
        running = int(file.read().split()[3].split("/")[0])
    return 1 - min(1.0, OURS * os.cpu_count() / max(1, running))
