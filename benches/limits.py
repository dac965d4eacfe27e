#!/usr/bin/env python3
"""Measures the limits of a running station: first frame, idle load, private memory, speed of virtual time, LFOs.

usage: limits.py target/release/busker

Prints each figure with its limit and ends with 1 where one is over. The station runs in a pseudo-terminal of 80x24 on
the simulated host, with a home of its own."""

import fcntl, os, pty, resource, select, statistics, struct, subprocess, sys, tempfile, termios, threading, time

from clients import private_mb

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
TICKS = os.sysconf("SC_CLK_TCK")
# The size of the capture buffer: 66 s of two inputs and the master at 48 kHz, four bytes a sample.
CAPTURE_MB = 66 * 48_000 * 4 * 4 / 2**20


class Station:
    """The program in a pseudo-terminal."""

    def __init__(self, home):
        env = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8",
               "XDG_CONFIG_HOME": home + "/config", "XDG_STATE_HOME": home + "/state", "BUSKER_SOCKET": home + "/socket"}
        self.begun = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, "--demo"], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds, until=None):
        """Reads its output, for so many seconds or until a text; returns the bytes and the time of the text."""
        got, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                got += os.read(self.fd, 65536)
                if until and until in got:
                    break
        return got, time.monotonic()

    def processes(self):
        """The process ids of the launcher and of the station."""
        children = open(f"/proc/{self.pid}/task/{self.pid}/children").read().split()
        return [self.pid, *map(int, children)]

    def cpu_seconds(self):
        def of(pid):
            fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICKS

        return sum(map(of, self.processes()))

    def private_mb(self):
        return sum(map(private_mb, self.processes()))

    def close(self):
        os.write(self.fd, b"\x11")
        try:
            self.read(5, until=b"nothing says this")
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def first_frames(home, runs=10):
    times = []
    for _ in range(runs):
        station = Station(home)
        got, at = station.read(5, until=b"PIANO")
        assert b"PIANO" in got, got
        times.append((at - station.begun) * 1000)
        station.close()
    return times


def idle(home, seconds=20):
    station = Station(home)
    station.read(3)
    before, begun = station.cpu_seconds(), time.monotonic()
    drawn, _ = station.read(seconds)
    load = (station.cpu_seconds() - before) / (time.monotonic() - begun) * 100
    memory = station.private_mb()
    station.close()
    return load, len(drawn), memory


SCRIPT = """
bpm: 120
steps:
  - { at: 0, do: [record.start jam, transport.play, click.on on] }
  - { at: 0, do: [param.set mod_type ensemble, param.set delay_type stereo, param.set reverb_type hall] }
%s
  - { at: 120, do: record.stop }
"""


def virtual_speed(home, runs=5):
    notes = "\n".join(f"  - {{ at: {i / 4}, do: note.play {40 + i % 30} 100 220 }}" for i in range(480))
    with open(home + "/jam.yaml", "w") as script:
        script.write(SCRIPT % notes)
    speeds = []
    for run in range(runs):
        begun = time.monotonic()
        command = [PROGRAM, "run", home + "/jam.yaml", "--simulate", "--out", f"{home}/out{run}"]
        subprocess.run(command, check=True, env=os.environ | {"HOME": home})
        speeds.append(120 / (time.monotonic() - begun))
    return speeds


KNOBS = ["filter_cutoff", "filter_resonance", "osc_shape", "osc_alt", "eg_attack", "eg_release", "mod_time",
         "mod_depth", "delay_time", "delay_depth", "delay_mix", "reverb_time", "reverb_depth", "reverb_mix",
         "tremolo_depth", "tremolo_rate"]


def lfo_load(home, seconds=20):
    """The load of 16 LFOs on a port, in percent of a core: without a screen, on a FIFO, compared with the same without LFOs.

    Slow and fast LFOs; on a port without a limit, each sends up to 100 values a second."""
    fifo = home + "/port"
    os.mkfifo(fifo)
    fd = os.open(fifo, os.O_RDWR)
    got = [0]

    def drain():
        while chunk := os.read(fd, 65536):
            got[0] += len(chunk)

    threading.Thread(target=drain, daemon=True).start()
    loads, sent = [], []
    for knobs in ([], KNOBS):
        rates = ["0.2hz", "1/4", "3hz", "1bar"]
        moves = [f"mod.set {knob} lfo sine {rates[i % 4]} depth 0.5 offset 0.5" for i, knob in enumerate(knobs)]
        with open(home + "/lfos.yaml", "w") as script:
            script.write("steps:\n  - { at: 0, do: [clock.run off] }\n")
            script.writelines(f"  - {{ at: 0, do: {move} }}\n" for move in moves)
            script.write(f"  - {{ at: {seconds}, do: midi.panic }}\n")
        before, begun, heard = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), got[0]
        command = [PROGRAM, "run", home + "/lfos.yaml", "--device", "sim", "--port", f"raw:{fifo}"]
        subprocess.run(command, check=True, env=os.environ | {"HOME": home})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        loads.append(cpu / (time.monotonic() - begun) * 100)
        sent.append((got[0] - heard) / seconds)
    return loads[1] - loads[0], sent[1] - sent[0]


def main():
    with tempfile.TemporaryDirectory() as home:
        frames = first_frames(home)
        load, drawn, memory = idle(home)
        speeds = virtual_speed(home)
        lfos, sent = lfo_load(home)
    over = False
    for name, value, limit, fits in [
        ("first frame, median of 10", statistics.median(frames), "under 150 ms", lambda x: x < 150),
        ("first frame, worst of 10", max(frames), "ms", lambda x: True),
        ("idle station, 20 s", load, "under 1.5 % of a core", lambda x: x < 1.5),
        ("drawn while idle", drawn, "bytes", lambda x: True),
        ("private memory", memory, f"MB, of them {CAPTURE_MB:.1f} the capture buffer", lambda x: True),
        ("without the capture buffer", memory - CAPTURE_MB, "under 30 MB", lambda x: x < 30),
        ("virtual time, median of 5", statistics.median(speeds), "at least 50 times real time", lambda x: x >= 50),
        ("16 LFOs, 20 s", lfos, "under 1 % of a core", lambda x: x < 1),
        ("sent by them", sent, "bytes a second", lambda x: True),
    ]:
        over |= not fits(value)
        print(f"{name:28} {value:10.2f}   {limit}{'' if fits(value) else '   OVER'}")
    sys.exit(1 if over else 0)


main()
