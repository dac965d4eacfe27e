#!/usr/bin/env python3
"""Measures MIDI out: the jitter of the clock, alone and under a flood, the delay of notes, and the CPU load.

usage: bench.py target/release/busker [--seconds N] [--runs N] [--rows clock,notes,flood,wire,cpu]

busker writes to a FIFO, which this process reads, stamping every byte when it arrives, so the figures include the reader's
own wake-up, too. One table for each: the clock alone (and a naive one in Python beside it), notes alone, a flood of
controllers, a wire of 31250 baud, the cost. Exits with 1 if a limit is missed. The last columns are the use of all cores,
the time stolen by the hypervisor and the load: figures of a busy machine are not those of an idle machine."""

import argparse, os, tempfile
import grid, station, traffic

ROWS = {"clock": grid.rows, "notes": lambda bench: traffic.traffic_rows(bench, flood=False),
        "flood": lambda bench: traffic.traffic_rows(bench, flood=True), "wire": traffic.wire_rows, "cpu": traffic.cpu_rows}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("program")
    args.add_argument("--seconds", type=float, default=60, help="length of a clock row; the others are shorter")
    args.add_argument("--runs", type=int, default=1, help="how often each clock row is measured")
    args.add_argument("--rows", default="clock,flood,wire,cpu", help="which tables: " + ", ".join(ROWS))
    bench = args.parse_args()
    wanted = bench.rows.split(",")
    if unknown := set(wanted) - set(ROWS):
        args.error(f"no such rows: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    station.needs()
    print(f"the reader runs under {station.read_at_fifo()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    bench.program, bench.over = os.path.abspath(bench.program), False
    with tempfile.TemporaryDirectory() as home:
        bench.home, bench.fifo = home, home + "/midi"
        os.mkfifo(bench.fifo)
        bench.env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home + "/config",
                     "XDG_STATE_HOME": home}
        traffic.profile(home + "/config/busker/profiles")
        for rows in wanted:
            ROWS[rows](bench)
    raise SystemExit(1 if bench.over else 0)


main()
