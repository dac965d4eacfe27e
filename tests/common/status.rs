//! Statuses for drawing: of a station at rest, of one at work, of one with modulation, and of one with faults.

use busker::midi::ClockSends;
use busker::{
    music::Position,
    profile::{DEFAULT_ID, Library, Profile},
    status::{
        AuditionStatus, AutomationStatus, ClockStatus, DeviceStatus, DoorStatus, FaultCounts, InputsStatus,
        LatencyStatus, LoudnessStatus, MeterStatus, MonitorLine, MonitorStatus, MotionStatus, ParamsStatus, PortStatus,
        RealtimeStatus, RecordStatus, RoundTripStatus, SourceStatus, Status, StatusPart, SyncState, TakeInfo,
        TakeState, TakeStatus, TakesStatus, Traffic, TrafficRate, TransportStatus,
    },
    takes::{Overview, Verdict},
};
use std::{path::PathBuf, sync::Arc};

/// A built-in profile.
pub fn profile(id: &str) -> Arc<Profile> {
    let (library, faults) = Library::load(None);
    assert!(faults.is_empty(), "{faults:?}");
    Arc::clone(library.get(id).unwrap())
}

/// Just started: nothing plays, no sound.
pub fn at_rest() -> Status {
    let profile = profile(DEFAULT_ID);
    let values = profile.params.iter().map(|param| param.default).collect();
    Status {
        at_ns: 5_000_000,
        transport: StatusPart::from(TransportStatus {
            playing: false,
            position: Position::Bars { bar: 1, beat: 1, tick: 0 },
            seconds: 0.0,
            bpm: 120.0,
            clock_on: true,
        }),
        device: StatusPart::from(DeviceStatus {
            host: "sim".to_owned(),
            name: "built-in synth".to_owned(),
            running: true,
            sample_rate_hz: 48_000,
            block_frames: 256,
            load_percent: 1,
            load_peak_percent: 3,
            xruns: 0,
        }),
        realtime: RealtimeStatus { clock: Some(true), scheduler: true, memory_locked: true }.into(),
        ports: vec![PortStatus { sent: 12, ..PortStatus::new("sim", "built-in synth") }].into(),
        instrument: 1.into(),
        clock: ClockStatus::default().into(),
        learning: None.into(),
        monitor: None.into(),
        inputs: StatusPart::from(InputsStatus {
            channels: "1-2".to_owned(),
            meters: vec![MeterStatus::SILENT; 2],
            gains_db: vec![0.0; 2],
            monitor_db: 0.0,
        }),
        outputs: vec![MeterStatus::SILENT; 2].into(),
        click_on: false.into(),
        limiter_on: false.into(),
        loudness: LoudnessStatus::SILENT.into(),
        profiles: Arc::<[String]>::from(["fm_synth", "generic_analog", DEFAULT_ID].map(str::to_owned)).into(),
        params: ParamsStatus::standing(profile, values).into(),
        automation: AutomationStatus::default().into(),
        morph: None.into(),
        session: None.into(),
        record: StatusPart::from(RecordStatus {
            free_bytes: Some(24_680_000_000),
            bytes_per_second: 288_000,
            ..RecordStatus::standing(PathBuf::from("/home/ada/Music"))
        }),
        audition: None.into(),
        latency: RoundTripStatus::default().into(),
        tracks: None.into(),
        takes: None.into(),
        doors: Vec::new().into(),
        faults: FaultCounts::default().into(),
    }
}

fn level(peak_db: f32) -> MeterStatus {
    MeterStatus { peak_db, rms_db: peak_db - 9.0, hold_db: peak_db + 4.0, clipped: false }
}

/// Playing and recording, with knobs turned.
pub fn at_work() -> Status {
    let mut status = at_rest();
    status.transport.playing = true;
    status.transport.position = Position::Bars { bar: 12, beat: 3, tick: 7 };
    status.transport.seconds = 23.44;
    status.transport.bpm = 98.5;
    *status.click_on = true;
    status.device.host = "alsa".to_owned();
    status.device.name = "USB Audio CODEC".to_owned();
    status.device.load_percent = 12;
    status.ports[0].name = "NTS-1 digital kit SOUND".to_owned();
    status.inputs.meters = vec![level(-20.3), level(-11.7)];
    *status.outputs = vec![level(-8.0), level(-5.0)];
    status.record.take = Some(take("/home/ada/Music/friday jam.wav", 83.2));
    *status.doors = [("socket", 1), ("osc", 0), ("http", 2)]
        .map(|(name, connected)| DoorStatus {
            name: name.to_owned(),
            connected,
            received: 120,
            ..DoorStatus::default()
        })
        .to_vec();
    for (name, position) in [("osc_type", 0.5), ("osc_shape", 0.25), ("osc_lfo_depth", 0.2), ("osc_edit_1", 0.7)] {
        turn(&mut status, name, position);
    }
    status
}

