#!/usr/bin/env python3
"""Measures the clients of a running station: command to effect through the socket, OSC and WebSocket; the cost of 32
WebSocket clients; the effect of a flood of OSC on the callback, the MIDI clock and the memory; the cost of a stuck screen.

usage: doors.py target/release/busker

Prints each figure with its limit and exits with 1 if one is exceeded. The station plays on a FIFO, which this process
reads: a command's effect is the byte of its note there, so every figure holds this process's own wake-up, too. This
process runs beside the station on the same cores."""

import atexit, os, socket, subprocess, sys, tempfile, threading, time

from clients import Osc, Socket, Station, WebSocket, drain_all

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) >= 2 else sys.exit(__doc__)
NOTES = 1000
CLIENTS = 32
FLOOD, FLOOD_SECONDS = 100_000, 10


def latency_ms(station, door):
    """The delay from a command to its note on the FIFO, for NOTES notes; the clock is off, so there are no other bytes."""
    station.drain()
    times = []
    for n in range(NOTES):
        note = 40 + n % 40
        begun = time.monotonic()
        door.do(f"note.on {note} 100")
        while bytes([0x90, note]) not in station.bytes(1):
            if time.monotonic() > begun + 1:
                sys.exit(f"note {n} never came")
        times.append((time.monotonic() - begun) * 1000)
        door.do(f"note.off {note}")
        station.bytes(1)
        # A WebSocket may send 200 messages a second.
        time.sleep(0.012)
        station.drain(0)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100], times[-1]


def load(station, seconds):
    """The CPU load of the station, in percent of a core."""
    before, begun = station.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (station.cpu_seconds() - before) / (time.monotonic() - begun) * 100


def clients_load(station, seconds=20):
    """The additional load of 32 WebSocket clients, and messages a second of each."""
    alone = load(station, seconds)
    clients = [WebSocket(station) for _ in range(CLIENTS)]
    got = [0]
    streams, end = [c.stream for c in clients], time.monotonic() + seconds + 3
    reading = threading.Thread(target=drain_all, args=(streams, end, got, WebSocket.HEARTBEAT))
    reading.start()
    time.sleep(2)
    together = load(station, seconds)
    reading.join()
    for client in clients:
        client.stream.close()
    return together - alone, got[0] / (seconds + 3) / CLIENTS


def jitter_us(station, seconds):
    """The deviation of the distances of clock pulses from 120 BPM: p50 and p99 in µs."""
    station.drain()
    instants, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        now_bytes = station.bytes(0.1)
        instants += [time.monotonic()] * now_bytes.count(0xF8)
    period = 60 / 120 / 24
    off = sorted(abs(b - a - period) * 1e6 for a, b in zip(instants, instants[1:]))
    return off[len(off) // 2], off[len(off) * 99 // 100]


def flood(port):
    """Sends a flood of OSC; in a process of its own, because this one's measurement of the clock would be late."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", port))
    packets = [Osc.packet(f"param.set filter_cutoff {n}") for n in range(2)]
    begun = time.monotonic()
    for n in range(FLOOD):
        sender.send(packets[n % 2])
        if n % 100 == 99:
            ahead = begun + (n + 1) * FLOOD_SECONDS / FLOOD - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)


def main():
    rows = []
    with tempfile.TemporaryDirectory(prefix="busker-doors-") as home:
        station = Station(PROGRAM, home)
        atexit.register(station.close)
        asking = Socket(station)
        asking.ask("clock.run off")
        for name, door in [("socket", Socket(station, "screen")), ("OSC", Osc(station)), ("WebSocket", WebSocket(station))]:
            if name != "OSC":
                stream = door.stream
                threading.Thread(target=drain_all, args=([stream], time.monotonic() + 60, [0]), daemon=True).start()
            p50, p99, most = latency_ms(station, door)
            rows.append((f"{name}: command to effect, p99", p99, f"ms, under 5; p50 {p50:.2f}, most {most:.2f}", p99 < 5))
            if name != "OSC":
                stream.shutdown(socket.SHUT_RDWR)
        more, rate = clients_load(station)
        rows.append((f"{CLIENTS} WebSocket clients", more, f"% of a core, under 3; {rate:.0f} bytes/s each", more < 3))
        stuck = Socket(station, "screen")
        alone = load(station, 10)
        rows.append(("one screen that never reads, at rest", alone, "% of a core in all", True))
        stuck.stream.close()
        asking.ask("clock.run on")
        quiet = jitter_us(station, FLOOD_SECONDS)
        before, memory = asking.status(), station.private_mb()
        flooding = subprocess.Popen([sys.executable, __file__, PROGRAM, str(station.osc[1])])
        busy = jitter_us(station, FLOOD_SECONDS + 1)
        flooding.wait()
        time.sleep(1)
        after = asking.status()
        door = next(door for door in after["doors"] if door["name"] == "osc")
        rows += [
            ("MIDI clock before the flood, p99", quiet[1], f"µs; p50 {quiet[0]:.0f}", True),
            (f"{FLOOD} OSC messages in {FLOOD_SECONDS} s", busy[1], f"µs clock p99; p50 {busy[0]:.0f}", True),
            ("  more memory", station.private_mb() - memory, "MB, under 2", station.private_mb() - memory < 2),
            ("  interruptions", after["device"]["xruns"] - before["device"]["xruns"], "of the callback, 0",
             after["device"]["xruns"] == before["device"]["xruns"]),
            ("  callback's load", after["device"]["load_percent"], f"%; before {before['device']['load_percent']}", True),
            ("  pulses over 1 ms late", after["clock"]["late_pulses"] - before["clock"]["late_pulses"],
             f"by the station's own count; the latest of all {after['clock']['latest_us']} µs", True),
            ("  pulses skipped", after["clock"]["skipped_pulses"], "of the clock, 0", after["clock"]["skipped_pulses"] == 0),
            ("  dropped", door["dropped"], f"counted, of {door['received']} that came in", True),
        ]
        atexit.unregister(station.close)
        station.close()
    for name, value, text, _ in rows:
        print(f"{name:40} {value:10.2f}   {text}")
    over = [name for name, _, _, fits in rows if not fits]
    if over:
        sys.exit("OVER: " + ", ".join(over))


if len(sys.argv) == 3:
    flood(int(sys.argv[2]))
else:
    main()
