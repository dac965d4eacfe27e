"""A station with the socket, OSC and HTTP open, and clients for them, for the bench scripts. Standard library only."""

import base64, json, os, re, select, socket, struct, subprocess, threading, time

TICKS = os.sysconf("SC_CLK_TCK")


def private_mb(pid):
    """Memory that only this process has written to. Clean pages are left out: those of the program's file count as
    private only while no other process runs the same program (10 MB that come and go with a client)."""
    lines = open(f"/proc/{pid}/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


class Station:
    """`busker serve` on a FIFO, with the socket, OSC and HTTP open."""

    def __init__(self, program, home, settings=""):
        self.home = home
        os.makedirs(home + "/config/busker")
        with open(home + "/config/busker/config.yaml", "w") as file:
            file.write(settings)
        self.fifo, self.socket_path = home + "/port", home + "/socket"
        os.mkfifo(self.fifo)
        self.wire = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK)
        env = os.environ | {"HOME": home, "XDG_CONFIG_HOME": home + "/config", "XDG_STATE_HOME": home + "/state",
                            "XDG_MUSIC_DIR": home + "/music", "BUSKER_SOCKET": self.socket_path}
        port = [] if "ports:" in settings else ["--port", f"raw:{self.fifo}"]
        command = [program, "serve", "--device", "sim", *port, "--osc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
        said = ""
        while "socket at" not in said:
            said += self.process.stderr.readline()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.osc = ("127.0.0.1", int(re.search(r"OSC at 127\.0\.0\.1:(\d+)", said)[1]))
        self.http = ("127.0.0.1", int(re.search(r"HTTP at http://127\.0\.0\.1:(\d+)", said)[1]))

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def private_mb(self):
        return private_mb(self.process.pid)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def bytes(self, seconds):
        """The bytes from the FIFO, within so many seconds."""
        if not select.select([self.wire], [], [], seconds)[0]:
            return b""
        return os.read(self.wire, 4096)

    def drain(self, seconds=0.2):
        """Drops the waiting bytes, for a second at most: a clock never ends."""
        end = time.monotonic() + 1
        while self.bytes(seconds) and time.monotonic() < end:
            pass

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Socket:
    """A client of the socket."""

    def __init__(self, station, role="ask"):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(station.socket_path)
        self.reader = self.stream.makefile("r")
        wire = json.loads(self.reader.readline())["wire"]
        self.send({"type": "hello", "wire": wire, "version": "bench", "role": role})

    def send(self, message):
        self.stream.sendall((json.dumps(message) + "\n").encode())

    def do(self, command):
        self.send({"type": "do", "command": command})

    def ask(self, command):
        self.send({"type": "do", "command": command, "id": 1})
        return json.loads(self.reader.readline())

    def status(self):
        self.send({"type": "status"})
        while (told := json.loads(self.reader.readline()))["type"] != "status":
            pass
        return told["changes"]


class Osc:
    """A sender of datagrams."""

    def __init__(self, station):
        self.stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stream.connect(station.osc)

    @staticmethod
    def packet(command):
        words = command.split()
        pad = lambda text: text.encode() + b"\0" * (4 - len(text) % 4)
        types, values = ",", b""
        for word in words[1:]:
            if word.isdigit():
                types, values = types + "i", values + struct.pack(">i", int(word))
            else:
                types, values = types + "s", values + pad(word)
        return pad("/" + words[0].replace(".", "/")) + pad(types) + values

    def do(self, command):
        self.stream.send(self.packet(command))


class WebSocket:
    """A client of /api/events; enough of RFC 6455 for short messages."""

    # An unrequested pong: a client that is silent for 10 s is disconnected.
    HEARTBEAT = b"\x8a\x80\0\0\0\0"

    def __init__(self, station):
        self.stream = socket.create_connection(station.http)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        host = "%s:%d" % station.http
        self.stream.sendall((f"GET /api/events HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.stream.recv(1)
        assert b" 101 " in head, head

    def do(self, command):
        text = json.dumps({"type": "do", "command": command}).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(text)]) if len(text) < 126 else struct.pack(">BH", 0x80 | 126, len(text))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        self.stream.sendall(b"\x81" + length + mask + masked)


def drain_all(streams, end, got, heartbeat=b""):
    """Reads the streams until `end`, drops the data, and sends a heartbeat every few seconds."""
    poll = select.poll()
    by_fd = {stream.fileno(): stream for stream in streams}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    said = time.monotonic()
    while time.monotonic() < end:
        if heartbeat and time.monotonic() > said + 3:
            said = time.monotonic()
            for stream in streams:
                stream.sendall(heartbeat)
        for fd, _ in poll.poll(100):
            got[0] += len(by_fd[fd].recv(1 << 20))
