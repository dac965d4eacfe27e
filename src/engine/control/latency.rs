//! The round trip, from output to input: measured with a probe, stored by device, rate and block, with an offset by hand.
//! Runs on the control thread; the callback plays the probe, and the detector locates it.
//!
//! A probe is two sweeps, each a measurement. If they agree, the measurement is done; else the probe is repeated until two
//! agree. The delay is unknown at first, so the recording is searched after a tenth of a second, and again when it is
//! longer.

use super::{
    Control, Moment,
    console::Console,
    out::{Out, done},
    recorder::Takes,
};
use crate::{
    command::arg::InputNumber,
    engine::{
        audio::{capture::Capture, probe::ProbeStart},
        detector::{DetectorJob, DetectorNews},
        disk::{ErrandId, worker::WorkerHandle},
        frame_clock::FrameClock,
        station::Answer,
    },
    latencies::{DelayKey, DeviceDelay, Latencies, MeasuredDelay},
    music::Decibels,
    status::{DeviceStatus, RoundTripStatus, Severity},
    stored::StoredValue,
    taps::{self, Tap},
};
use busker_sound::probe::{Arrival, LEAD_FRAMES, LONGEST_FRAMES, Probe, Sought};
use std::{sync::Arc, time::Duration};

/// Largest difference of two measurements that agree, in frames.
const AGREE_FRAMES: f64 = 0.05;
/// Longest delays of the successive searches, in frames.
const LOOKS_FRAMES: [usize; 5] = [4_096, 16_384, 32_768, 65_536, LONGEST_FRAMES];
/// Longest time of a measurement; commands are answered within 5 s.
const LONGEST: Duration = Duration::from_millis(4_500);
/// Peak of a silent input, 1.0 = full scale: -100 dB.
const SILENT: f32 = 1e-5;
/// Peak of a clipped input.
const CLIPS: f32 = 0.999;

/// Result of one probe.
#[derive(Clone, Copy, Debug)]
struct Round {
    delay: MeasuredDelay,
    /// Difference of its sweeps, in frames.
    apart_frames: f64,
    is_inverted: bool,
}

/// A measurement in progress.
struct Measuring {
    errand: ErrandId,
    input: u16,
    channel: usize,
    asked_ns: u64,
    probe: Arc<Probe>,
    start_frame: i64,
    /// Longest delay of the present search, in frames.
    look_frames: usize,
    /// Whether the detector is searching.
    is_sought: bool,
    rounds: Vec<Round>,
    /// Peak of the recording.
    peak: f32,
}

/// Parts of the latency owner.
pub struct LatencyParts {
    /// The detector.
    pub detector: WorkerHandle<DetectorJob, DetectorNews>,
    /// The capture buffer.
    pub capture: Capture,
    /// Holds the output latency that the device reports.
    pub frames: FrameClock,
    /// Earlier measurements and their file.
    pub stored: StoredValue<Latencies>,
}

/// The round trip.
pub(super) struct Latency {
    parts: LatencyParts,
    /// The present device.
    key: DelayKey,
    /// Assumed latency of its input: a block.
    assumed_input_frames: i64,
    measuring: Option<Measuring>,
}

impl Latency {
    pub(super) fn new(parts: LatencyParts, device: &DeviceStatus) -> Latency {
        let mut latency = Latency { parts, key: DelayKey::default(), assumed_input_frames: 0, measuring: None };
        latency.look_at_device(device);
        latency
    }

    /// The measurements and their file.
    pub(super) fn stored(&self) -> &StoredValue<Latencies> {
        &self.parts.stored
    }

    /// Takes over measurements that another station stored.
    pub(super) fn replace(&mut self, latencies: Latencies) {
        self.parts.stored.value = latencies;
    }

    /// Measurement and offset (ms) of the present device.
    fn known(&self) -> (Option<MeasuredDelay>, f64) {
        self.parts.stored.value.of(&self.key).map_or((None, 0.0), |delay| (delay.measured, delay.offset_ms))
    }

