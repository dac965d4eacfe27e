"""Rows on the jitter and the drift of the clock, alone on its port.

The deviation of every pulse is from the even grid that fits the pulses best; the drift is that grid's tempo compared
with the requested tempo. The worst tenth of the pulses is left out of the fit, because a machine that stalled for some
milliseconds did not change its tempo."""

import contextlib, statistics, sys
from station import Busy, at_rest, busy_loop, listen

BPM = 120
PULSE_NS = 60e9 / BPM / 24
CLOCK, START, STOP = 0xF8, 0xFA, 0xFC
# The frame clock's loop settles in this time; a count-in is longer.
SETTLE_S = 5
NAIVE = """
import sys, time
with open(sys.argv[1], "wb", buffering=0) as port:
    port.write(b"\\xfa")
    for _ in range(int(float(sys.argv[2]) / %r)):
        port.write(b"\\xf8")
        time.sleep(%r)
    port.write(b"\\xfc")
""" % (PULSE_NS / 1e9, PULSE_NS / 1e9)
# The limits of a row: p50, p99 in µs; drift in µs/s.
OTHER, FIFO = (60, 300, 5), (30, 100, 5)


def fit(points):
    """The even grid that fits numbered instants best, by least squares: its step and its origin in ns."""
    middle, mean = (statistics.fmean(values) for values in zip(*points))
    step = sum((i - middle) * (t - mean) for i, t in points) / sum((i - middle) ** 2 for i, _ in points)
    return step, mean - step * middle


def grid(points):
    """The grid of the best nine in ten pulses."""
    step, first = fit(points)
    nearest = sorted(points, key=lambda point: abs(point[1] - first - point[0] * step))
    return fit(nearest[:len(nearest) * 9 // 10])


def measure(got):
    """The figures of the bytes: |deviation| at p50, p99 and its maximum in µs, drift in µs/s, pulses missing, start and stop."""
    origin = got[0][0]
    pulses = [at - origin for at, byte in got if byte == CLOCK]
    bytes_ = [byte for _, byte in got]
    # Counted over the whole run, because a late pulse is not a missing one.
    missing = round((pulses[-1] - pulses[0]) / PULSE_NS) + 1 - len(pulses)
    settled = [at for at in pulses if at >= SETTLE_S * 1e9] if pulses[-1] > 2 * SETTLE_S * 1e9 else pulses
    step, first = grid(list(enumerate(settled)))
    off = sorted(abs(at - first - i * step) / 1000 for i, at in enumerate(settled))
    started = START in bytes_ and bytes_.index(START) < bytes_.index(CLOCK) + 24
    return {"p50": off[len(off) // 2], "p99": off[len(off) * 99 // 100], "max": off[-1],
            "drift": (step / PULSE_NS - 1) * 1e6, "pulses": len(pulses), "missing": missing,
            "start": started, "stop": bytes_[-1] == STOP}


def rows(bench):
    """The clock under both policies, beside busy loops, and a clock in Python that sleeps the length of a pulse repeatedly."""
    clock = [bench.program, "clock", "--bpm", str(BPM), "--port", "raw:" + bench.fifo, "--seconds", str(bench.seconds)]
    naive = [sys.executable, "-c", NAIVE, bench.fifo, str(bench.seconds)]
    print(f"\nclock, {bench.seconds:g} s a row at {BPM} BPM; deviation in µs, drift in µs/s")
    print(f"{'':34} {'p50':>7} {'p99':>7} {'max':>8} {'drift':>8} {'pulses':>7} {'missing':>7}  start stop  busy stolen  load")
    for name, command, realtime, loops, awake, limits in [
            ("idle, SCHED_OTHER", clock, False, 0, False, OTHER), ("idle, SCHED_FIFO", clock, True, 0, False, FIFO),
            ("reader awake, SCHED_FIFO", clock, True, 0, True, FIFO),
            ("two busy loops, SCHED_FIFO", clock, True, 2, False, FIFO),
            ("naive Python clock, idle", naive, False, 0, False, None)]:
        for _ in range(bench.runs):
            busy = Busy()
            beside = [busy_loop() for _ in range(loops)]
            try:
                with at_rest() if awake else contextlib.nullcontext():
                    got, policy = listen(command, realtime, bench.env, bench.fifo, bench.seconds, awake=awake)
            finally:
                for process in beside:
                    process.kill()
                    process.wait()
            m = measure(got)
            missed = []
            if limits:
                values = m["p50"], m["p99"], abs(m["drift"])
                missed = [what for what, value, limit in zip(("p50", "p99", "drift"), values, limits) if value >= limit]
                missed += ["pulses"] * (m["missing"] != 0) + ["start"] * (not m["start"]) + ["stop"] * (not m["stop"])
                if policy != name.split(", ")[1]:
                    missed.append(f"ran under {policy}")
            bench.over |= bool(missed)
            print(f"{name:34} {m['p50']:7.1f} {m['p99']:7.1f} {m['max']:8.1f} {m['drift']:8.2f} {m['pulses']:7} "
                  f"{m['missing']:7}  {'yes' if m['start'] else 'no':5} {'yes' if m['stop'] else 'no':4} {busy.text()}"
                  + (f" OVER ({', '.join(missed)})" if missed else ""), flush=True)
    print("limits: p50 60, p99 300 under SCHED_OTHER; p50 30, p99 100 under SCHED_FIFO; drift 5")
