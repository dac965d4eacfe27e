//! The engine in virtual time: the same pieces, stepped one after the other, as fast as the machine goes.
//!
//! Frame and instant are the same thing, nothing runs at the same time as anything else, and a command takes effect on
//! exactly the frame it was given on, so a run is the same to the sample and the byte every time.

use super::{
    assembly::{Assembly, NoSuchInput, Time, assemble},
    audio::renderer::BlockTime,
    config::EngineConfig,
    control::{Moment, Outcome, SentListener},
    frame_clock::FrameTime,
    host::{
        DeviceSpec,
        open_port::{OpenPort, PortInfo, PortWay},
    },
    station::{Answer, Guest, Reply, Station},
};
use crate::{
    command::Command,
    config::PortSettings,
    midi::Wire,
    status::{Event, Shown, Status},
};
use std::{cell::RefCell, sync::mpsc};

/// Frames per second in virtual time.
pub const SAMPLE_RATE_HZ: u32 = 48_000;
/// Frames in a block. Commands cut blocks, so this changes nothing but speed.
pub(super) const BLOCK_FRAMES: i64 = 256;

/// An engine in virtual time, with the built-in synth behind its MIDI port and its inputs.
pub struct Offline {
    engine: Assembly,
    frame: i64,
    disk_hangs: bool,
    /// A cable from the left output to the first input.
    #[cfg(test)]
    cable: Option<tests::Cable>,
    /// The published status; brought up to date on request.
    shown: RefCell<Shown>,
}

/// The built-in synth as a port.
pub fn built_in_port() -> OpenPort {
    let info = PortInfo { id: "sim".to_owned(), name: "built-in synth".to_owned() };
    OpenPort::new(info, PortWay::BuiltIn, Wire::UNLIMITED)
}

impl Offline {
    /// An engine at frame 0.
    ///
    /// # Errors
    /// Where the inputs asked for are not the built-in synth's.
    pub fn new(config: &EngineConfig) -> Result<Offline, NoSuchInput> {
        Offline::with(config, &PortSettings::default())
    }

    /// An engine at frame 0 whose port has these settings, so that a wire can be tried out.
    ///
    /// # Errors
    /// Where the inputs asked for are not the built-in synth's.
    pub fn with(config: &EngineConfig, settings: &PortSettings) -> Result<Offline, NoSuchInput> {
        let port = built_in_port();
        let wire = settings.wire.unwrap_or(port.wire);
        Offline::on(config, vec![OpenPort { wire, settings: settings.clone(), ..port }])
    }

    /// An engine at frame 0 on these ports.
    pub(super) fn on(config: &EngineConfig, ports: Vec<OpenPort>) -> Result<Offline, NoSuchInput> {
        Offline::of_device(config, ports, 0)
    }

    /// The same, for a device with so many inputs, whose samples the renderer reads in place.
    pub(super) fn of_device(
        config: &EngineConfig,
        ports: Vec<OpenPort>,
        inputs: usize,
    ) -> Result<Offline, NoSuchInput> {
        let spec = DeviceSpec {
            host: "sim",
            id: "sim".to_owned(),
            name: "virtual time".to_owned(),
            sample_rate_hz: SAMPLE_RATE_HZ,
            block_frames: BLOCK_FRAMES as u32,
            inputs,
            latency_frames: 0,
        };
        let engine = assemble(config, &spec, ports, Time::Virtual)?;
        let shown = RefCell::new(Shown::from(Status::clone(&engine.station.status())));
        Ok(Offline {
            engine,
            frame: 0,
            disk_hangs: false,
            #[cfg(test)]
            cable: None,
            shown,
        })
    }

    /// For subscribers.
    pub fn station(&self) -> &Station {
        &self.engine.station
    }

    /// From now on `listener` gets each message.
    pub fn listen_to_sent(&mut self, listener: SentListener) {
        self.engine.control.listen_to_sent(listener);
    }

    /// The control thread's state, for tests that act as another thread.
    #[cfg(test)]
    pub(super) fn control(&mut self) -> &mut super::control::Control {
        &mut self.engine.control
    }

    /// A client has left.
    #[cfg(test)]
    pub(super) fn leave(&mut self, guest: Guest) {
        let now = self.now();
        self.engine.control.leave(guest, now);
    }

    /// An engine at frame 0 of a device with so many inputs, the first of which hears the left output.
    #[cfg(test)]
    pub(super) fn on_cable(config: &EngineConfig, inputs: usize, cable: tests::Cable) -> Offline {
        let mut offline = Offline::of_device(config, Vec::new(), inputs).unwrap();
        offline.cable = Some(cable);
        offline
    }

    /// The outputs of the newest block: left or right, as long as the block was.
    #[cfg(test)]
    pub(super) fn output(&self, channel: usize) -> &[f32] {
        self.engine.renderer.output(channel)
    }

    /// Room for the next block of a device input.
    #[cfg(test)]
    pub(super) fn input_mut(&mut self, channel: usize) -> &mut [f32] {
        self.engine.renderer.device_input_mut(channel)
    }

