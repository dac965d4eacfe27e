#!/usr/bin/env python3
"""Measures an export: 32 stereo tracks of 24 bits and 60 s become one file, beside a plain C loop, ecasound, sox, ffmpeg
and cat, one after the other in each round.

usage: mix.py target/release/busker [ROUNDS]

Prints medians and ratios, and exits with 1 if busker takes more than 1.5 times the C loop's time, or a quarter of
ecasound's, or if its mix is not the sum of the tracks to the bit. The tools must be there; those that are missing are
named, and left out. Everything is read from memory: each file was read before."""

import os, shutil, statistics, struct, subprocess, sys, tempfile, time

from clients import Socket, Station

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) in (2, 3) else sys.exit(__doc__)
ROUNDS = int(sys.argv[2]) if len(sys.argv) == 3 else 7
HERE = os.path.dirname(os.path.abspath(__file__))
TRACKS, SECONDS, RATE_HZ, FRAME_BYTES = 32, 60, 48_000, 6
FRAMES = SECONDS * RATE_HZ
# The sign of a sample of 16 bits, by its upper byte.
SIGNS = bytes(0xFF if upper >= 0x80 else 0 for upper in range(256))


def noise(frames):
    """Frames of 24 bits at about -48 dBFS: the sum of all tracks is far below full scale."""
    random = os.urandom(frames * 4)
    audio = bytearray(frames * FRAME_BYTES)
    audio[0::3], audio[1::3], audio[2::3] = random[0::2], random[1::2], random[1::2].translate(SIGNS)
    return bytes(audio)


def write_wav(path, audio):
    form = struct.pack("<HHIIHH", 1, 2, RATE_HZ, RATE_HZ * FRAME_BYTES, FRAME_BYTES, 24)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(audio))
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(head) + len(audio)) + head + audio)


def audio_of(path):
    """The audio of a WAV file."""
    data = open(path, "rb").read()
    at = 12
    while data[at : at + 4] != b"data":
        at += 8 + struct.unpack("<I", data[at + 4 : at + 8])[0]
    return data[at + 8 : at + 8 + FRAMES * FRAME_BYTES]


def session(folder, tracks):
    """A session with a clip on each track."""
    os.makedirs(folder)
    lines = ["bpm: 120", "tracks:"]
    for n, path in enumerate(tracks, 1):
        lines += [f"  - id: {n}", f"    name: track {n}", "    clips:",
                  f"      - {{ file: {path}, from: 0, at_pulse: 0, frames: {FRAMES} }}"]
    with open(folder + "/session.yaml", "w") as file:
        file.write("\n".join(lines) + "\n")


def timed(command):
    begun = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


class Busker:
    """A station that has the session open."""

    def __init__(self, home, tracks):
        session(home + "/jam", tracks)
        self.station = Station(PROGRAM, home + "/station")
        self.door = Socket(self.station)
        self.ask("session.open " + home + "/jam")
        # The station draws breath.
        time.sleep(1)

    def ask(self, command):
        answer = self.door.ask(command)
        if not answer.get("done"):
            sys.exit(f"{command}: {answer}")
        return answer

    def export(self):
        """The seconds of an export, and its file."""
        begun = time.monotonic()
        answer = self.ask("export.mix")
        took = time.monotonic() - begun
        text = answer.get("text") or str(answer)
        return took, text[text.index(" to /") + 4 : text.index(".wav") + 4]


def main():
    with tempfile.TemporaryDirectory(prefix="busker-mix-") as home:
        tracks = [f"{home}/in{n}.wav" for n in range(TRACKS)]
        for path in tracks:
            write_wav(path, noise(FRAMES))
        loop = home + "/mix-loop"
        subprocess.run(["cc", "-O2", "-o", loop, HERE + "/mix.c"], check=True)
        names = ",".join(str(n) for n in range(TRACKS))
        inputs = [word for path in tracks for word in ("-i", path)]
        rows = {
            "C loop": [loop, home + "/loop.wav", *tracks],
            "ecasound": ["ecasound", "-q", "-x", "-b:1024", "-z:nodb", "-z:mixmode,sum",
                         *(word for n, path in enumerate(tracks) for word in (f"-a:{n}", "-i", path)),
                         f"-a:{names}", "-f:s24_le,2,48000", "-o", home + "/ecasound.wav"],
            "sox -m": ["sox", "-m", *(word for path in tracks for word in ("-v", "1", path)), "-b", "24", home + "/sox.wav"],
            "ffmpeg amix": ["ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", f"amix=inputs={TRACKS}:normalize=0",
                            "-c:a", "pcm_s24le", home + "/ffmpeg.wav"],
            "cat": ["sh", "-c", 'out=$1; shift; exec cat "$@" > "$out"', "sh", "/dev/null", *tracks],
        }
        for name in [name for name, command in rows.items() if not shutil.which(command[0])]:
            print(f"{name} is not here: left out")
            del rows[name]
        busker = Busker(home, tracks)
        times = {"busker": []} | {name: [] for name in rows}
        for _ in range(ROUNDS):
            took, path = busker.export()
            times["busker"].append(took)
            for name, command in rows.items():
                times[name].append(timed(command))
            is_sum = audio_of(path) == audio_of(home + "/loop.wav")
            os.unlink(path)
            if not is_sum:
                break
        busker.station.close()
    medians = {name: statistics.median(of) for name, of in times.items()}
    over = not is_sum
    print(f"the mix is the sum to the bit: {'yes' if is_sum else 'NO'}")
    limits = {"C loop": ("at most 1.5", lambda ratio: ratio <= 1.5), "ecasound": ("at most 0.25", lambda ratio: ratio <= 0.25)}
    print(f"{'busker':14} {medians['busker']:8.3f} s   {TRACKS * SECONDS / medians['busker']:.0f} s of tracks a second")
    for name in rows:
        ratio = medians["busker"] / medians[name]
        text, fits = limits.get(name, ("", lambda ratio: True))
        over |= not fits(ratio)
        print(f"{name:14} {medians[name]:8.3f} s   busker takes {ratio:.2f} times that   {text}{'' if fits(ratio) else '   OVER'}")
    sys.exit(1 if over else 0)


main()
