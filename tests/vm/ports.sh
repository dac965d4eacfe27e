#!/bin/bash
# Inside the emulator: each step prints "ok" or "FAIL". Time runs some ten times slower than outside, so each step waits
# for a condition, and a clock's pace is taken from the instants of its pulses in the machine's own time.
. ./gadget.sh
export HOME=/tmp/home XDG_STATE_HOME=/tmp/home/state XDG_CONFIG_HOME=/tmp/home/config
mkdir -p $XDG_CONFIG_HOME/busker
cp ./busker /tmp/busker && chmod +x /tmp/busker
failed=0
log=$(/tmp/busker logs)

pass() { echo "ok    $1"; }
fail() { echo "FAIL  $1"; failed=$((failed + 1)); }
check() { # TEXT COMMAND...
    local text=$1
    shift
    if "$@"; then pass "$text"; else fail "$text"; fi
}
wait_for() { # COMMAND... : at most a minute of the machine's time
    local i
    for i in $(seq 300); do
        "$@" && return 0
        sleep 0.2
    done
    return 1
}
# What is connected to a sequencer client by its name: one line a connection.
connected_to() { aconnect -l | awk -v name="$1" '/^client/ { at = index($0, "\x27" name "\x27") } at && /Connected From/ { n = split($0, a, /[ \t,]+/); for (i = 1; i <= n; i++) if (a[i] ~ /^[0-9]+:[0-9]+/) print a[i] }'; }
plays() { [ "$(connected_to "$1" | wc -l)" -eq "${2:-2}" ]; } # the scheduler's line and the clock's
there() { aconnect -l | grep -q "'$1'"; }
gone() { ! aconnect -l | grep -q "'$1'"; }
# The gadget's own end of the cable, a raw MIDI device.
far_end() { amidi -l | awk '/f_midi/ { print $2; exit }'; }
has_far_end() { [ -n "$(far_end)" ]; }
listen() { # FILE [DEVICE]
    wait_for has_far_end
    : > "$1"
    amidi -p "${2:-$(far_end)}" -d -c -a --timestamp=monotonic >> "$1" 2>&1 &
    listener=$!
}
unlisten() { kill "$listener" 2>/dev/null; wait "$listener" 2>/dev/null; }
pulses() { grep -c ' F8' "$1"; }
has_pulses() { [ "$(pulses "$1")" -ge "$2" ]; }
has_bytes() { grep -Eq "$2" "$1"; }
# Pulses a second of the machine's own clock; the first few came while the far end was being opened.
pace() { awk '/^[0-9.]+\) F8/ && ++seen > 8 { at = $1 + 0; if (!n++) first = at; last = at } END { if (last > first) printf "%.0f\n", (n - 1) / (last - first); else print 0 }' "$1"; }
one_stream() { # 120 BPM is 48 a second; two streams would be 96
    local p
    p=$(pace "$1")
    echo "      $p pulses a second"
    [ "$p" -ge 40 ] && [ "$p" -le 56 ] && return
    head -20 "$1"
    return 1
}
in_log() { [ "$(grep -c "$1" "$log" 2>/dev/null)" -ge "$2" ]; }

make_gadget "Acme Synth"

echo "1. a clock goes on after its synth was unplugged and plugged in"
plug
check "the synth is there" wait_for there "Acme Synth"
listen /tmp/1a
/tmp/busker clock --bpm 120 --port alsa:Acme > /tmp/clock.out 2>&1 &
busker=$!
check "pulses arrive" wait_for has_pulses /tmp/1a 60
check "it began with a start" has_bytes /tmp/1a ' FA'
check "two lines play it" plays "Acme Synth"
unplug
unlisten
check "the synth is gone" wait_for gone "Acme Synth"
check "the log tells that it was announced" wait_for in_log "disconnected.*announced\|disconnected.*Gone" 1
check "busker runs on" kill -0 $busker
plug
listen /tmp/1b
check "pulses arrive again" wait_for has_pulses /tmp/1b 150
check "one stream of them" one_stream /tmp/1b
check "the log tells that it is back" in_log "is connected" 1
check "two lines play it, and no more" wait_for plays "Acme Synth"

echo "2. plugged out and in as fast as can be, five times"
unlisten
for i in 1 2 3 4 5; do unplug; plug; done
listen /tmp/2
check "pulses arrive" wait_for has_pulses /tmp/2 150
check "one stream of them" one_stream /tmp/2
check "two lines play it, and no more" wait_for plays "Acme Synth"
check "busker runs on" kill -0 $busker

