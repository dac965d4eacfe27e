//! Which owner does what each command asks: one arm a command.
//!
//! An answer is a sentence for whoever asked, empty where the status says it all.

use super::{
    Control, Moment,
    out::done,
    sessions::{House, snapshots},
    tracks::Tracks,
};
use crate::{
    command::{
        Command,
        arg::{Millis, OffsetMs, OnOff, Percent, TempoStep, Text},
    },
    engine::{disk::exporter::ExportKind, station::Answer},
    session::history::Subject,
};

/// The newest change is of an instrument that is not shown.
const OTHER_INSTRUMENT: &str = "the last change is of another instrument; port.use selects it";

impl Control {
    pub(super) fn execute(&mut self, command: &Command, now: Moment) -> Answer {
        let Control {
            out,
            transport,
            console,
            recorder,
            audition,
            instruments,
            ports,
            learn,
            sessions,
            replay,
            latency,
            tracks,
            exports,
            ..
        } = self;
        let rate_hz = self.device.sample_rate_hz;
        match command {
            Command::TransportPlay {} => transport.play(out, now),
            Command::TransportStop {} => transport.stop(out, now),
            Command::TransportToggle {} => transport.toggle(out, now),
            Command::TransportContinue {} => transport.go_on(out, now),
            Command::TransportLocate { position } => transport.locate(*position, out, now),
            Command::ClockBpm { bpm } => transport.set_bpm(*bpm, out, now),
            Command::ClockTap {} => transport.tap(out, now),
            Command::ClockNudge { bpm: TempoStep(step) } => transport.nudge(*step, out, now),
            Command::ClockRun { state: OnOff(on) } => transport.set_clock(*on, out, now),
            Command::ClockSource { source } => transport.set_source(*source, ports, out),
            Command::ClockOffset { port, ms: OffsetMs(ms) } => ports.set_offset(port, *ms),
            Command::ClockSend { port, what, state } => ports.set_sends(port, *what, *state),
            Command::TrackAdd { name } => tracks.add(name.as_ref(), out),
            Command::TrackRemove { track } => tracks.remove(*track, &mut recorder.takes, out, now),
            Command::TrackName { track, name } => tracks.rename(*track, name, out),
            Command::TrackInput { track, taps } => tracks.set_input(*track, taps, &recorder.takes, out),
            Command::TrackArm { track, state } => tracks.arm(*track, *state, out),
            Command::TrackMonitor { track, mode } => tracks.set_monitor(*track, *mode, out),
            Command::TrackGain { track, gain } => tracks.set_gain(*track, *gain, out, now),
            Command::TrackPan { track, pan } => tracks.set_pan(*track, *pan, out, now),
            Command::TrackMute { track, state } => tracks.mute(*track, *state, out),
            Command::TrackSolo { track, state } => tracks.solo(*track, *state, out),
            Command::TrackSafe { track, state } => tracks.solo_safe(*track, *state, out),
            Command::TrackMode { track, mode } => tracks.set_mode(*track, *mode, out),
            Command::TrackFeedback { track, percent } => tracks.set_feedback(*track, *percent, out),
            Command::TrackPedal { track, state } => {
                self.on_stage(now, |tracks, stage, out, now| tracks.pedal(*track, *state, stage, out, now))
            }
            Command::TrackKeep { track, bars } => {
                self.on_stage(now, |tracks, stage, out, now| tracks.keep(*track, *bars, stage, out, now))
            }
            Command::TrackRecord { state } => {
                self.on_stage(now, |tracks, stage, out, now| tracks.record(*state, stage, out, now))
            }
            Command::TrackUndo { track } => tracks.undo_track(*track, out),
            Command::TrackRedo { track } => tracks.redo_track(*track, out),
            Command::TrackClear { track } => tracks.clear_track(*track, &mut recorder.takes, out, now),
            Command::TrackSpeed { track, speed } => tracks.set_speed(*track, *speed, out),
            Command::TrackMultiply { track, times } => tracks.multiply(*track, *times, out),
            Command::TrackCrop { track, bars } => tracks.crop(*track, *bars, out),
            Command::ClipList { track } => tracks.list_clips(*track, out),
            Command::ClipMove { track, clip, to } => tracks.move_clip((*track, *clip), *to, out),
            Command::ClipSnap { track, clip } => tracks.snap_clip((*track, *clip), out),
            Command::ClipTrim { track, clip, from, to } => tracks.trim_clip((*track, *clip), [*from, *to], out),
            Command::ClipSplit { track, clip, at } => tracks.split_clip((*track, *clip), *at, out, now),
            Command::ClipDuplicate { track, clip, to } => tracks.duplicate_clip((*track, *clip), *to, out),
            Command::ClipGain { track, clip, gain } => tracks.set_clip_gain((*track, *clip), *gain, out, now),
            Command::ClipFade { track, clip, fade_in, fade_out } => {
                tracks.fade_clip((*track, *clip), [*fade_in, *fade_out], out)
            }
            Command::ClipMute { track, clip, state } => tracks.mute_clip((*track, *clip), *state, out),
            Command::ClipDelete { track, clip } => tracks.delete_clip((*track, *clip), out),
            Command::EditUndo {} => self.undo_newest(now),
            Command::EditRedo {} => self.redo_newest(now),
            Command::LoopSet { from, to } => tracks.set_loop((*from, *to), out, now),
            Command::LoopOn { state } => tracks.loop_on(*state, out, now),
            Command::LoopBars { bars } => tracks.loop_bars(*bars, out, now),
            Command::QuantizeSet { grid } => tracks.set_grid(*grid, out),
            Command::TransportCancel {} => tracks.cancel_waiting(),
            Command::MarkerAdd { name } => tracks.add_marker(name.as_ref(), out, now),
            Command::MarkerGo { marker } => tracks.go_to_marker(marker, transport, out, now),
            Command::ExportMix { name } => {
                exports.begin(ExportKind::Mix, name.as_ref(), (tracks, &recorder.takes), out, now)
            }
            Command::ExportStems { name } => {
                exports.begin(ExportKind::Stems, name.as_ref(), (tracks, &recorder.takes), out, now)
            }
            Command::ExportSet { option, value } => exports.set_option(option, value.as_ref()),
            Command::ExportCancel {} => exports.cancel(),
            Command::ClickOn { state } => console.set_click(*state, out),
            Command::MonitorGain { gain } => console.set_monitor(*gain, out),
            Command::InputGain { channels, gain } => console.set_input_gain(channels, *gain, out),
            Command::MasterGain { gain } => tracks.set_master(*gain, out, now),
            Command::LimiterOn { state } => console.set_limiter(*state, out),
            Command::MeterClear {} => {
                tracks.clear_meters();
                console.clear()
            }
            Command::LatencyMeasure { input } => self.measure_latency(*input, now),
            Command::LatencySet { ms: OffsetMs(ms) } => latency.set_offset(*ms, out),
            Command::RecordStart { name } => self.record(name.as_ref(), now),
            Command::RecordStop {} => self.stop_recording(now),
            Command::RecordToggle {} if recorder.recording() => self.stop_recording(now),
            Command::RecordToggle {} => self.record(None, now),
            Command::RecordCapture { length } => self.capture(*length, now),
            Command::RecordMark { text } => recorder.mark(text.as_ref(), now),
            Command::RecordSet { option, value } => recorder.set_option(option, value.as_ref()),
            Command::RecordStatus {} => recorder.say(now),
            Command::TakeRename { take, to } => recorder.rename(take, to, out),
            Command::TakeRemove { take } => recorder.remove(take, out),
            Command::TakeList { state } => self.look_at_takes(*state),
            Command::TakePlay { take } => audition.play(take, recorder.takes.folder(), rate_hz, out),
            Command::TakeStop {} => audition.stop(out),
            Command::TakeReplay { take } => replay.ask(take, recorder, out),
            Command::TakeSeek { seconds } => audition.seek(*seconds, rate_hz, out),
            Command::ParamSet { name, value } => instruments.set_param(name, value, out, now),
            Command::ParamStep { name, steps } => instruments.step_param(name, *steps, out, now),
            Command::ParamReset { name } => instruments.reset_param(name, out, now),
            Command::ParamRandom { section } => instruments.random(section.as_ref(), out, now),
            Command::ParamMutate { percent: Percent(percent), section } => {
                instruments.mutate(*percent, section.as_ref(), out, now)
            }
            Command::ParamUndo {} => sessions.undo(instruments, out, now),
            Command::ParamRedo {} => sessions.redo(instruments, out, now),
            Command::ModSet { param, modulator } => instruments.mod_set(param, modulator, out, now),
            Command::ModOff { param, which } => instruments.mod_off(param, *which, out, now),
            Command::ModGate { param, state } => instruments.mod_gate(param, *state, out, now),
            Command::AutoArm { state } => instruments.auto_arm(*state, out),
            Command::AutoOn { state } => instruments.auto_on(*state),
            Command::AutoClear { param } => instruments.auto_clear(param.as_ref(), out),
            Command::MacroDrive { name, param, from, to, curve } => {
                instruments.macro_drive(name, param, (*from, *to), *curve, out)
            }
            Command::MacroDrop { name, param } => instruments.macro_drop(name, param.as_ref(), out),
            Command::ProfileUse { id } => instruments.use_profile(id, out, now),
            Command::PortUse { port } => instruments.use_port(port, ports, out),
            Command::SnapshotSave { name } => sessions.save_snapshot(name, instruments, out),
            Command::SnapshotRename { name, to } => sessions.rename_snapshot(instruments.profile_id(), (name, to), out),
            Command::SnapshotDelete { name } => sessions.delete_snapshot(name, instruments, out),
            Command::SnapshotList {} => snapshots::list(&out.model, instruments.profile_id()),
            Command::SnapshotRecall { name, length } => snapshots::recall((name, *length), instruments, out, now),
            Command::SnapshotCompare {} => instruments.compare_snapshots(out, now),
            Command::SnapshotSend {} => instruments.send_all(out, now),
            Command::SessionNew { path } => {
                sessions.begin(path, House { transport, recorder, instruments, ports, tracks }, out, now)
            }
            Command::SessionOpen { path } => {
                sessions.open(path, House { transport, recorder, instruments, ports, tracks }, out, now)
            }
            Command::SessionSave {} => {
                sessions.save(&House { transport, recorder, instruments, ports, tracks }, out, now)
            }
            Command::Learn { what: Text(what) } => learn.begin(what, &instruments.instrument().profile, ports),
            Command::LearnCancel {} => learn.cancel(),
            Command::LearnForget { what: Text(what) } => learn.forget(what, out),
            Command::MidiThru { from, to, channel } => ports.set_thru(from, to, *channel),
            Command::MidiMonitor { state } => self.watch_midi(*state),
            Command::MidiSend { hex } => self.send_raw(hex, now.ns),
            Command::MidiPanic {} => self.panic(now),
            Command::NoteOn { note, velocity } => self.note_on(*note, *velocity, now),
            Command::NoteOff { note } => self.note_off(*note, now),
            Command::NotePlay { note, velocity, ms: Millis(ms) } => self.note_play(*note, *velocity, *ms, now),
            Command::Quit {} => {
                self.quit = true;
                done()
            }
        }
    }
}

impl Control {
    /// Undoes the newest step of all.
    fn undo_newest(&mut self, now: Moment) -> Answer {
        let Control { out, instruments, sessions, .. } = self;
        match out.history.newest() {
            None => Err("nothing to undo".to_owned()),
            Some(Subject::Instrument(at)) if at != instruments.current => Err(OTHER_INSTRUMENT.to_owned()),
            Some(Subject::Instrument(_)) => sessions.undo(instruments, out, now),
            Some(subject) => Tracks::undo(subject, out),
        }
    }

    /// Does again what was undone last.
    fn redo_newest(&mut self, now: Moment) -> Answer {
        let Control { out, instruments, sessions, .. } = self;
        match out.history.newest_undone() {
            None => Err("nothing to redo".to_owned()),
            Some(Subject::Instrument(at)) if at != instruments.current => Err(OTHER_INSTRUMENT.to_owned()),
            Some(Subject::Instrument(_)) => sessions.redo(instruments, out, now),
            Some(subject) => Tracks::redo(subject, out),
        }
    }
}