    /// The present frame.
    pub fn frame(&self) -> i64 {
        self.frame
    }

    pub(super) fn now(&self) -> Moment {
        moment(self.frame)
    }

    /// Obeys a command on this very frame.
    pub fn ask(&mut self, command: &Command) -> Answer {
        self.ask_as(Guest::NOBODY, command)
    }

    /// Obeys a command of a client that may leave.
    pub(super) fn ask_as(&mut self, guest: Guest, command: &Command) -> Answer {
        let (reply, answer) = mpsc::channel();
        self.ask_then(guest, command, Box::new(move |answer| drop(reply.send(answer))));
        // In virtual time the disk answers at once.
        answer.try_recv().unwrap_or_else(|_| Ok(String::new()))
    }

    /// Obeys a command on this very frame; its answer may come later.
    pub(super) fn ask_then(&mut self, guest: Guest, command: &Command, reply: Reply) {
        let now = self.now();
        match self.engine.control.obey(command, guest, now) {
            Outcome::Now(answer) => reply(answer),
            Outcome::Later { promise, meanwhile } => self.engine.control.owe(promise, meanwhile, reply, now),
        }
        self.listen();
    }

    /// Has the threads that block do all their work, and takes in their reports.
    fn listen(&mut self) {
        let now = self.now();
        let Assembly { control, disk, detector, .. } = &mut self.engine;
        disk.step(!self.disk_hangs);
        detector.step();
        control.listen(now);
        for (reply, answer) in control.due_answers(now) {
            reply(answer);
        }
    }

    /// From now on the disk writer waits for its disk, or does not any more.
    #[cfg(test)]
    pub(super) fn hang_disk(&mut self, hangs: bool) {
        self.disk_hangs = hangs;
        self.listen();
    }

    /// Whether a client asked to quit.
    pub fn quitting(&self) -> bool {
        self.engine.control.quitting()
    }

    /// Lets time pass up to a frame.
    pub fn run_to(&mut self, frame: i64) {
        while self.frame < frame {
            self.block((frame - self.frame).min(BLOCK_FRAMES));
        }
    }

    fn block(&mut self, frames: i64) {
        let Assembly { renderer, midi, .. } = &mut self.engine;
        let scheduler = &mut midi.scheduler;
        let (begin_ns, end_ns) = (ns_of(self.frame), ns_of(self.frame + frames));
        scheduler.receive(begin_ns);
        while let Some(due_ns) = scheduler.next_due_ns()
            && due_ns < end_ns
        {
            scheduler.step(&|| due_ns.max(begin_ns));
        }
        #[cfg(test)]
        tests::Cable::hand_over(&mut self.cable, renderer, frames as usize);
        renderer.process(frames as usize, BlockTime::Virtual);
        #[cfg(test)]
        tests::Cable::take(&mut self.cable, renderer, frames as usize);
        self.frame += frames;
        self.listen();
    }

    /// The status.
    pub fn status(&self) -> Status {
        let shown = &mut *self.shown.borrow_mut();
        self.engine.control.show(shown, self.now());
        shown.status()
    }

    /// A turn of the control thread alone, as it is taken thirty times a second in real time: it takes in reports, and
    /// publishes changes.
    pub fn turn(&mut self) {
        let now = self.now();
        self.engine.control.listen(now);
        self.show();
    }

    /// Publishes changes of the status.
    pub fn show(&mut self) {
        let now = self.now();
        let shown = self.shown.get_mut();
        self.engine.control.show(shown, now);
        self.engine.control.desk().show(shown);
    }

    /// Ends the run: the take is closed, the synths are silent, the clock is stopped.
    pub fn finish(&mut self) {
        self.engine.control.wind_up(self.now());
        while self.engine.control.is_take_open() {
            self.block(1);
        }
        let now_ns = ns_of(self.frame);
        self.engine.midi.scheduler.receive(now_ns);
        self.engine.midi.scheduler.silence(&|| now_ns);
        self.block(1);
        self.engine.control.save_last(self.now());
        self.engine.control.close_keeper();
        self.engine.disk.step(!self.disk_hangs);
        self.engine.control.listen_to_keeper(self.now().ns);
        self.engine.control.desk().tell(&Event::Quit);
    }
}

/// The instant of a frame: output has no delay, and every frame can still be changed.
fn moment(frame: i64) -> Moment {
    let ns_per_frame = 1e9 / f64::from(SAMPLE_RATE_HZ);
    let heard = FrameTime { frame, ns: frame as f64 * ns_per_frame, ns_per_frame };
    Moment { ns: ns_of(frame), heard_frame: frame, open_frame: frame, heard, rendered: heard }
}

/// Virtual time: frames as nanoseconds.
fn ns_of(frame: i64) -> u64 {
    (frame as u128 * 1_000_000_000 / u128::from(SAMPLE_RATE_HZ)) as u64
}

#[cfg(test)]
pub(super) mod tests;
