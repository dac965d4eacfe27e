#!/usr/bin/env python3
"""Measures the MIDI clock: how far its pulses are from an even grid, and how far it drifts.

usage: midi_clock.py target/release/busker [--seconds N] [--runs N]

`busker clock` writes to a FIFO, which this process reads, stamping every byte when it arrives, so the figures hold the
reader's own wake-up too. A row each: under SCHED_OTHER, under SCHED_FIFO, under SCHED_FIFO with two busy loops beside
it, and, for comparison, a clock in Python that sleeps a pulse's length again and again. Rows of 60 seconds unless told
otherwise. Ends with 1 where a limit is missed. The deviation, of every pulse, is from the even grid that fits the pulses
best; the drift is that grid's tempo against the tempo asked for. The worst tenth of the pulses has no say in the grid,
for a machine that stood still for some milliseconds did not change its tempo. The last columns say how busy all cores
were and what the hypervisor took: no figure of a busy machine is one of an idle machine."""

import argparse, os, resource, select, shutil, statistics, subprocess, sys, tempfile, time

BPM = 120
PULSE_NS = 60e9 / BPM / 24
CLOCK, START, STOP = 0xF8, 0xFA, 0xFC
# The frame clock's loop settles in this time; a musician's count-in is longer.
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
# What a row is held to: p50, p99 in µs; drift in µs/s.
IDLE, FIFO = (60, 300, 5), (30, 100, 5)


def read_at_fifo():
    """Asks for SCHED_FIFO for this process, above the clock; says what it got."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(70))
        return "SCHED_FIFO 70"
    except PermissionError:
        return "SCHED_OTHER"


def without_realtime(command):
    """The command such that SCHED_FIFO is refused to it, as on a machine that was not set up."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"] + command


def child(command, realtime, env):
    """Starts the command, which may ask for real-time priority or will be refused it."""
    def prepare():
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if not realtime:
            resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    command = command if realtime else without_realtime(command)
    return subprocess.Popen(command, env=env, preexec_fn=prepare, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def policies(pid):
    """The scheduling policies of a process's threads, by their names."""
    names = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            fifo = os.sched_getscheduler(int(task)) == os.SCHED_FIFO
            names[open(f"/proc/{pid}/task/{task}/comm").read().strip()] = "SCHED_FIFO" if fifo else "SCHED_OTHER"
        except (ProcessLookupError, FileNotFoundError):
            pass
    return names


def listen(command, realtime, env, fifo, seconds):
    """Runs a clock and returns its bytes with their times in ns, and how its clock thread was scheduled."""
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    process = child(command, realtime, env)
    ready = select.poll()
    ready.register(reader, select.POLLIN)
    got, begun, policy = [], time.monotonic(), None
    while process.poll() is None:
        if time.monotonic() - begun > seconds + 20:
            process.kill()
        if not any(event & select.POLLIN for _, event in ready.poll(100)):
            # Between two writers poll reports a hang-up at once, all the time.
            time.sleep(0.001)
            continue
        data = os.read(reader, 4096)
        now = time.monotonic_ns()
        got.extend((now, byte) for byte in data)
        if policy is None and len(got) > 24:
            policy = policies(process.pid).get("midi-clock", "SCHED_OTHER")
    try:
        now = time.monotonic_ns()
        got.extend((now, byte) for byte in os.read(reader, 4096))
    except BlockingIOError:
        pass
    os.close(reader)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}: {process.stderr.read().decode()}")
    return got, policy


def cores():
    """Time of all cores so far, in ticks: all of it, idle, stolen."""
    ticks = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4], ticks[7]


def fit(points):
    """The even grid that fits numbered instants best, by least squares: its step and its origin in ns."""
    middle, mean = (statistics.fmean(values) for values in zip(*points))
    step = sum((i - middle) * (t - mean) for i, t in points) / sum((i - middle) ** 2 for i, _ in points)
    return step, mean - step * middle


