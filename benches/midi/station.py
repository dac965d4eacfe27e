"""Runs busker with its port on a FIFO, and stamps every byte when it arrives."""

import contextlib, os, resource, select, shutil, subprocess, sys, time


def read_at_fifo():
    """Requests SCHED_FIFO for this process, above the clock; returns the policy that was granted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(70))
        return "SCHED_FIFO 70"
    except PermissionError:
        return "SCHED_OTHER"


def without_realtime(command):
    """The command, run without permission for SCHED_FIFO, as on a machine that was not set up."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"] + command


def child(command, realtime, env):
    """Starts the command, with permission for real-time priority or without."""
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


def cpu_ns(pid):
    """CPU time of a process's threads so far, by their names."""
    spent = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            name = open(f"/proc/{pid}/task/{task}/comm").read().strip()
            spent[name] = spent.get(name, 0) + int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
        except (ProcessLookupError, FileNotFoundError):
            pass
    return spent


def rss_mb(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.contextmanager
def at_rest():
    """Without real-time priority: a reader that never sleeps would otherwise stop the machine."""
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, param)


def arrived(reader, ready, awake):
    """The received bytes, or none after a while. A reader that sleeps adds its own wake-up to every figure; one that stays
    awake uses a core."""
    if not awake:
        return os.read(reader, 4096) if any(event & select.POLLIN for _, event in ready.poll(100)) else b""
    for _ in range(10_000):
        try:
            if data := os.read(reader, 4096):
                return data
        except BlockingIOError:
            pass
    return b""


def listen(command, realtime, env, fifo, seconds, look=lambda pid, since: None, awake=False):
    """Runs busker and returns its bytes with their times in ns, and the scheduling policy of its clock thread.

    `look` is called some times a second with the process and the seconds since its first byte. `awake`: see `arrived`."""
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    process = child(command, realtime, env)
    ready = select.poll()
    ready.register(reader, select.POLLIN)
    got, begun, policy, looked = [], time.monotonic(), None, 0
    while process.poll() is None:
        if time.monotonic() - begun > seconds + 60:
            process.kill()
        data = arrived(reader, ready, awake)
        now = time.monotonic_ns()
        if not data:
            # Without a writer, poll reports a hang-up at once, all the time.
            time.sleep(0 if awake else 0.001)
            continue
        got.extend((now, byte) for byte in data)
        if policy is None and len(got) > 24:
            policy = policies(process.pid).get("midi-clock", "SCHED_OTHER")
        if now - looked > 200e6 and got:
            looked = now
            try:
                look(process.pid, (now - got[0][0]) / 1e9)
            except (ProcessLookupError, FileNotFoundError, IndexError):
                pass
    try:
        now = time.monotonic_ns()
        got.extend((now, byte) for byte in os.read(reader, 4096))
    except BlockingIOError:
        pass
    os.close(reader)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {process.stderr.read().decode()}")
    return got, policy


def cores():
    """Time of all cores so far, in ticks: all of it, idle, stolen."""
    ticks = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4], ticks[7]


class Busy:
    """The load of the machine meanwhile: load, all cores, time stolen by the hypervisor."""

    def __init__(self):
        self.before = cores()

    def text(self):
        total, idle, stolen = (after - was for after, was in zip(cores(), self.before))
        return f"{100 - 100 * idle / total:4.0f}% {100 * stolen / total:5.1f}% {os.getloadavg()[0]:5.1f}"


def busy_loop():
    return subprocess.Popen([sys.executable, "-c", "while True: pass"],
                            preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)))


def needs():
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        sys.exit("setpriv is needed to measure without real-time priority as root: apt-get install util-linux")