    /// Frames from rendering to recording: the measurement, or else the device's own figure, plus the offset.
    pub(super) fn round_trip_frames(&self) -> i64 {
        let (measured, offset_ms) = self.known();
        let reported = (self.parts.frames.latency_frames() + self.assumed_input_frames) as f64;
        let frames = measured.map_or(reported, |measured| measured.frames);
        (frames + offset_ms * f64::from(self.key.rate_hz) / 1000.0).round() as i64
    }

    pub(super) fn status(&self) -> RoundTripStatus {
        let (measured, offset_ms) = self.known();
        let (round_trip_frames, is_measuring) = (self.round_trip_frames(), self.measuring.is_some());
        RoundTripStatus { measured, offset_ms, round_trip_frames, is_measuring }
    }

    fn look_at_device(&mut self, device: &DeviceStatus) {
        let is_same = self.key.rate_hz == device.sample_rate_hz
            && self.key.block_frames == device.block_frames
            && self.key.device.strip_prefix(&*device.host).and_then(|name| name.strip_prefix(' '))
                == Some(&device.name);
        if is_same {
            return;
        }
        self.key = DelayKey {
            device: format!("{} {}", device.host, device.name),
            rate_hz: device.sample_rate_hz,
            block_frames: device.block_frames,
        };
        // The simulated host has no input.
        self.assumed_input_frames = if device.host == "sim" { 0 } else { i64::from(device.block_frames) };
    }

    fn change(&mut self, change: impl FnOnce(&mut DeviceDelay), out: &mut Out) {
        let stored = &mut self.parts.stored;
        stored.value.change(&self.key, change);
        out.keep(Arc::new(stored.value.clone()), &stored.home);
    }
}

impl Latency {
    pub(super) fn set_offset(&mut self, offset_ms: f64, out: &mut Out) -> Answer {
        self.change(|delay| delay.offset_ms = offset_ms, out);
        done()
    }

    fn measure(&mut self, input: Option<InputNumber>, console: &mut Console, out: &mut Out, now: Moment) -> Answer {
        if self.measuring.is_some() {
            return Err("latency.measure: a measurement is in progress".to_owned());
        }
        let held = self.parts.capture.taps();
        let inputs: Vec<Tap> = held.iter().filter(|tap| matches!(tap, Tap::Input(_))).copied().collect();
        let tap = match (input, inputs.first()) {
            (_, None) => return Err("latency.measure: the device has no inputs".to_owned()),
            (Some(InputNumber(input)), _) => Tap::Input(input),
            (None, Some(first)) => *first,
        };
        let (Ok(channels), Tap::Input(input)) = (self.parts.capture.channels(&[tap]), tap) else {
            return Err(format!("latency.measure {tap}: the inputs are {}", taps::text(&inputs)));
        };
        let errand = out.owed.promise_errand();
        self.measuring = Some(Measuring {
            errand,
            input,
            channel: channels.first().copied().unwrap_or_default(),
            asked_ns: now.ns,
            probe: Arc::new(Probe::new(f64::from(self.key.rate_hz))),
            start_frame: 0,
            look_frames: LOOKS_FRAMES[0],
            is_sought: false,
            rounds: Vec::new(),
            peak: 0.0,
        });
        console.mute_monitor(true, out);
        self.play(out, now);
        Ok(format!("measuring the latency of input {input}"))
    }

    /// Starts the probe, late enough for the lead of the recording and for the monitor to fade.
    fn play(&mut self, out: &mut Out, now: Moment) {
        let Some(measuring) = &mut self.measuring else { return };
        let block = i64::from(self.key.block_frames);
        measuring.start_frame = now.open_frame.max(self.parts.capture.held().end) + LEAD_FRAMES as i64 + block;
        measuring.is_sought = false;
        out.renderer.probe.change(|start| *start = ProbeStart::at(measuring.start_frame));
    }