def grid(points):
    """The grid of nine in ten."""
    step, first = fit(points)
    nearest = sorted(points, key=lambda point: abs(point[1] - first - point[0] * step))
    return fit(nearest[:len(nearest) * 9 // 10])


def measure(got):
    """What the bytes say: |deviation| at p50, p99 and its maximum in µs, drift in µs/s, pulses missing, start and stop."""
    origin = got[0][0]
    pulses = [at - origin for at, byte in got if byte == CLOCK]
    bytes_ = [byte for _, byte in got]
    # Counted from end to end, for a late pulse is not a missing one.
    missing = round((pulses[-1] - pulses[0]) / PULSE_NS) + 1 - len(pulses)
    settled = [at for at in pulses if at >= SETTLE_S * 1e9] if pulses[-1] > 2 * SETTLE_S * 1e9 else pulses
    step, first = grid(list(enumerate(settled)))
    off = sorted(abs(at - first - i * step) / 1000 for i, at in enumerate(settled))
    started = START in bytes_ and bytes_.index(START) < bytes_.index(CLOCK) + 24
    return {"p50": off[len(off) // 2], "p99": off[len(off) * 99 // 100], "max": off[-1],
            "drift": (step / PULSE_NS - 1) * 1e6, "pulses": len(pulses), "missing": missing,
            "start": started, "stop": bytes_[-1] == STOP}


def busy():
    return subprocess.Popen([sys.executable, "-c", "while True: pass"],
                            preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)))


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("program")
    args.add_argument("--seconds", type=float, default=60, help="length of a row")
    args.add_argument("--runs", type=int, default=1, help="how often each row is measured")
    args = args.parse_args()
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        sys.exit("setpriv is needed to measure without real-time priority as root: apt-get install util-linux")
    print(f"the reader runs under {read_at_fifo()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print(f"{args.seconds:g} s a row at {BPM} BPM; deviation in µs, drift in µs/s")
    print(f"{'clock':34} {'p50':>7} {'p99':>7} {'max':>8} {'drift':>8} {'pulses':>7} {'missing':>7}  start stop  busy stolen")
    over = False
    with tempfile.TemporaryDirectory() as home:
        fifo = home + "/midi"
        os.mkfifo(fifo)
        env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        clock = [os.path.abspath(args.program), "clock", "--bpm", str(BPM), "--port", "raw:" + fifo,
                 "--seconds", str(args.seconds)]
        naive = [sys.executable, "-c", NAIVE, fifo, str(args.seconds)]
        rows = [("idle, SCHED_OTHER", clock, False, 0, IDLE), ("idle, SCHED_FIFO", clock, True, 0, FIFO),
                ("two busy loops, SCHED_FIFO", clock, True, 2, FIFO), ("naive Python clock, idle", naive, False, 0, None)]
        for name, command, realtime, loops, limits in rows:
            for _ in range(args.runs):
                before = cores()
                beside = [busy() for _ in range(loops)]
                try:
                    got, policy = listen(command, realtime, env, fifo, args.seconds)
                finally:
                    for process in beside:
                        process.kill()
                        process.wait()
                total, idle, stolen = (after - was for after, was in zip(cores(), before))
                m = measure(got)
                missed = []
                if limits:
                    values = m["p50"], m["p99"], abs(m["drift"])
                    missed = [what for what, value, limit in zip(("p50", "p99", "drift"), values, limits)
                              if value >= limit]
                    missed += ["pulses"] * (m["missing"] != 0) + ["start"] * (not m["start"])
                    missed += ["stop"] * (not m["stop"])
                    if policy != name.split(", ")[1]:
                        missed.append(f"ran under {policy}")
                over |= bool(missed)
                print(f"{name:34} {m['p50']:7.1f} {m['p99']:7.1f} {m['max']:8.1f} {m['drift']:8.2f} {m['pulses']:7} "
                      f"{m['missing']:7}  {'yes' if m['start'] else 'no':5} {'yes' if m['stop'] else 'no':4} "
                      f"{100 - 100 * idle / total:4.0f}% {100 * stolen / total:5.1f}%"
                      + (f" OVER ({', '.join(missed)})" if missed else ""), flush=True)
    print("limits: p50 60, p99 300 under SCHED_OTHER; p50 30, p99 100 under SCHED_FIFO; drift 5")
    sys.exit(1 if over else 0)


main()
