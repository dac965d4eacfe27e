//! The halves of each MIDI port: the scheduler's, the clock's, the callback's and the control thread's.

use crate::engine::{
    audio::port::CallbackPort,
    control::{MidiHandles, MidiPort},
    frame_clock::FrameClock,
    host::open_port::{OpenPort, PortWay},
    midi::{
        clock_out::ClockOut,
        clock_thread::{ClockPort, ClockThread},
        input::{Inlet, MidiIn},
        message_queue::message_queue,
        panel::PortPanel,
        plug::Nowhere,
        port::{CallbackOut, MidiOut},
        pulse_watch::PulseWatch,
        scheduler::{Scheduler, SchedulerPort},
        scheduler_thread::{SchedulerRunner, scheduler_queue},
        sent::{PortIndex, SentReader, sent_log},
    },
    plan_cell::PlanReader,
};
use std::sync::{Arc, atomic::AtomicU32};

/// The callback's half.
pub struct CallbackMidi {
    /// The ports that it sends to, JACK's before the built-in synth's.
    pub ports: Vec<CallbackPort>,
    /// The inlet of each of JACK's ports.
    pub inlets: Vec<Option<Inlet>>,
    /// Which of the ports is the built-in synth's.
    pub synth: Option<usize>,
}

/// The threads' half.
pub struct MidiThreads {
    /// The scheduler's, with its waker.
    pub scheduler: SchedulerRunner,
    /// The clock's, where a port is reached from threads.
    pub clock: Option<ClockThread>,
}

/// All halves of these ports. Messages in the callback are `delay_frames` late, so that they keep their distance.
pub fn halves(
    ports: Vec<OpenPort>,
    frames: &FrameClock,
    delay_frames: &Arc<AtomicU32>,
    plan: PlanReader,
    callback_sent: SentReader,
) -> (CallbackMidi, MidiThreads, MidiHandles) {
    let mut callback = CallbackMidi { ports: Vec::new(), inlets: Vec::new(), synth: None };
    let (mut known, mut received, mut thru) = (Vec::new(), Vec::new(), Vec::new());
    let (mut outs, mut clock_ports, mut synth_port) = (Vec::new(), Vec::new(), None);
    for (i, port) in ports.into_iter().enumerate() {
        let index = PortIndex(i as u8);
        let panel = Arc::new(PortPanel::new(port.settings.sends, port.settings.offset_ms));
        let mut input = port.input.map(|input| input.at(index));
        let is_played = match port.way {
            PortWay::InputOnly => false,
            PortWay::Jack { .. } => port.settings.output,
            PortWay::BuiltIn | PortWay::Threads { .. } => true,
        };
        known.push(MidiPort {
            info: port.info,
            panel: Arc::clone(&panel),
            wire: port.wire,
            settings: port.settings,
            kept: port.kept,
            output: is_played,
            input: input.is_some(),
            connected: port.connected,
            unmet: Vec::new(),
        });
        thru.extend(input.as_mut().and_then(MidiIn::take_thru));
        received.extend(input);
        let in_callback = || {
            let (sender, receiver) = message_queue();
            let out: Box<dyn MidiOut> = Box::new(CallbackOut::new(sender, frames.clone(), Arc::clone(delay_frames)));
            let clock = is_played.then(ClockOut::new);
            (out, CallbackPort::new(index, receiver, clock, Arc::clone(&panel)))
        };
        let out: Box<dyn MidiOut> = match port.way {
            PortWay::Jack { inlet } => {
                let (out, port) = in_callback();
                callback.ports.push(port);
                callback.inlets.push(inlet);
                if is_played { out } else { Box::new(Nowhere) }
            }
            PortWay::BuiltIn => {
                let (out, port) = in_callback();
                synth_port = Some(port);
                out
            }
            PortWay::Threads { scheduler, clock } => {
                clock_ports.push(ClockPort::new(index, clock, Arc::clone(&panel)));
                scheduler
            }
            PortWay::InputOnly => Box::new(Nowhere),
        };
        outs.push(SchedulerPort { out, panel, wire: port.wire });
    }
    callback.synth = synth_port.map(|port| {
        callback.ports.push(port);
        callback.ports.len() - 1
    });

    let (scheduler_log, scheduler_sent) = sent_log();
    let (clock_log, clock_sent) = sent_log();
    let pulses = PulseWatch::new(plan.clone(), frames.clone());
    let (sender, message_queue) = scheduler_queue();
    let scheduler = SchedulerRunner::new(Scheduler::new(outs, scheduler_log, Some(pulses)), message_queue, thru);
    let clock = (!clock_ports.is_empty()).then(|| ClockThread::new(clock_ports, plan, frames.clone(), clock_log));
    let handles = MidiHandles {
        scheduler: sender,
        ports: known,
        received,
        sent: vec![callback_sent, scheduler_sent, clock_sent],
        clock_counters: clock.as_ref().map(ClockThread::counters),
    };
    (callback, MidiThreads { scheduler, clock }, handles)
}