echo "3. somebody takes every connection apart"
cuts=$(grep -c "disconnected" "$log")
starts() { grep -Ec ' F[AB]' /tmp/2; }
more_starts() { [ "$(starts)" -gt "$1" ]; }
# The far end stays open over this, so nothing it is told can be missed.
before=$(starts)
aconnect -x
check "the log tells it" wait_for in_log "disconnected" $((cuts + 1))
check "it is mended" wait_for plays "Acme Synth"
check "the follower is told to go on" wait_for more_starts "$before"
unlisten
listen /tmp/3
check "pulses arrive" wait_for has_pulses /tmp/3 150
check "one stream of them" one_stream /tmp/3
unlisten
kill -TERM $busker
wait $busker
check "busker ends well" [ $? -eq 0 ]

echo "4. a note that was held over the unplug is ended"
cat > /tmp/hold.yaml <<'Y'
steps:
  - { at: 0, do: note.on C4 100 }
  - { at: 600, do: note.off C4 }
Y
listen /tmp/4a
/tmp/busker run /tmp/hold.yaml --device sim --port alsa:Acme > /tmp/run.out 2>&1 &
busker=$!
check "the note sounds" wait_for has_bytes /tmp/4a '90 ?3C ?64'
unplug
unlisten
wait_for gone "Acme Synth"
plug
listen /tmp/4b
check "after the return it is ended" wait_for grep -Eq '80 ?3C|B0 ?7B ?00' /tmp/4b
kill -TERM $busker
wait $busker
unlisten

echo "5. a port of the settings that is not connected yet is waited for"
unplug
wait_for gone "Acme Synth"
printf 'midi:\n  ports: [ "alsa:Acme Synth" ]\n' > $XDG_CONFIG_HOME/busker/config.yaml
/tmp/busker clock --bpm 120 > /tmp/wait.out 2>&1 &
busker=$!
check "busker starts without it" wait_for grep -q "BPM to" /tmp/wait.out
plug
listen /tmp/5
check "pulses arrive when it comes" wait_for has_pulses /tmp/5 150
check "one stream of them" one_stream /tmp/5
unlisten
kill -TERM $busker
wait $busker
rm $XDG_CONFIG_HOME/busker/config.yaml

echo "6. a card's driver is taken away and comes back"
/tmp/busker clock --bpm 120 --port "alsa:VirMIDI 1-0" > /tmp/vir.out 2>&1 &
busker=$!
check "busker plays it" wait_for plays "Virtual Raw MIDI 1-0"
echo snd_virmidi.0 > /sys/bus/platform/drivers/snd_virmidi/unbind &
check "the card is gone" wait_for gone "Virtual Raw MIDI 1-0"
wait $!
echo snd_virmidi.0 > /sys/bus/platform/drivers/snd_virmidi/bind
check "it is played again" wait_for plays "Virtual Raw MIDI 1-0"
card=$(amidi -l | awk '/Virtual Raw MIDI/ { print $2; exit }')
listen /tmp/6 "${card%%,*},0"
check "pulses arrive" wait_for has_pulses /tmp/6 100
check "one stream of them" one_stream /tmp/6
unlisten
kill -TERM $busker
wait $busker

echo "7. a raw MIDI device is unplugged and plugged in"
unplug
wait_for gone "Acme Synth"
plug
wait_for there "Acme Synth"
raw() { local hw; hw=$(amidi -l | awk '/Acme Synth/ { print $2; exit }'); hw=${hw#hw:}; echo "/dev/snd/midiC${hw%%,*}D0"; }
device=$(raw)
listen /tmp/7a
/tmp/busker clock --bpm 120 --port "raw:$device" > /tmp/raw.out 2>&1 &
busker=$!
check "pulses arrive at $device" wait_for has_pulses /tmp/7a 60
unplug
unlisten
gone_file() { [ ! -e "$device" ]; }
check "the device is gone" wait_for gone_file
plug
check "it is back" wait_for test -e "$device"
listen /tmp/7b
check "pulses arrive again" wait_for has_pulses /tmp/7b 150
check "one stream of them" one_stream /tmp/7b
unlisten
kill -TERM $busker
wait $busker

if [ $failed -gt 0 ]; then
    echo "$failed failed; the end of the log:"
    tail -60 "$log"
    exit 1
fi
echo "all well"
