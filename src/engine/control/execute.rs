//! What each command does: one arm a command, one function where it takes more than a line.
//!
//! An answer is a sentence for whoever asked, empty where the status says it all.

use super::{Control, Moment, follow::ECHO_NS};
use crate::{
    command::{
        Command,
        arg::{Hex, Millis, Name, OnOff, Switch, Text, Velocity},
        channels::ChannelList,
    },
    engine::{
        audio::renderer::{Order, Source},
        midi::{
            scheduler::{Outgoing, SPACING_NS, What},
            sent::PortIndex,
        },
        station::Answer,
    },
    midi::{Channel, Message},
    music::{Bpm, Decibels, Note, Position, Song},
    profile::Param,
    status::Event,
};
use std::sync::Arc;

/// Nothing to say.
fn done() -> Answer {
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
            Command::ClockRun { state: OnOff(on) } => self.set_clock(*on, now),
            Command::RecordStart { name } => self.record(name.as_ref(), now),
            Command::RecordStop {} => self.stop_recording(),
            Command::RecordToggle {} if self.takes.recording() => self.stop_recording(),
            Command::RecordToggle {} => self.record(None, now),
            Command::RecordStatus {} => self.say_recording(now),
            Command::ClickOn { state } => self.set_click(*state),
            Command::MonitorGain { gain } => self.set_monitor(*gain),
            Command::InputGain { channels, gain } => self.set_input_gain(channels, *gain),
            Command::MeterClear {} => {
                self.inputs.iter_mut().chain(&mut self.outputs).for_each(super::Levels::clear);
                done()
            }
            Command::ParamSet { name, value: Text(value) } => {
                let index = self.param(name)?;
                let param = &self.profile.params[index];
                let value = param.parse(value).map_err(|error| format!("param.set {}: {error}", name.0))?;
                self.turn(index, value, now)
            }
            Command::ParamStep { name, steps } => {
                let index = self.param(name)?;
                let value = self.profile.params[index].step(self.values[index], steps.0);
                self.turn(index, value, now)
            }
            Command::ParamReset { name } => {
                let index = self.param(name)?;
                self.turn(index, self.profile.params[index].default, now)
            }
            Command::ProfileUse { id } => self.use_profile(id),
            Command::NoteOn { note, velocity } => self.note_on(*note, *velocity, now.ns),
            Command::NoteOff { note } => self.note_off(*note, now.ns),
            Command::NotePlay { note, velocity, ms: Millis(ms) } => {
                self.note_on(*note, *velocity, now.ns)?;
                self.note_off(*note, now.ns + u64::from(*ms) * 1_000_000)
            }
            Command::MidiSend { hex } => self.send_raw(hex, now.ns),
            Command::MidiPanic {} => {
                for index in 0..self.ports.len() {
                    self.scheduler.send(Outgoing { port: PortIndex(index as u8), due_ns: now.ns, what: What::Panic });
                }
                self.renderer.order(Order::Silence);
                Ok("all notes off".to_owned())
            }
            Command::Quit {} => {
                self.quit = true;
                done()
            }
        }
    }

    fn playing(&self) -> bool {
        matches!(self.plan.last().song, Song::Rolling { .. })
    }

    /// The song's place when the next change can take effect.
    fn song_pulse(&self, now: Moment) -> f64 {
        let frame = now.open_frame.max(self.plan.last().from_frame);
        self.plan.last().song_pulse_at(frame as f64)
    }

    fn publish_plan(&self) {
        self.plan_writer.write(&self.plan);
    }

    fn play(&mut self, from_pulse: f64, now: Moment) -> Answer {
        self.plan.roll(from_pulse, now.open_frame);
        self.publish_plan();
        self.tell(Event::Playing { from: Position::of_pulse(from_pulse) });
        done()
    }

    fn stop(&mut self, now: Moment) -> Answer {
        if self.playing() {
            let at_pulse = self.song_pulse(now).max(0.0);
            self.plan.stand(at_pulse, now.open_frame);
            self.publish_plan();
            self.tell(Event::Stopped { at: Position::of_pulse(at_pulse) });
        }
        done()
    }

    fn locate(&mut self, position: Position, now: Moment) -> Answer {
        self.cue_pulse = position.pulses(self.plan.last().timeline.bpm);
        if self.playing() {
            self.plan.roll(self.cue_pulse, now.open_frame);
        } else {
            self.plan.stand(self.cue_pulse, now.open_frame);
        }
        self.publish_plan();
        done()
    }

    fn set_bpm(&mut self, bpm: Bpm, now: Moment) -> Answer {
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

    fn record(&mut self, name: Option<&Text>, now: Moment) -> Answer {
        if let Some(path) = self.takes.path() {
            return Err(match self.takes.recording() {
                true => format!("already recording to {}; record.stop ends it", path.display()),
                false => format!("{} is still being closed; try again in a moment", path.display()),
            });
        }
        let take = self.takes.begin(name.map(|Text(name)| name.as_str()), now.ns - self.start_ns);
        self.renderer.order(Order::StartTake(take));
        done()
    }

    fn stop_recording(&mut self) -> Answer {
        if !self.takes.recording() {
            return Err("nothing is being recorded; record.start begins a take".to_owned());
        }
        self.takes.stopping();
        self.renderer.order(Order::StopTake);
        done()
    }

    fn say_recording(&self, now: Moment) -> Answer {
        Ok(match self.takes.status(now.open_frame).take {
            Some(take) => format!("recording {:.1} s to {}", take.seconds, take.path.display()),
            None => format!("not recording; takes go to {}", self.takes.folder().display()),
        })
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
        self.profile.param_index(name).ok_or_else(|| {
            let close = |param: &&Param| strsim::damerau_levenshtein(&param.name, name);
            let hint = self.profile.params.iter().min_by_key(close).map_or("", |param| &param.name);
            format!("{} has no parameter '{name}'; the nearest is '{hint}'", self.profile.id)
        })
    }

    fn turn(&mut self, index: usize, value: u16, now: Moment) -> Answer {
        let channel = self.channel();
        let param = &self.profile.params[index];
        let spacing_ns = param.spacing_ms.map_or(SPACING_NS, |ms| u64::from(ms) * 1_000_000);
        let what = What::Control { channel, target: param.target, value, spacing_ns, glide_ns: 0 };
        self.follow_from_ns[index] = now.ns + spacing_ns + ECHO_NS;
        self.send(now.ns, what);
        self.set_value(index, value);
        done()
    }

    /// Notes where a parameter stands, and tells it where that is news.
    pub(super) fn set_value(&mut self, index: usize, value: u16) {
        if std::mem::replace(&mut self.values[index], value) != value {
            let param = &self.profile.params[index];
            self.tell(Event::ParamSet { name: param.name.clone(), value, shown: param.display(value) });
        }
    }

    fn use_profile(&mut self, Name(id): &Name) -> Answer {
        let Some(profile) = self.library.get(id) else {
            let ids: Vec<&str> = self.library.ids().collect();
            return Err(format!("there is no profile '{id}'; there are {}", ids.join(", ")));
        };
        self.profile = Arc::clone(profile);
        self.values = self.profile.params.iter().map(|param| param.default).collect();
        self.follow_from_ns = vec![0; self.values.len()];
        self.tell(Event::ProfileUsed { id: id.clone() });
        done()
    }

    /// The channel the instrument listens to.
    pub(super) fn channel(&self) -> Channel {
        self.channel.or_else(|| Channel::new(self.profile.channel)).unwrap_or(Channel::FIRST)
    }

    fn note_on(&mut self, note: Note, velocity: Velocity, due_ns: u64) -> Answer {
        if self.ports.is_empty() {
            return Err("there is no MIDI port to play on; --port sim plays the built-in synth".to_owned());
        }
        let message = Message::note_on(self.channel(), note, velocity.get());
        self.send(due_ns, What::Message(message));
        done()
    }

    fn note_off(&mut self, note: Note, due_ns: u64) -> Answer {
        let message = Message::note_off(self.channel(), note);
        self.send(due_ns, What::Message(message));
        done()
    }

    fn send_raw(&mut self, hex: &Hex, due_ns: u64) -> Answer {
        for bytes in hex.messages() {
            for index in 0..self.ports.len() {
                let what = match Message::from_bytes(bytes) {
                    Some(message) => What::Message(message),
                    None => What::SysEx(bytes.into()),
                };
                self.scheduler.send(Outgoing { port: PortIndex(index as u8), due_ns, what });
            }
        }
        done()
    }
}
