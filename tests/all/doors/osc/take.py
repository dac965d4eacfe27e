"""Makes a take over OSC and says what came back. Arguments: the port, the take's name."""

import sys
import time

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

client = SimpleUDPClient("127.0.0.1", int(sys.argv[1]))
name = sys.argv[2]


def ask(address):
    client.send_message(address, [])
    for message in client.get_messages(timeout=20):
        if message.address == address:
            return message.params


def wait_for(address, value):
    end = time.monotonic() + 20
    while ask(address) != [value]:
        assert time.monotonic() < end, address
        time.sleep(0.01)


def bundle(when, *messages):
    builder = OscBundleBuilder(when)
    for address, value in messages:
        message = OscMessageBuilder(address)
        message.add_arg(value)
        builder.add_content(message.build())
    return builder.build()


client.send(bundle(IMMEDIATELY, ("/clock/bpm", 98.5), ("/record/start", name)))
wait_for("/status/record/is_recording", True)
due = time.time() + 0.3
client.send(bundle(due, ("/clock/bpm", 70), ("/clock/bpm", 71)))
wait_for("/status/transport/bpm", 71.0)
assert time.time() >= due, "the bundle was done before its time"
client.send_message("/record/stop", [])
wait_for("/status/record/is_recording", False)