/// All faults at once, and long texts.
pub fn overloaded() -> Status {
    let mut status = at_work();
    status.transport.position = Position::Bars { bar: 108_000, beat: 4, tick: 479 };
    status.transport.seconds = 86_399.96;
    status.transport.bpm = 300.0;
    status.device.name = "A very long name of an audio interface with many channels".to_owned();
    status.device.load_percent = 131;
    status.device.load_peak_percent = 260;
    status.device.xruns = 4321;
    *status.realtime = RealtimeStatus::default();
    *status.ports = (1..=6).map(|n| PortStatus::new(format!("alsa:{n}"), format!("Some long port name {n}"))).collect();
    let loud = MeterStatus { peak_db: 0.0, rms_db: -3.0, hold_db: 0.0, clipped: true };
    status.inputs.channels = "1-8".to_owned();
    status.inputs.meters = vec![loud; 8];
    status.inputs.gains_db = vec![12.0; 8];
    status.inputs.monitor_db = -120.0;
    *status.outputs = vec![loud; 2];
    status.record.take =
        Some(take("/home/ada/Music/a take with a name that is longer than any window can be wide/take.wav", 359_999.0));
    status.record.free_bytes = Some(250_000_000);
    *status.faults = FaultCounts { midi_dropped: 1234, take_frames_lost: 96_000, ..FaultCounts::default() };
    turn(&mut status, "osc_type", 0.7);
    turn(&mut status, "delay_type", 0.75);
    turn(&mut status, "reverb_type", 0.6);
    status
}

/// Turns a knob to a position from 0 to 1.
pub fn turn(status: &mut Status, name: &str, position: f64) {
    let profile = Arc::clone(&status.params.profile);
    let at = profile.param_index(name).unwrap();
    status.params.values[at] = profile.params[at].value_at(position);
}

/// LFOs and envelopes modulate, automation is recorded, and a morph is under way.
pub fn in_motion() -> Status {
    let mut status = at_work();
    let profile = Arc::clone(&status.params.profile);
    let moved = |name: &str, position: f64, by: &[&str]| {
        let param = profile.param_index(name).unwrap();
        let by = by.iter().map(|by| (*by).to_owned()).collect();
        MotionStatus { param, value: profile.params[param].value_at(position), by }
    };
    status.params.motion = vec![
        moved("osc_type", 0.7, &["lfo random 1/2 depth 0.4"]),
        moved("osc_shape", 0.6, &["lfo sine 1/4 depth 0.3"]),
        moved("osc_lfo_depth", 0.65, &["lfo triangle 2.5 depth 0.4", "envelope 10 200 0.5 800 depth -0.2"]),
        moved("filter_cutoff", 0.35, &["lfo sine 1/4 depth 0.3"]),
    ];
    status.params.automated =
        ["osc_shape", "osc_edit_1", "filter_cutoff"].map(|name| profile.param_index(name).unwrap()).to_vec();
    status.params.snapshots = ["bright", "warm", "war_drums"].map(str::to_owned).into();
    status
}

fn rate(messages: u32, bytes: u32) -> TrafficRate {
    TrafficRate { messages, bytes }
}

