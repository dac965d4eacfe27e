//! The round trip, from output to input: measured with a probe, kept in a file by device, rate and block, and moved by
//! hand. The control thread's; the probe is played by the callback, and sought by the detector.
//!
//! A probe is two sweeps, each a measurement. Where both agree, that is the delay; where not, the probe is played again
//! until two probes agree. How long it may take to come back is not known before: what was heard is searched after a
//! tenth of a second, and again when more of it has come.

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

/// Two measurements agree that are no further apart than this, in frames.
const AGREE_FRAMES: f64 = 0.05;
/// For delays of up to so many frames what was heard is searched, one after the other.
const LOOKS_FRAMES: [usize; 5] = [4_096, 16_384, 32_768, 65_536, LONGEST_FRAMES];
/// A measurement may take so long. Whoever asked waits for 5 s at most.
const LONGEST: Duration = Duration::from_millis(4_500);
/// An input below this is silent, 1.0 = full scale: -100 dB.
const SILENT: f32 = 1e-5;
/// An input from here on clips.
const CLIPS: f32 = 0.999;

/// What a probe came to.
#[derive(Clone, Copy, Debug)]
struct Round {
    delay: MeasuredDelay,
    /// How far apart its sweeps are, in frames.
    apart_frames: f64,
    is_inverted: bool,
}

/// A measurement under way.
struct Measuring {
    errand: ErrandId,
    input: u16,
    channel: usize,
    asked_ns: u64,
    probe: Arc<Probe>,
    start_frame: i64,
    /// The longest delay that is looked for now, in frames.
    look_frames: usize,
    /// Whether the detector is at it.
    is_sought: bool,
    rounds: Vec<Round>,
    /// The highest sample that was heard.
    peak: f32,
}

/// What a latency is made of.
pub struct LatencyParts {
    /// The detector.
    pub detector: WorkerHandle<DetectorJob, DetectorNews>,
    /// What was just played.
    pub capture: Capture,
    /// What the device says of its latency.
    pub frames: FrameClock,
    /// What was measured before.
    pub stored: StoredValue<Latencies>,
}

/// The round trip.
pub(super) struct Latency {
    parts: LatencyParts,
    /// The device as it is now.
    key: DelayKey,
    /// Frames that its input takes, as far as it is known: a block.
    says_input_frames: i64,
    measuring: Option<Measuring>,
}

impl Latency {
    pub(super) fn new(parts: LatencyParts, device: &DeviceStatus) -> Latency {
        let mut latency = Latency { parts, key: DelayKey::default(), says_input_frames: 0, measuring: None };
        latency.look_at_device(device);
        latency
    }

    /// What was measured, and its file.
    pub(super) fn stored(&self) -> &StoredValue<Latencies> {
        &self.parts.stored
    }

    /// Others changed what was measured.
    pub(super) fn replace(&mut self, latencies: Latencies) {
        self.parts.stored.value = latencies;
    }

    /// What was measured of the device as it is now, and what is added by hand, in ms.
    fn known(&self) -> (Option<MeasuredDelay>, f64) {
        self.parts.stored.value.of(&self.key).map_or((None, 0.0), |delay| (delay.measured, delay.offset_ms))
    }

    /// From a frame that is rendered to the frame it comes in with: as it was measured, or else as the device says; and
    /// what is added by hand.
    pub(super) fn round_trip_frames(&self) -> i64 {
        let (measured, offset_ms) = self.known();
        let said = (self.parts.frames.latency_frames() + self.says_input_frames) as f64;
        let frames = measured.map_or(said, |measured| measured.frames);
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
        // Time that passes is no device: what is rendered there never comes in.
        self.says_input_frames = if device.host == "sim" { 0 } else { i64::from(device.block_frames) };
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
            return Err("latency.measure: a measurement is under way".to_owned());
        }
        let held = self.parts.capture.taps();
        let inputs: Vec<Tap> = held.iter().filter(|tap| matches!(tap, Tap::Input(_))).copied().collect();
        let tap = match (input, inputs.first()) {
            (_, None) => return Err("latency.measure: the device gives no inputs".to_owned()),
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
        Ok(format!("measuring the delay to input {input}"))
    }

