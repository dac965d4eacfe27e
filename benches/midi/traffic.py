"""Rows on a port that carries notes and controllers beside the clock."""

import os
from grid import BPM, CLOCK, grid
from station import Busy, cpu_ns, listen, rss_mb

# Controllers without a special meaning: no bank, data entry, low halves, pedals, parameter numbers or modes.
CONTROLLERS = [n for n in range(1, 96) if n not in (6, 38) and not 32 <= n <= 69][:50]
CONTROLLERS_A_SECOND = 10_000
BYTE_NS = 320_000
# The length of the flood in seconds: a script has a maximum number of commands.
FLOOD_S = 2.4
# The script begins when everything runs; meanwhile the frame clock settles.
LEAD_S = 3
NOTE_EVERY_S = 0.1


def profile(folder):
    """A profile of fifty knobs."""
    os.makedirs(folder, exist_ok=True)
    knobs = "\n".join(f"  - {{ name: k{n}, label: K{n}, section: Knobs, cc: {cc}, default: 0 }}"
                      for n, cc in enumerate(CONTROLLERS))
    with open(folder + "/fifty_knobs.yaml", "w") as file:
        file.write(f"id: fifty_knobs\nname: Fifty knobs\nsource: a test\nchannel: 1\nsections: [Knobs]\nparameters:\n{knobs}\n")


def last_value(knob):
    return 127 - knob


def script(path, seconds, controllers_a_second):
    """Writes a script of notes, and of controllers in a bunch each hundredth of a second; returns the times of the notes."""
    bunch, notes, written = controllers_a_second // 100, [], set()
    with open(path, "w") as file:
        file.write(f"bpm: {BPM}\nsteps:\n")
        for i in range(int(seconds * 100)):
            at = LEAD_S + i / 100
            if i % int(NOTE_EVERY_S * 100) == 0:
                notes.append(at)
                file.write(f"  - {{ at: {at:.3f}, do: note.play {40 + len(notes) % 40} 100 50 }}\n")
            if bunch:
                # Eleven bunches repeatedly: a script has a maximum length, and values must differ.
                name = i % 11
                lines = [f"param.set k{n % 50} {(n // 50 + name * 11) % 128 / 127:.3g}" for n in range(bunch)]
                text = f"*b{name}" if name in written else f"&b{name} [{', '.join(lines)}]"
                written.add(name)
                file.write(f"  - {{ at: {at:.3f}, do: {text} }}\n")
        end = LEAD_S + seconds + 0.05
        if bunch:
            last = ", ".join(f"param.set k{n} {last_value(n) / 127:.3g}" for n in range(50))
            file.write(f"  - {{ at: {end:.3f}, do: [{last}] }}\n")
        # Time for the queued messages.
        file.write(f"  - {{ at: {end + 2:.3f}, do: note.play 20 1 10 }}\n")
    return notes


def messages(got):
    """Channel messages with the times of their first bytes, and the pulses' times."""
    found, pulses, status, data, begun = [], [], None, [], 0
    for at, byte in got:
        if byte >= 0xF8:
            pulses += [at] * (byte == CLOCK)
        elif byte >= 0x80:
            status, data, begun = byte, [], at
        elif status is not None:
            data.append(byte)
            if len(data) == 2 and status < 0xC0:
                found.append((begun, status, *data))
                data, begun = [], at
    return found, pulses


def deviations(pulses, begin_s=2):
    """The deviation of each pulse from `begin_s` on from the best grid, in µs, sorted; and the grid."""
    points = [(i, at - pulses[0]) for i, at in enumerate(pulses) if at - pulses[0] > begin_s * 1e9]
    step, first = grid(points)
    return sorted(abs(at - first - i * step) / 1000 for i, at in points), (step, first + pulses[0])


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def note_latencies(found, notes):
    """The delay of each note compared with the fastest, in ms."""
    ons = [at for at, status, note, velocity in found if status & 0xF0 == 0x90 and velocity > 1]
    if len(ons) != len(notes):
        return None
    late = [at / 1e6 - due * 1000 for at, due in zip(ons, notes)]
    return [ms - min(late) for ms in late]


def play(bench, name, seconds, controllers_a_second, ports):
    """Runs a script; returns the received bytes, and its memory after the first seconds and at the end."""
    path = f"{bench.home}/{name}.yaml"
    notes = script(path, seconds, controllers_a_second)
    memory = []
    command = [bench.program, "run", path, "--device", "sim", "--profile", "fifty_knobs"] + ports
    busy = Busy()
    got, _ = listen(command, True, bench.env, bench.fifo, seconds + 30,
                    lambda pid, since: memory.append((since, rss_mb(pid))))
    found, pulses = messages(got)
    return notes, got, found, pulses, memory, busy.text()


def row(bench, name, value, limit, fits, busy=""):
    bench.over |= not fits
    print(f"{name:48} {value:>12}   {limit:24} {busy}{'' if fits else '  OVER'}", flush=True)


def head(title):
    print(f"\n{title}\n{'':48} {'':>12}   {'limit':24} busy stolen  load")


