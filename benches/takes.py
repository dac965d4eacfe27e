#!/usr/bin/env python3
"""Measures recording: 32 channels at 48 kHz and 24 bits, beside jack_capture on the same JACK server.

usage: takes.py target/release/busker [SECONDS]

jackd runs the dummy driver under a name of its own, with 32 inputs. Both
record them, one after the other, for 20 s or as many as are given, while another process writes to the same disk. Then
the header of 1 GiB of audio is repaired, in a file that is all holes and in one that was written. Prints each figure with
its limit and ends with 1 where one is over. It ends its processes and deletes its folder at the end."""

import os, signal, struct, subprocess, sys, tempfile, threading, time

from clients import private_mb

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) in (2, 3) else sys.exit(__doc__)
SECONDS = float(sys.argv[2]) if len(sys.argv) == 3 else 20.0
CHANNELS, RATE_HZ, SAMPLE_BYTES = 32, 48_000, 3
PERIOD = 1024
TICKS = os.sysconf("SC_CLK_TCK")
SERVER = f"busker-takes-{os.getpid()}"
# The offset of busker's audio in a file.
AUDIO_AT = 4096


def environment(home):
    return os.environ | {
        "HOME": home, "XDG_CONFIG_HOME": home + "/config", "XDG_STATE_HOME": home + "/state",
        "JACK_DEFAULT_SERVER": SERVER, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1",
    }


class Child:
    """A process that is ended with the block."""

    def __init__(self, home, *command):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment(home), cwd=home, **quiet)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def private_mb(self):
        return private_mb(self.process.pid) * 2**20 / 1e6


class DiskLoad:
    """Writes 64 MB repeatedly, each time synced to the disk, until the block ends."""

    def __init__(self, home):
        self.path, self.over, self.written = home + "/load", threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        command = ["dd", "if=/dev/zero", f"of={self.path}", "bs=1M", "count=64", "conv=fdatasync", "status=none"]
        while not self.over.is_set():
            subprocess.run(command, check=True)
            self.written += 64

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        os.unlink(self.path)


def wait_for(what, done, seconds=20):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} never came")
        time.sleep(0.02)


def frames_of(path):
    """The frames of a file, by sox."""
    return int(subprocess.run(["soxi", "-s", path], check=True, capture_output=True, text=True).stdout)


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def recorded(home, path, *command):
    """Runs a recorder for so many seconds: its CPU seconds in them and in all, its private MB, and its frames."""
    with Child(home, *command) as recorder:
        wait_for("the recording", lambda: size(path) > 100_000)
        begun, started = time.monotonic(), recorder.cpu_seconds()
        time.sleep(SECONDS)
        took, cpu, memory = time.monotonic() - begun, recorder.cpu_seconds(), recorder.private_mb()
        recorder.end(signal.SIGINT)
    return (cpu - started) * SECONDS / took, cpu, memory, frames_of(path)


def by_busker(home):
    path = home + "/busker.wav"
    figures = recorded(home, path, PROGRAM, "record", "--device", "jack", "--input", f"1-{CHANNELS}", "--out", path)
    with open(path, "rb") as take:
        take.seek(AUDIO_AT + figures[-1] * CHANNELS * SAMPLE_BYTES)
        # The labels after the audio name the events.
        labels = take.read()
    os.unlink(path)
    return figures, labels.count(b"xrun\0"), labels.count(b"gap ")


def by_jack_capture(home):
    path = home + "/jack_capture.wav"
    command = ["jack_capture", "-c", str(CHANNELS), "-p", "system:capture_*", "-b", "24", "--daemon", path]
    figures = recorded(home, path, *command)
    os.unlink(path)
    return figures


def capture_mb():
    """The size of the capture buffer of the inputs and the master, in MB: as the default settings allow, but never less than
    six seconds."""
    frame_bytes = (CHANNELS + 2) * 4
    return max(6 * RATE_HZ * frame_bytes, min(66 * RATE_HZ * frame_bytes, 64e6)) / 1e6


def interrupted(home, is_written):
    """A take of 1 GiB whose header has the size of a second."""
    path = home + "/long.wav"
    form = struct.pack("<HHIIHH", 1, 2, RATE_HZ, RATE_HZ * 6, 6, 24)
    header = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", RATE_HZ * 6)
    with open(path, "wb") as take:
        take.write(b"RIFF" + struct.pack("<I", len(header) + RATE_HZ * 6) + header)
        if is_written:
            for _ in range(1024):
                take.write(os.urandom(1 << 20))
            os.fsync(take.fileno())
        else:
            take.truncate(len(header) + 8 + (1 << 30))
    return path


def repair_seconds(home, is_written):
    path = interrupted(home, is_written)
    begun = time.monotonic()
    said = subprocess.run([PROGRAM, "takes", "repair", path], env=environment(home), capture_output=True, text=True)
    took = time.monotonic() - begun
    assert "repaired, 3728.270 s" in said.stdout, said
    assert frames_of(path) == (1 << 30) // 6
    os.unlink(path)
    return took


def pair(home):
    """Both recorders, one after the other."""
    server = ["jackd", "-n", SERVER, "-r", "-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD), "-C", str(CHANNELS)]
    with Child(home, *server), DiskLoad(home) as load:
        ready = ["jack_wait", "-s", SERVER, "-w", "-t", "10"]
        subprocess.run(ready, env=environment(home), check=True, capture_output=True)
        begun = time.monotonic()
        busker, jack_capture = by_busker(home), by_jack_capture(home)
        rate = load.written / (time.monotonic() - begun)
    return busker, jack_capture, rate


def main():
    with tempfile.TemporaryDirectory(prefix="busker-takes-") as home:
        (busker, xruns, gaps), theirs, disk_mb_per_second = pair(home)
        repairs = [repair_seconds(home, is_written) for is_written in (False, True)]
    frames = SECONDS * RATE_HZ
    over = False
    for name, value, limit, fits in [
        ("CPU of busker", busker[1], f"s, at most jack_capture's {theirs[1]:.2f}", lambda x: x <= theirs[1]),
        ("  while it recorded", busker[0], f"s; jack_capture {theirs[0]:.2f}", lambda x: True),
        ("private memory of busker", busker[2], f"MB; jack_capture {theirs[2]:.2f}", lambda x: True),
        ("  its capture buffer", capture_mb(), "MB", lambda x: True),
        ("  without that", busker[2] - capture_mb(), "under 40 MB", lambda x: x < 40),
        # An interrupted server delivers less than the elapsed time.
        ("recorded by busker", busker[3], f"frames, at least {frames:.0f}", lambda x: x >= frames or xruns > 0),
        ("recorded by jack_capture", theirs[3], "frames", lambda x: True),
        ("gaps", gaps, "none", lambda x: x == 0),
        ("interruptions of the server", xruns, "in busker's take", lambda x: True),
        ("written beside", disk_mb_per_second, "MB a second, to the disk", lambda x: True),
        ("repair of 1 GiB of holes", repairs[0], "under 1 s", lambda x: x < 1),
        ("repair of 1 GiB of audio", repairs[1], "under 1 s", lambda x: x < 1),
    ]:
        over |= not fits(value)
        print(f"{name:28} {value:12.2f}   {limit}{'' if fits(value) else '   OVER'}")
    sys.exit(1 if over else 0)


main()