/// A station with a synth, a keyboard and a drum machine, and the MIDI monitor on.
pub fn with_ports() -> Status {
    let mut status = at_work();
    *status.ports = vec![
        PortStatus {
            input: true,
            profile: "korg_nts1_mk2".to_owned(),
            sent: 48_211,
            queued: 2,
            queued_most: 37,
            traffic: Traffic {
                realtime: rate(39, 39),
                note_off: rate(6, 18),
                note_on: rate(6, 18),
                control: rate(88, 264),
                ..Traffic::default()
            },
            latency: Some(LatencyStatus { p50_us: 83, p99_us: 910, max_us: 2140 }),
            ..PortStatus::new("alsa:NTS-1", "NTS-1 digital kit SOUND")
        },
        PortStatus {
            output: false,
            input: true,
            received: 912,
            thru: vec![(1, 0), (3, 10)],
            ..PortStatus::new("alsa:KeyStep", "Arturia KeyStep 37")
        },
        PortStatus {
            channel: 10,
            clock: ClockSends { position: false, ..ClockSends::ALL },
            profile: "generic_analog".to_owned(),
            offset_ms: -12.5,
            queued_most: 4,
            traffic: Traffic { realtime: rate(39, 39), ..Traffic::default() },
            wire_percent: Some(4),
            ..PortStatus::new("raw:/dev/ttyAMA0", "ttyAMA0")
        },
    ];
    let said = [
        (1, false, "cc 43 = 96 ch 1", 1),
        (1, false, "cc 43 = 97 ch 1", 1),
        (3, false, "clock", 13),
        (2, true, "note on  ch 1 C4 100", 1),
        (1, false, "note on  ch 1 C4 100", 1),
        (3, false, "note on  ch 10 C4 100", 1),
        (1, false, "clock", 24),
        (2, true, "bend = -1203 ch 1", 1),
        (2, true, "note off ch 1 C4 64", 1),
        (1, false, "note off ch 1 C4 64", 1),
        (1, false, "sysex 22 bytes F0 42 30 00 01 57 0C 00 00 00 00 00 00 00 00 00 …", 1),
        (3, false, "clock", 1),
    ];
    let line = |(at, (port, incoming, text, times)): (u64, (u8, bool, &str, u32))| MonitorLine {
        at_ns: 83_204_000_000 + at * 41_700_000,
        port,
        incoming,
        text: text.to_owned(),
        times,
    };
    let lines = Arc::new((0..).zip(said).map(line).collect());
    *status.monitor = Some(MonitorStatus { seen: 3217, lines });
    status
}

/// The same with every MIDI fault.
pub fn midi_in_trouble() -> Status {
    let mut status = with_ports();
    *status.clock = ClockStatus {
        source: SourceStatus::Midi { from: Some("Arturia KeyStep 37".to_owned()), state: SyncState::Lost },
        late_pulses: 12,
        latest_us: 3240,
        skipped_pulses: 2,
    };
    status.ports[0].connected = false;
    (status.ports[0].latency, status.ports[0].traffic) = (None, Traffic::default());
    status.ports[2].dropped = 1204;
    status.ports[2].refused = 3;
    status.ports[2].wire_percent = Some(99);
    status.ports[2].queued = 1000;
    status.ports[2].queued_most = 1000;
    status.ports[2].latency = Some(LatencyStatus { p50_us: 12_345, p99_us: 130_000, max_us: 911_000 });
    let more = (4..=6).map(|n| PortStatus::new(format!("alsa:{n}"), format!("Some long port name {n}")));
    status.ports.extend(more);
    status.ports[5].connected = false;
    *status.realtime = RealtimeStatus { clock: Some(false), scheduler: true, memory_locked: false };
    status.faults.midi_dropped = 1204;
    status
}

/// A usable take of the folder that is not measured.
pub fn take_info(name: &str, seconds: f64) -> TakeInfo {
    TakeInfo {
        name: name.to_owned(),
        seconds: Some(seconds),
        channels: Some(2),
        bits: Some(24),
        sample_rate_hz: Some(48_000),
        made: "2025-11-21 19:04".to_owned(),
        state: TakeState::Sound,
        verdict: None,
        overview: None,
        marks: Arc::from([]),
    }
}