def traffic_rows(bench, flood):
    seconds = min(bench.seconds, 10)
    port = ["--port", "raw:" + bench.fifo]
    notes, _, found, pulses, _, busy = play(bench, "quiet", seconds, 0, port)
    quiet_p99 = quantile(deviations(pulses)[0], 0.99)
    head(f"notes alone, {seconds:g} s, SCHED_FIFO")
    late = note_latencies(found, notes)
    row(bench, "notes that came", f"{len(found) // 2 - 1}", f"{len(notes)}", late is not None, busy)
    if late:
        row(bench, "script to wire over the quickest, p50", f"{quantile(late, 0.5):.3f} ms", "", True)
        row(bench, "script to wire over the quickest, p99", f"{quantile(late, 0.99):.3f} ms", "under 0.5 ms",
            quantile(late, 0.99) < 0.5)
    row(bench, "clock p99", f"{quiet_p99:.1f} µs", "", True)
    if not flood:
        return
    runs = max(1, round(seconds / FLOOD_S))
    late, off, right, sent, grown, busy = [], [], [], 0, [], Busy()
    for _ in range(runs):
        notes, got, found, pulses, memory, _ = play(bench, "flood", FLOOD_S, CONTROLLERS_A_SECOND, port)
        late.append(note_latencies(found, notes))
        off += deviations(pulses, begin_s=LEAD_S)[0]
        values = {cc: value for _, status, cc, value in found if status & 0xF0 == 0xB0}
        right.append(sum(values.get(cc) == last_value(n) for n, cc in enumerate(CONTROLLERS)))
        sent += sum(status & 0xF0 == 0xB0 for _, status, *_ in found)
        grown.append(memory[-1][1] - max((mb for since, mb in memory if since < LEAD_S), default=0))
    head(f"flood of {CONTROLLERS_A_SECOND} controllers a second on 50 knobs, {runs} times {FLOOD_S} s, SCHED_FIFO")
    row(bench, "notes that came", "all" if all(late) else "not all", "all", all(late), busy.text())
    if all(late):
        late = [ms for run in late for ms in run]
        row(bench, "script to wire over the quickest, p99", f"{quantile(late, 0.99):.3f} ms", "under 2 ms",
            quantile(late, 0.99) < 2)
    p99 = quantile(off, 0.99)
    row(bench, "clock p99", f"{p99:.1f} µs", f"under {2 * quiet_p99:.1f} µs, twice quiet", p99 < 2 * quiet_p99)
    row(bench, "knobs whose last value came, worst", f"{min(right)}", "50", min(right) == 50)
    row(bench, "controllers that went out", f"{sent / runs / FLOOD_S:.0f} /s", "", True)
    row(bench, "memory grown since before the flood, worst", f"{max(grown):.2f} MB", "at most 2 MB", max(grown) <= 2)


def wire_rows(bench):
    """Bytes leave one after the other, 320 µs each, as on a DIN cable."""
    with open(f"{bench.env['XDG_CONFIG_HOME']}/busker/config.yaml", "w") as file:
        file.write(f'midi: {{ ports: [ {{ port: "raw:{bench.fifo}", wire: din }} ] }}\n')
    seconds = min(bench.seconds, FLOOD_S)
    try:
        _, got, _, pulses, _, busy = play(bench, "wire", seconds, CONTROLLERS_A_SECOND, [])
    finally:
        os.remove(f"{bench.env['XDG_CONFIG_HOME']}/busker/config.yaml")
    off, (step, first) = deviations(pulses)
    behind, pulse, free = [], 0, 0
    for at, byte in got:
        start = max(at, free)
        free = start + BYTE_NS
        if byte == CLOCK:
            behind.append((start - first - pulse * step) / 1000)
            pulse += 1
    head(f"a wire of 31250 baud, saturated by controllers, {seconds:g} s, SCHED_FIFO")
    jitter = off[-1]
    row(bench, "clock and reader's wake-up, max", f"{jitter:.1f} µs", "", True, busy)
    row(bench, "pulse on the wire after the grid, p99", f"{quantile(behind, 0.99):.1f} µs", "", True)
    row(bench, "pulse on the wire after the grid, max", f"{max(behind):.1f} µs", f"960 µs + {jitter:.1f} µs",
        max(behind) <= 960 + jitter)


def cpu_rows(bench):
    seconds = min(bench.seconds, 20)
    seen = []
    command = [bench.program, "clock", "--bpm", str(BPM), "--port", "raw:" + bench.fifo, "--seconds", str(seconds + 4)]
    busy = Busy()
    listen(command, True, bench.env, bench.fifo, seconds, lambda pid, since: seen.append((since, cpu_ns(pid))))
    (begin, was), (end, spent) = next(look for look in seen if look[0] >= 2), [s for s in seen if s[0] <= seconds + 2.5][-1]
    percent = {name: (spent[name] - was.get(name, 0)) / (end - begin) / 1e7 for name in spent if name.startswith("midi")}
    head(f"cost at {BPM} BPM, {end - begin:.0f} s, SCHED_FIFO")
    for name, value in percent.items():
        row(bench, name, f"{value:.3f} %", "", True)
    both = sum(percent.values())
    row(bench, "clock and idle scheduler", f"{both:.3f} %", "under 0.3 % of a core", both < 0.3, busy.text())