    /// Processes results of the detector, and requests the next search.
    pub(super) fn listen(
        &mut self,
        device: &DeviceStatus,
        (takes, console): (&Takes, &mut Console),
        out: &mut Out,
        now: Moment,
    ) {
        self.look_at_device(device);
        if self.measuring.is_some() && takes.any_recording() {
            self.give_up("a take is being recorded", console, out);
        }
        if self.measuring.is_some() && out.plan.is_rolling() {
            self.give_up("the song plays", console, out);
        }
        while let Ok(news) = self.parts.detector.news.try_recv() {
            self.take_in(news, console, out, now);
        }
        let Some(measuring) = self.measuring.as_mut().filter(|measuring| !measuring.is_sought) else { return };
        let frames = measuring.probe.listen_frames(measuring.look_frames);
        if self.parts.capture.held().end >= measuring.start_frame + frames as i64 {
            measuring.is_sought = true;
            let (probe, start_frame, channel) =
                (Arc::clone(&measuring.probe), measuring.start_frame, measuring.channel);
            let job = DetectorJob { probe, start_frame, frames, channel };
            if self.parts.detector.jobs.send(job).is_err() {
                self.give_up("the detector met a fault", console, out);
            }
        }
    }

    fn take_in(
        &mut self,
        DetectorNews { start_frame, sought, peak }: DetectorNews,
        console: &mut Console,
        out: &mut Out,
        now: Moment,
    ) {
        let Some(measuring) = self.measuring.as_mut().filter(|measuring| measuring.start_frame == start_frame) else {
            return;
        };
        measuring.is_sought = false;
        measuring.peak = measuring.peak.max(peak);
        match sought {
            Some([Sought::Found(rising), Sought::Found(falling)]) => {
                let round = Round::of(rising, falling);
                let settled = round.settled(&measuring.rounds);
                measuring.rounds.push(round);
                measuring.look_frames = look_for(round.delay.frames);
                match settled {
                    Some(delay) => self.settle(delay, round.is_inverted, console, out),
                    None => self.try_again(console, out, now),
                }
            }
            // Noise covered one of them.
            Some([Sought::Found(one), Sought::Absent] | [Sought::Absent, Sought::Found(one)])
                if one.delay_frames <= measuring.look_frames as f64 =>
            {
                self.try_again(console, out, now);
            }
            Some([one, other]) if measuring.look_frames == LONGEST_FRAMES => {
                match (one, other, measuring.rounds.is_empty()) {
                    (Sought::Absent, Sought::Absent, true) => {
                        let why = measuring.no_signal();
                        self.end(Err(why), console, out);
                    }
                    _ => self.try_again(console, out, now),
                }
            }
            Some(_) => measuring.look_frames = look_for(measuring.look_frames as f64 + 1.0),
            None => self.try_again(console, out, now),
        }
    }

    /// Repeats the probe if there is time.
    fn try_again(&mut self, console: &mut Console, out: &mut Out, now: Moment) {
        let Some(measuring) = &self.measuring else { return };
        let frames = LEAD_FRAMES + measuring.probe.listen_frames(measuring.look_frames);
        let needed_ns = frames as f64 / f64::from(self.key.rate_hz.max(1)) * 1e9;
        if now.ns.saturating_sub(measuring.asked_ns) as f64 + needed_ns > LONGEST.as_nanos() as f64 {
            let why = measuring.not_settled();
            return self.end(Err(why), console, out);
        }
        self.play(out, now);
    }

    fn settle(&mut self, delay: MeasuredDelay, is_inverted: bool, console: &mut Console, out: &mut Out) {
        self.change(|known| known.measured = Some(delay), out);
        let input = self.measuring.as_ref().map_or(0, |measuring| measuring.input);
        let ms = delay.frames * 1000.0 / f64::from(self.key.rate_hz.max(1));
        let polarity = if is_inverted { "; inverted polarity" } else { "" };
        self.end(Ok(format!("output to input {input}: {delay}, {ms:.3} ms{polarity}")), console, out);
    }

    /// Ends the measurement without a result.
    pub(super) fn give_up(&mut self, why: &str, console: &mut Console, out: &mut Out) {
        self.end(Err(format!("latency not measured: {why}")), console, out);
    }