    /// Plays the probe: after what was heard before it, which is searched, too, and when what is monitored is silent.
    fn play(&mut self, out: &mut Out, now: Moment) {
        let Some(measuring) = &mut self.measuring else { return };
        let block = i64::from(self.key.block_frames);
        measuring.start_frame = now.open_frame.max(self.parts.capture.held().end) + LEAD_FRAMES as i64 + block;
        measuring.is_sought = false;
        out.renderer.probe.change(|start| *start = ProbeStart::at(measuring.start_frame));
    }

    /// Takes in what the detector finds, and asks it where more was heard.
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
            // One of them was drowned: its time is over.
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

    /// Plays the probe again, where there is time.
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
        let polarity = if is_inverted { "; its polarity is inverted" } else { "" };
        self.end(Ok(format!("output to input {input}: {delay}, {ms:.3} ms{polarity}")), console, out);
    }

    /// It ends without a delay.
    pub(super) fn give_up(&mut self, why: &str, console: &mut Console, out: &mut Out) {
        self.end(Err(format!("the delay was not measured: {why}")), console, out);
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
            "connect output 1 to input {input} with a cable, or a microphone before the loudspeaker, and measure again"
        );
        if self.peak < SILENT {
            return format!("no signal at input {input}: {connect}");
        }
        let peak = Decibels::from_amplitude(self.peak).0;
        format!("the probe does not come in at input {input}, which hears {peak:.0} dB of something else: {connect}")
    }

    fn not_settled(&self) -> String {
        let input = self.input;
        let delays: Vec<String> = self.rounds.iter().map(|round| format!("{:.2}", round.delay.frames)).collect();
        let heard = match &delays[..] {
            [] => "only a part of the probe comes in".to_owned(),
            delays => format!("it was {} frames", delays.join(", then ")),
        };
        let advice = if self.peak >= CLIPS { "turn its gain down: it clips" } else { "turn it up, or have less noise" };
        format!("the delay to input {input} does not settle: {heard}; {advice}, and measure again")
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

    /// The delay, where its sweeps agree, or it agrees with one before it.
    fn settled(&self, before: &[Round]) -> Option<MeasuredDelay> {
        if self.apart_frames <= AGREE_FRAMES {
            return Some(self.delay);
        }
        let agrees = |round: &&Round| (round.delay.frames - self.delay.frames).abs() <= AGREE_FRAMES;
        before.iter().find(agrees).map(|round| both(round.delay, self.delay))
    }
}

/// Of two measurements: the mean, in which the surer one counts for more unless both are surer than they are apart.
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

/// The shortest search that finds a delay.
fn look_for(delay_frames: f64) -> usize {
    LOOKS_FRAMES.into_iter().find(|look| *look as f64 >= delay_frames).unwrap_or(LONGEST_FRAMES)
}

impl Control {
    /// Measures the delay to an input, where nothing else is to be heard or recorded.
    pub(super) fn measure_latency(&mut self, input: Option<InputNumber>, now: Moment) -> Answer {
        let Control { out, console, recorder, latency, device, .. } = self;
        if recorder.takes.any_recording() || recorder.takes.is_open() {
            return Err("latency.measure: a take is being recorded; record.stop ends it".to_owned());
        }
        if out.plan.is_rolling() {
            return Err("latency.measure: the song plays; transport.stop stops it".to_owned());
        }
        if !device.running {
            return Err(format!("latency.measure: {} is gone and waited for", device.name));
        }
        latency.look_at_device(device);
        latency.measure(input, console, out, now)
    }
}

#[cfg(test)]
mod tests;
