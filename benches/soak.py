#!/usr/bin/env python3
"""Runs a station for hours: it follows a MIDI clock, passes a keyboard on, makes, splits, renames and removes takes, and
clients of every kind connect and leave. Prints its memory, descriptors and threads meanwhile.

usage: soak.py target/release/busker [SECONDS]

Prints a row a minute and exits with 1 if the last quarter needs more than the second one, by their medians (a row may
meet a file that is just split, or a client that comes): over 1 MB of private memory, a descriptor or a thread."""

import atexit, os, random, statistics, sys, tempfile, threading, time

from clients import Osc, Socket, Station, WebSocket, drain_all

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) >= 2 else sys.exit(__doc__)
SECONDS = float(sys.argv[2]) if len(sys.argv) == 3 else 7200.0
SETTINGS = """midi:
  ports:
    - raw:{port}
    - {{ port: 'raw:{clock}', output: no }}
    - {{ port: 'raw:{keyboard}', output: no, thru: [port] }}
clock: {{ source: midi }}
record: {{ split: 2s }}
"""


# Commands that were not done.
REFUSED = []


def sends_clock(path, end, bpm=124.0):
    """A source of MIDI clock, with the grain of audio blocks of 512 frames."""
    wire, begun, n = os.open(path, os.O_RDWR), time.monotonic(), 0
    os.write(wire, b"\xfa")
    while time.monotonic() < end:
        due = begun + -(-n * 60 / 24 / bpm // (512 / 44100)) * (512 / 44100)
        time.sleep(max(0.0, due - time.monotonic()))
        os.write(wire, b"\xf8")
        n += 1


def plays_keys(path, end):
    """A keyboard with a pedal, through thru."""
    wire = os.open(path, os.O_RDWR)
    while time.monotonic() < end:
        note = random.randrange(36, 84)
        os.write(wire, bytes([0x90, note, 100, 0xB0, 64, 127]))
        time.sleep(random.uniform(0.05, 0.3))
        os.write(wire, bytes([0x80, note, 0, 0xB0, 64, 0]))


def reads_the_port(station, end):
    """The synth at the other end of the wire."""
    while time.monotonic() < end:
        station.bytes(1)


def comes_and_goes(station, end):
    """Clients: a socket, a screen, WebSockets and OSC, each for a few seconds."""
    while time.monotonic() < end:
        guests = [Socket(station), Socket(station, "screen"), *(WebSocket(station) for _ in range(4))]
        until = min(end, time.monotonic() + 5)
        guests[0].do("note.on 60 100")
        guests[2].do("param.set filter_cutoff 0.5")
        Osc(station).do("note.on 62 90")
        drain_all([guest.stream for guest in guests], until, [0])
        for guest in guests:
            guest.stream.close()
        Osc(station).do("note.off 62")
        time.sleep(0.5)


def makes_takes(station, end):
    """Takes that are split, marked, renamed and removed."""
    desk, n = Socket(station), 0
    while time.monotonic() < end:
        n += 1
        for command in [f"record.start soak{n}", "record.mark", "record.mark", "record.mark", "record.stop"]:
            if not (answer := desk.ask(command))["done"]:
                REFUSED.append(f"{command}: {answer['text']}")
            time.sleep(2 if command != "record.stop" else 0)
        time.sleep(1)
        desk.ask(f"take.rename soak{n}.wav kept{n}")
        desk.ask("record.capture")
        time.sleep(1)
        folder = station.home + "/music"
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(".wav"):
                desk.ask(f"take.remove {name}")
        # The user empties the trash; meanwhile it must not fill the disk.
        for root, _, names in os.walk(folder + "/.trash"):
            for name in names:
                os.remove(os.path.join(root, name))


def main():
    with tempfile.TemporaryDirectory(prefix="busker-soak-") as home:
        paths = {name: f"{home}/{name}" for name in ("port", "clock", "keyboard")}
        for name in ("clock", "keyboard"):
            os.mkfifo(paths[name])
        os.mkdir(home + "/music")
        station = Station(PROGRAM, home, SETTINGS.format(**paths))
        atexit.register(station.process.kill)
        end = time.monotonic() + SECONDS
        work = [(sends_clock, paths["clock"]), (plays_keys, paths["keyboard"]), (comes_and_goes, station), (makes_takes, station)]
        threads = [threading.Thread(target=what, args=(on, end), daemon=True) for what, on in work]
        threads.append(threading.Thread(target=reads_the_port, args=(station, end), daemon=True))
        for thread in threads:
            thread.start()
        rows, begun = [], time.monotonic()
        while time.monotonic() < end:
            time.sleep(min(60, max(1, SECONDS / 20)))
            status = Socket(station)
            now = status.status()
            status.stream.close()
            rows.append((station.private_mb(), station.descriptors(), station.threads()))
            print(f"{time.monotonic() - begun:8.0f} s  {rows[-1][0]:7.2f} MB  {rows[-1][1]:4} descriptors  {rows[-1][2]:3} threads"
                  f"  {now['device']['xruns']} xruns  {now['transport']['bpm']:.2f} BPM", flush=True)
        for thread in threads[1:4]:
            thread.join(20)
        if any(thread.is_alive() for thread in threads[1:4]):
            sys.exit("a client hangs")
        atexit.unregister(station.process.kill)
        station.close()
    if REFUSED:
        sys.exit(f"refused: {REFUSED[:5]}")
    quarter = len(rows) // 4
    early, late = rows[quarter:2 * quarter], rows[-quarter:]
    middle = [[statistics.median(row[k] for row in rows) for rows in (early, late)] for k in range(3)]
    for (was, now), what, room in zip(middle, ("MB", "descriptors", "threads"), (1, 0, 0)):
        print(f"{what:12} {was:8.2f} in the second quarter, {now:8.2f} in the last")
        if now > was + room:
            sys.exit(f"OVER: {what}")


main()