/// The same, measured: decaying notes, one every fourth of it.
pub fn measured(name: &str, seconds: f64) -> TakeInfo {
    let verdict = Verdict {
        frames: (seconds * 48_000.0) as u64,
        sample_rate_hz: 48_000,
        channels: 2,
        peak_dbfs: Some(-3.12),
        true_peak_dbtp: Some(-2.9),
        loudness_lufs: Some(-18.2),
        clipped_samples: 0,
        broken_samples: 0,
        noise_floor_dbfs: Some(-71.3),
        dc_offset: 0.0002,
        gaps: 0,
        gap_frames: 0,
        xruns: 0,
    };
    let column = |x: usize| {
        let ringing = 1.0 - (x % 128) as f64 / 128.0;
        let loud = (x as f64 / 512.0 * 3.0).sin().abs().max(0.1) * ringing * ringing * 88.0;
        let trembling = 1.0 - 0.3 * ((x * 7919) % 97) as f64 / 97.0;
        ((-loud * trembling * 0.85) as i8, (loud * trembling) as i8)
    };
    TakeInfo {
        verdict: Some(Arc::new(verdict)),
        overview: Some(Arc::new(Overview { columns: (0..Overview::COLUMNS).map(column).collect() })),
        ..take_info(name, seconds)
    }
}

/// The same, a quarter as loud.
pub fn soft(name: &str, seconds: f64) -> TakeInfo {
    let mut take = measured(name, seconds);
    let columns = &mut Arc::make_mut(take.overview.as_mut().unwrap()).columns;
    columns.iter_mut().for_each(|(low, high)| (*low, *high) = (*low / 4, *high / 4));
    verdict_of(&mut take).peak_dbfs = Some(-15.2);
    take
}

fn verdict_of(take: &mut TakeInfo) -> &mut Verdict {
    Arc::make_mut(take.verdict.as_mut().unwrap())
}

/// At rest, with these takes.
pub fn with(takes: Vec<TakeInfo>) -> Status {
    let takes = TakesStatus {
        revision: 1,
        folder: PathBuf::from("/home/ada/Music"),
        fault: None,
        takes: takes.into(),
        measuring: None,
    };
    let mut status = Status { takes: Some(takes).into(), ..at_rest() };
    status.record.capture_bytes = 40_000_000;
    status
}

/// Takes in every state, while another is recorded.
pub fn with_takes() -> Status {
    let mut chorus = measured("chorus idea", 192.4);
    chorus.marks = [(12.3, "verse"), (48.0, "chorus"), (50.0, "oops"), (191.0, "the end")]
        .map(|(at, label)| (at, label.to_owned()))
        .into();
    let mut clipped = measured("2025-11-21 18.40.11 korg_nts1_mk2 120 BPM", 3_725.25);
    (clipped.channels, clipped.bits, clipped.sample_rate_hz) = (Some(8), Some(32), Some(96_000));
    let verdict = verdict_of(&mut clipped);
    (verdict.peak_dbfs, verdict.true_peak_dbtp, verdict.clipped_samples) = (Some(0.0), Some(0.6), 12);
    (verdict.gaps, verdict.gap_frames, verdict.xruns) = (3, 1440, 1);
    let mut silent = measured("was the cable in", 8.0);
    silent.channels = Some(1);
    let verdict = verdict_of(&mut silent);
    (verdict.peak_dbfs, verdict.true_peak_dbtp, verdict.loudness_lufs) = (None, None, None);
    silent.overview = Some(Arc::new(Overview { columns: vec![(0, 0); Overview::COLUMNS] }));
    let unknown = |name: &str, state| TakeInfo { seconds: None, state, ..take_info(name, 0.0) };
    let mut status = with(vec![
        unknown("friday jam", TakeState::Recording),
        chorus,
        take_info("bass line", 31.5),
        take_info("bass line 2", 30.9),
        clipped,
        silent,
        TakeInfo { seconds: Some(904.0), ..unknown("cut short", TakeState::NeedsRepair) },
        TakeInfo {
            channels: None,
            bits: None,
            sample_rate_hz: None,
            ..unknown("holiday", TakeState::Beyond("it is not a WAV file".to_owned()))
        },
        soft("good old one", 61.0),
    ]);
    status.takes.as_mut().unwrap().measuring = Some("bass line".to_owned());
    status.record.take = at_work().record.take.clone();
    status
}

/// The same while the second take is played.
pub fn with_a_take_heard() -> Status {
    let mut status = with_takes();
    status.record.take = None;
    let path = PathBuf::from("/home/ada/Music/chorus idea.wav");
    *status.audition = Some(AuditionStatus { path, seconds: 72.34, length_seconds: 192.4 });
    status
}

fn take(path: &str, seconds: f64) -> TakeStatus {
    TakeStatus { path: PathBuf::from(path), seconds, marks: 0, gap_frames: 0, ends_with_bar: false }
}
