//! What each command does: one arm a command, one function where it takes more than a line.
//!
//! An answer is a sentence for whoever asked, empty where the status says it all.

use super::{Control, Moment, follow::ECHO_NS, instrument::Instrument, morph::glides};
use crate::{
    command::{
        Command,
        arg::{
            Hex, Millis, Name, OffsetMs, OnOff, Percent, PortName, Switch, TempoStep, Text, ThruChannel, Velocity,
            Which,
        },
        channels::ChannelList,
    },
    engine::{
        audio::{
            click::CountIn,
            renderer::{Order, Source},
        },
        midi::{
            clock_out::START_LEAD_SECONDS,
            scheduler::{Outgoing, SPACING_NS, What},
            sent::PortIndex,
            thru::Route,
        },
        station::Answer,
    },
    hints,
    midi::Message,
    music::{Bpm, Decibels, Note, Position, Song},
    profile::Target,
    status::Event,
};

/// Notes and knobs have nowhere to go.
const NO_PORT: &str = "there is no MIDI port to play on; --port sim plays the built-in synth";

/// Nothing to say.
pub(super) fn done() -> Answer {
    Ok(String::new())
}

impl Control {
    pub(super) fn execute(&mut self, command: &Command, now: Moment) -> Answer {
        match command {
            Command::TransportPlay {} => self.play(self.cue_pulse, now),
            Command::TransportStop {} => self.stop(now),
            Command::TransportToggle {} if self.playing() => self.stop(now),
            Command::TransportToggle {} => self.play(self.cue_pulse, now),
            Command::TransportContinue {} if self.playing() => done(),
            Command::TransportContinue {} => self.play(self.song_pulse(now), now),
            Command::TransportLocate { position } => self.locate(*position, now),
            Command::ClockBpm { bpm } => self.set_bpm(*bpm, now),
            Command::ClockTap {} => self.tap(now),
            Command::ClockNudge { bpm: TempoStep(step) } => {
                let bpm = self.plan.last().timeline.bpm.get() + step;
                self.set_bpm(Bpm::new(bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get())).unwrap_or_default(), now)
            }
            Command::ClockSource { source } => self.set_source(*source),
            Command::ClockOffset { port, ms: OffsetMs(ms) } => self.set_offset(port, *ms),
            Command::ClockSend { port, what, state } => self.set_sends(port, *what, *state),
            Command::ClockRun { state: OnOff(on) } => self.set_clock(*on, now),
            Command::RecordStart { name } => self.record(name.as_ref(), now),
            Command::RecordStop {} => self.stop_recording(now),
            Command::RecordCapture { length } => self.capture(*length, now),
            Command::RecordMark { text } => self.mark(text.as_ref(), now),
            Command::RecordSet { option, value } => self.set_recorder(option, value.as_ref()),
            Command::RecordToggle {} if self.takes.recording() => self.stop_recording(now),
            Command::RecordToggle {} => self.record(None, now),
            Command::RecordStatus {} => self.say_recording(now),
            Command::TakePlay { take } => self.play_take(take),
            Command::TakeStop {} => self.stop_take(),
            Command::TakeSeek { seconds } => self.seek_take(*seconds),
            Command::TakeList { state } => self.list_takes(*state),
            Command::TakeRename { take, to } => self.rename_take(take, to),
            Command::TakeRemove { take } => self.remove_take(take),
            Command::ClickOn { state } => self.set_click(*state),
            Command::MonitorGain { gain } => self.set_monitor(*gain),
            Command::InputGain { channels, gain } => self.set_input_gain(channels, *gain),
            Command::MeterClear {} => {
                self.inputs.iter_mut().chain(&mut self.outputs).for_each(super::Levels::clear);
                done()
            }
            Command::ParamSet { name, value: Text(value) } => {
                let index = self.param(name)?;
                let param = &self.instrument().profile.params[index];
                let value = param.parse(value).map_err(|error| format!("param.set {error}"))?;
                self.turn(index, value, now)
            }
            Command::ParamStep { name, steps } => {
                let index = self.param(name)?;
                let instrument = self.instrument();
                let value = instrument.profile.params[index].step(instrument.values[index], steps.0);
                self.turn(index, value, now)
            }
            Command::ParamReset { name } => {
                let index = self.param(name)?;
                self.turn(index, self.instrument().profile.params[index].default, now)
            }
            Command::ParamRandom { section } => self.random(section.as_ref(), now),
            Command::ParamMutate { percent: Percent(percent), section } => self.mutate(*percent, section.as_ref(), now),
            Command::ParamUndo {} => self.undo(now),
            Command::ParamRedo {} => self.redo(now),
            Command::ModSet { param, modulator } => self.mod_set(param, modulator, now),
            Command::ModOff { param, which } => self.mod_off(param, *which, now),
            Command::ModGate { param, state } => self.mod_gate(param, *state, now),
            Command::AutoArm { state } => self.auto_arm(*state),
            Command::AutoOn { state } => self.auto_on(*state),
            Command::AutoClear { param } => self.auto_clear(param.as_ref()),
            Command::MacroDrive { name, param, from, to, curve } => self.macro_drive(name, param, (*from, *to), *curve),
            Command::MacroDrop { name, param } => self.macro_drop(name, param.as_ref()),
            Command::ProfileUse { id } => self.use_profile(id, now),
            Command::SnapshotSave { name } => self.snapshot_save(name),
            Command::SnapshotRecall { name, length } => self.snapshot_recall(name, *length, now),
            Command::SnapshotRename { name, to } => self.snapshot_rename(name, to),
            Command::SnapshotDelete { name } => self.snapshot_delete(name),
            Command::SnapshotList {} => self.snapshot_list(),
            Command::SnapshotCompare {} => self.snapshot_compare(now),
            Command::SnapshotSend {} => match self.instrument().port {
                Some(port) => {
                    self.resend(port, now);
                    done()
                }
                None => Err(NO_PORT.to_owned()),
            },
            Command::SessionNew { path } => self.session_new(path, now),
            Command::SessionOpen { path } => self.session_open(path, now),
            Command::SessionSave {} => self.session_save(now),
            Command::Learn { what: Text(what) } => self.learn(what),
            Command::LearnCancel {} => self.learn_cancel(),
            Command::LearnForget { what: Text(what) } => self.learn_forget(what),
            Command::PortUse { port } => self.use_port(port),
            Command::MidiThru { from, to, channel } => self.set_thru(from, to, *channel),
            Command::MidiMonitor { state } => self.watch_midi(*state),
            Command::NoteOn { note, velocity } => self.note_on(*note, *velocity, now),
            Command::NoteOff { note } => self.note_off(*note, now),
            Command::NotePlay { note, velocity, ms: Millis(ms) } => {
                let (port, off) = self.begin(*note, *velocity, now)?;
                self.end(port, off, Some(*note), now.ns + u64::from(*ms) * 1_000_000, now);
                done()
            }
            Command::MidiSend { hex } => self.send_raw(hex, now.ns),
            Command::MidiPanic {} => {
                for port in self.ports.indices() {
                    self.scheduler.send(Outgoing { port, due_ns: now.ns, what: What::Panic });
                }
                self.renderer.order(Order::Silence);
                self.gates_off(now);
                self.guests.release_all();
                Ok("all notes off".to_owned())
            }
            Command::Quit {} => {
                self.quit = true;
                done()
            }
        }
    }

    pub(super) fn playing(&self) -> bool {
        matches!(self.plan.last().song, Song::Rolling { .. })
    }

    /// The song's place when the next change can take effect.
    fn song_pulse(&self, now: Moment) -> f64 {
        let frame = now.open_frame.max(self.plan.last().from_frame);
        self.plan.last().song_pulse_at(frame as f64)
    }

    pub(super) fn publish_plan(&self) {
        self.plan_writer.write(&self.plan);
    }

    /// The first frame on which the song may begin or go on elsewhere so that a follower knows of it in time.
    fn follower_frame(&self, now: Moment) -> i64 {
        let last = self.plan.last();
        let lead_seconds = if last.clock_on { START_LEAD_SECONDS } else { 0.0 };
        now.open_frame + (lead_seconds * last.timeline.sample_rate_hz).ceil() as i64
    }

    fn play(&mut self, from_pulse: f64, now: Moment) -> Answer {
        self.plan.roll(from_pulse, self.follower_frame(now));
        self.publish_plan();
        self.tell(Event::Playing { from: Position::of_pulse(from_pulse) });
        done()
    }

    pub(super) fn stop(&mut self, now: Moment) -> Answer {
        if self.playing() {
            let at_pulse = self.song_pulse(now).max(0.0);
            // A count-in ends with the song it counts in.
            self.renderer.order(Order::CountIn(CountIn::NONE));
            self.plan.stand(at_pulse, now.open_frame);
            self.publish_plan();
            self.tell(Event::Stopped { at: Position::of_pulse(at_pulse) });
        }
        done()
    }

    fn locate(&mut self, position: Position, now: Moment) -> Answer {
        self.cue_pulse = position.pulses(self.plan.last().timeline.bpm);
        if self.playing() {
            self.plan.roll(self.cue_pulse, self.follower_frame(now));
        } else {
            self.plan.stand(self.cue_pulse, now.open_frame);
        }
        self.publish_plan();
        done()
    }

    pub(super) fn set_bpm(&mut self, bpm: Bpm, now: Moment) -> Answer {
        if self.sync.is_followed() {
            return Err(
                "the tempo is that of the clock that comes in; `clock.source internal` makes it busker's".into()
            );
        }
        self.plan.set_bpm(bpm, now.open_frame);
        self.publish_plan();
        self.tell(Event::Tempo { bpm: bpm.get() });
        done()
    }

    fn set_clock(&mut self, on: bool, now: Moment) -> Answer {
        self.plan.set_clock(on, now.open_frame);
        self.publish_plan();
        done()
    }

    fn set_click(&mut self, state: Switch) -> Answer {
        self.click_on = state.applied_to(self.click_on);
        self.renderer.order(Order::Click(self.click_on));
        done()
    }

    fn set_monitor(&mut self, gain: Decibels) -> Answer {
        self.monitor = gain;
        self.renderer.order(Order::MonitorGain(gain.amplitude()));
        done()
    }

    /// Channels are those of the device; of the built-in synth, 1 is left and 2 is right.
    fn set_input_gain(&mut self, channels: &ChannelList, gain: Decibels) -> Answer {
        let place = |channel: usize| {
            self.sources.iter().position(|source| match *source {
                Source::Device(device) => device == channel,
                Source::Synth(side) => side == channel,
            })
        };
        let places: Option<Vec<usize>> = channels.indices().map(place).collect();
        let Some(places) = places else {
            return Err(format!("input.gain {channels}: the inputs are {}", self.input_channels));
        };
        for place in places {
            self.gains[place] = gain;
            self.renderer.order(Order::InputGain(place as u8, gain.amplitude()));
        }
        done()
    }

    fn param(&self, Name(name): &Name) -> Result<usize, String> {
        self.instrument().param(name)
    }

    fn turn(&mut self, index: usize, value: u16, now: Moment) -> Answer {
        self.move_by_hand(self.current, index, value, now);
        self.send_value(self.current, index, now);
        done()
    }

    fn undo(&mut self, now: Moment) -> Answer {
        let Some(mut step) = self.instruments[self.current].history.undo() else {
            return Err("there is nothing to undo".to_owned());
        };
        self.exchange_snapshot(&mut step.shelved);
        self.go_to(self.current, &step.before(), now);
        let answer = format!("undone: {}", step.label);
        self.instruments[self.current].history.undone(step);
        Ok(answer)
    }

    fn redo(&mut self, now: Moment) -> Answer {
        let Some(mut step) = self.instruments[self.current].history.redo() else {
            return Err("there is nothing to redo".to_owned());
        };
        self.exchange_snapshot(&mut step.shelved);
        self.go_to(self.current, &step.after(), now);
        let answer = format!("redone: {}", step.label);
        self.instruments[self.current].history.redone(step);
        Ok(answer)
    }

    /// Notes where a hand, a script or the synth's own knob moved a parameter of an instrument: it can be undone. What
    /// a macro drives goes along.
    pub(super) fn move_by_hand(&mut self, at: usize, index: usize, value: u16, now: Moment) {
        let before = self.instruments[at].values[index];
        self.record_turn(at, index, (before, value), now);
        let driven = self.instruments[at].driven(index, value);
        let Instrument { history, values, profile, .. } = &mut self.instruments[at];
        let moves = std::iter::once((index, value)).chain(driven.iter().copied());
        let moves: Vec<(usize, (u16, u16))> = moves.map(|(index, value)| (index, (values[index], value))).collect();
        history.hand(&moves, &profile.params[index].name, now.ns);
        self.instruments[at].leave_morph(index);
        self.set_value(at, index, value);
        self.go_to(at, &driven, now);
    }

    /// Moves parameters of an instrument and sends them.
    pub(super) fn go_to(&mut self, at: usize, targets: &[(usize, u16)], now: Moment) {
        for (index, value) in targets {
            self.instruments[at].leave_morph(*index);
            self.set_value(at, *index, *value);
        }
        self.send_values(at, targets.iter().map(|(index, _)| *index).collect(), now);
    }

    /// Sends where parameters of an instrument stand: its program first, for that turns the others.
    pub(super) fn send_values(&mut self, at: usize, mut indices: Vec<usize>, now: Moment) {
        let params = &self.instruments[at].profile.params;
        indices.sort_by_key(|index| params.get(*index).and_then(|param| param.target).map(Target::precedence));
        for index in indices {
            self.send_value(at, index, now);
        }
    }

    /// Sends where a parameter of an instrument stands; where a morph has it on its way, that goes on.
    pub(super) fn send_value(&mut self, at: usize, index: usize, now: Moment) {
        if self.instruments[at].motion.moves(index) {
            return self.move_knob(at, index, now);
        }
        if self.send_on_its_way(at, index, now) {
            return;
        }
        let instrument = &self.instruments[at];
        let param = &instrument.profile.params[index];
        // Between two options there is nothing to glide over.
        let of_port = instrument.port.and_then(|port| self.ports.get(port)?.settings.smoothing_ms);
        let smoothing_ms = param.smoothing_ms.or(instrument.profile.smoothing_ms).or(of_port);
        let smoothing_ms = smoothing_ms.filter(|_| glides(param));
        let glide_ns = smoothing_ms.map_or(0, |ms| u64::from(ms) * 1_000_000);
        self.send_over(at, index, instrument.values[index], glide_ns, now);
    }

    /// Sends a parameter of an instrument to a value in so much time.
    pub(super) fn send_over(&mut self, at: usize, index: usize, value: u16, glide_ns: u64, now: Moment) {
        let instrument = &mut self.instruments[at];
        let param = &instrument.profile.params[index];
        let (Some(port), Some(target)) = (instrument.port, param.target) else { return };
        let of_port = self.ports.get(port).and_then(|port| port.settings.spacing_ms);
        let spacing_ms = param.spacing_ms.or(of_port).or(instrument.profile.spacing_ms);
        let spacing_ns = spacing_ms.map_or(SPACING_NS, |ms| u64::from(ms) * 1_000_000);
        let channel = instrument.channel();
        instrument.follow_from_ns[index] = now.ns + glide_ns + spacing_ns + ECHO_NS;
        let what = What::Control { channel, target, halves: param.halves, value, spacing_ns, glide_ns };
        self.scheduler.send(Outgoing { port, due_ns: now.ns, what });
    }

    /// Notes where a parameter of an instrument stands, and tells it where that is news.
    pub(super) fn set_value(&mut self, at: usize, index: usize, value: u16) {
        let instrument = &mut self.instruments[at];
        if std::mem::replace(&mut instrument.values[index], value) != value {
            self.tell_value(at, index);
        }
    }

    /// Tells where a parameter of an instrument stands.
    pub(super) fn tell_value(&self, at: usize, index: usize) {
        let instrument = &self.instruments[at];
        let (param, value) = (&instrument.profile.params[index], instrument.values[index]);
        self.tell(Event::ParamSet { name: param.name.clone(), value, shown: param.display(value) });
    }

    fn use_profile(&mut self, Name(id): &Name, now: Moment) -> Answer {
        let Some(profile) = self.library.get(id).cloned() else {
            let ids: Vec<&str> = self.library.ids().collect();
            return Err(format!("there is no profile '{id}'; {}", hints::there_is(&ids)));
        };
        self.stop_morph(self.current, now);
        let channel = self.instrument().channel();
        self.instruments[self.current].take_profile(profile);
        self.leave_channel(self.current, channel, now);
        self.tell(Event::ProfileUsed { id: id.clone() });
        done()
    }

    fn use_port(&mut self, port: &PortName) -> Answer {
        let index = self.ports.find(port)?;
        let name = self.ports.name(index).to_owned();
        match self.instruments.iter().position(|instrument| instrument.port == Some(index)) {
            Some(at) => {
                self.current = at;
                self.tell(Event::InstrumentUsed { port: index.0 + 1, name });
                done()
            }
            None => Err(format!("{name} is only heard: nothing can be played on it")),
        }
    }

    fn set_offset(&mut self, port: &PortName, ms: f64) -> Answer {
        let index = self.ports.find(port)?;
        if let Some(port) = self.ports.get(index) {
            port.panel.set_offset_ms(ms);
        }
        Ok(format!("{} is {ms:+} ms in time", self.ports.name(index)))
    }

    fn set_sends(&mut self, port: &PortName, what: Which, state: Switch) -> Answer {
        let index = self.ports.find(port)?;
        if let Some(port) = self.ports.get(index) {
            let mut sends = port.panel.sends();
            let parts = [
                (Which::Pulses, &mut sends.pulses),
                (Which::Transport, &mut sends.transport),
                (Which::Position, &mut sends.position),
            ];
            for (_, part) in parts.into_iter().filter(|(part, _)| what == Which::All || what == *part) {
                *part = state.applied_to(*part);
            }
            port.panel.set_sends(sends);
        }
        done()
    }

    fn set_thru(&mut self, from: &PortName, to: &PortName, channel: ThruChannel) -> Answer {
        let (from, to) = (self.ports.find(from)?, self.ports.find(to)?);
        let route = match channel {
            ThruChannel::Off => Route::Off,
            ThruChannel::AsIs => Route::AsIs,
            ThruChannel::On(channel) => Route::On(channel),
        };
        self.thru(from, to, route)?;
        done()
    }

    fn note_on(&mut self, note: Note, velocity: Velocity, now: Moment) -> Answer {
        let (port, off) = self.begin(note, velocity, now)?;
        self.guests.hold(port, off, note);
        done()
    }

    /// Begins a note on the instrument in use; where it sounds, and what ends it there.
    fn begin(&mut self, note: Note, velocity: Velocity, now: Moment) -> Result<(PortIndex, Message), String> {
        let Some(port) = self.instrument().port else { return Err(NO_PORT.to_owned()) };
        let channel = self.instrument().channel();
        self.send_to(port, now.ns, What::Message(Message::note_on(channel, note, velocity.get())));
        self.gate_on(self.current, note, now);
        Ok((port, Message::note_off(channel, note)))
    }

    /// Ends a note where it began; one that nobody began, on the instrument in use.
    fn note_off(&mut self, note: Note, now: Moment) -> Answer {
        let mut ends = self.guests.ends_of(note);
        if ends.is_empty() {
            let off = Message::note_off(self.instrument().channel(), note);
            ends.extend(self.instrument().port.map(|port| (port, off)));
        }
        for (port, off) in ends {
            self.end(port, off, Some(note), now.ns, now);
        }
        done()
    }

    fn send_raw(&mut self, hex: &Hex, due_ns: u64) -> Answer {
        for bytes in hex.messages() {
            for port in self.ports.outputs().collect::<Vec<_>>() {
                let what = match Message::from_bytes(bytes) {
                    Some(message) => {
                        self.guests.track(port, &message);
                        What::Message(message)
                    }
                    None => What::SysEx(bytes.into()),
                };
                self.scheduler.send(Outgoing { port, due_ns, what });
            }
        }
        done()
    }
}