    fn end(&mut self, answer: Answer, console: &mut Console, out: &mut Out) {
        let Some(measuring) = self.measuring.take() else { return };
        out.renderer.probe.change(|start| *start = ProbeStart::NEVER);
        console.mute_monitor(false, out);
        out.answer_errand(measuring.errand, &answer);
        match answer {
            Ok(text) => out.notice(Severity::Info, text),
            Err(text) => out.notice(Severity::Warning, text),
        }
    }
}

impl Measuring {
    fn no_signal(&self) -> String {
        let input = self.input;
        let connect = format!(
            "connect output 1 to input {input} with a cable, or place a microphone in front of the loudspeaker, and measure again"
        );
        if self.peak < SILENT {
            return format!("no signal at input {input}: {connect}");
        }
        let peak = Decibels::from_amplitude(self.peak).0;
        format!("no probe at input {input}, only other sound at {peak:.0} dBFS: {connect}")
    }

    fn not_settled(&self) -> String {
        let input = self.input;
        let delays: Vec<String> = self.rounds.iter().map(|round| format!("{:.2}", round.delay.frames)).collect();
        let heard = match &delays[..] {
            [] => "only a part of the probe arrived".to_owned(),
            delays => format!("{} frames", delays.join(", ")),
        };
        let advice = if self.peak >= CLIPS { "lower its gain: it clips" } else { "raise the level or reduce noise" };
        format!("unsteady latency at input {input}: {heard}; {advice}, and measure again")
    }
}

impl Round {
    fn of(rising: Arrival, falling: Arrival) -> Round {
        let of = |arrival: Arrival| MeasuredDelay {
            frames: arrival.delay_frames,
            error_frames: arrival.error_frames,
            clear_db: arrival.clear_db,
        };
        Round {
            delay: both(of(rising), of(falling)),
            apart_frames: (rising.delay_frames - falling.delay_frames).abs(),
            is_inverted: rising.gain < 0.0,
        }
    }

    /// The result, if its sweeps agree, or it agrees with an earlier probe.
    fn settled(&self, before: &[Round]) -> Option<MeasuredDelay> {
        if self.apart_frames <= AGREE_FRAMES {
            return Some(self.delay);
        }
        let agrees = |round: &&Round| (round.delay.frames - self.delay.frames).abs() <= AGREE_FRAMES;
        before.iter().find(agrees).map(|round| both(round.delay, self.delay))
    }
}

/// Mean of two measurements, weighted by their standard errors and their difference.
fn both(one: MeasuredDelay, other: MeasuredDelay) -> MeasuredDelay {
    let apart = (one.frames - other.frames).abs();
    let weight = |delay: MeasuredDelay| 1.0 / (delay.error_frames.powi(2) + apart.powi(2) + 1e-12);
    let (of_one, of_other) = (weight(one), weight(other));
    MeasuredDelay {
        frames: (one.frames * of_one + other.frames * of_other) / (of_one + of_other),
        error_frames: (1.0 / (1.0 / one.error_frames.powi(2) + 1.0 / other.error_frames.powi(2)))
            .sqrt()
            .max(apart / 2.0),
        clear_db: one.clear_db.min(other.clear_db),
    }
}

/// The shortest search that covers a delay.
fn look_for(delay_frames: f64) -> usize {
    LOOKS_FRAMES.into_iter().find(|look| *look as f64 >= delay_frames).unwrap_or(LONGEST_FRAMES)
}

impl Control {
    /// Measures the latency of an input, unless the song plays or a take is recorded.
    pub(super) fn measure_latency(&mut self, input: Option<InputNumber>, now: Moment) -> Answer {
        let Control { out, console, recorder, latency, device, .. } = self;
        if recorder.takes.any_recording() || recorder.takes.is_open() {
            return Err("latency.measure: a take is being recorded; record.stop ends it".to_owned());
        }
        if out.plan.is_rolling() {
            return Err("latency.measure: the song plays; transport.stop stops it".to_owned());
        }
        if !device.running {
            return Err(format!("latency.measure: {} is disconnected", device.name));
        }
        latency.look_at_device(device);
        latency.measure(input, console, out, now)
    }
}

#[cfg(test)]
mod tests;
