//! The OSC thread: receives datagrams, passes commands to the engine, sends answers and subscriptions.
//!
//! Every message counts once in the door: as received where it was done or answered, as refused where it is invalid or
//! its sender may not send, as dropped where too many came at once.

mod requests;

use super::{
    agenda::Agenda,
    bell::Bell,
    datagram::{Heard, understand},
    knobs,
    pattern::Pattern,
    post::{self, Post},
    subscriptions::Subscriptions,
    table,
    tree::{self, Tree},
};
use crate::{
    command::{COMMANDS, Command, CommandError, CommandSpec},
    engine::{
        doors::Door,
        station::{Answer, NotAsked, Station},
    },
    profile::Param,
    remote::{from_network, limit::Limit},
    status::Event,
};
use rosc::{OscMessage, OscType};
use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant, SystemTime},
};

/// Commands let in a second, and the largest burst.
const COMMANDS_LET_IN: (u32, u32) = (2_000, 500);
/// Questions let in a second, and the largest burst: one may have hundreds of answers.
const QUESTIONS_LET_IN: (u32, u32) = (500, 100);
/// Datagrams read before anything else gets its turn.
const BATCH: usize = 256;
/// Answers that may wait for the thread.
const ANSWERS: usize = 1024;
/// The farthest a bundle may be ahead.
const AHEAD_MAX: Duration = Duration::from_secs(3_600);

/// The state of the thread.
pub struct Listener {
    station: Station,
    door: Arc<Door>,
    from: Vec<IpAddr>,
    post: Post,
    bell: Arc<Bell>,
    answers: (SyncSender<Answered>, Receiver<Answered>),
    commands: Limit,
    questions: Limit,
    /// How often a stranger is worth a line in the log.
    strangers: Limit,
    later: Agenda<Letter>,
    subscriptions: Subscriptions,
    events: Option<Receiver<Event>>,
    tree: Tree,
}

/// A message and its sender.
#[derive(Debug)]
struct Letter {
    from: SocketAddr,
    message: OscMessage,
}

/// The answer to a command.
struct Answered {
    to: SocketAddr,
    address: String,
    answer: Answer,
}

/// Why a message was not done.
enum OscRefusal {
    /// The engine or the arguments refuse it.
    Refused(String),
    /// There is no such command; looking for a similar one takes its time.
    Unknown(CommandError),
    /// It is itself an answer, of another station or a stray one: answered, it would go back and forth for ever.
    Answer,
    /// Too many came at once.
    TooMuch,
}

impl From<String> for OscRefusal {
    fn from(why: String) -> OscRefusal {
        OscRefusal::Refused(why)
    }
}

impl From<CommandError> for OscRefusal {
    fn from(why: CommandError) -> OscRefusal {
        OscRefusal::Unknown(why)
    }
}

impl Listener {
    /// Receives at a socket that does not block.
    pub fn new(station: Station, door: Arc<Door>, from: Vec<IpAddr>, socket: UdpSocket, bell: Arc<Bell>) -> Listener {
        Listener {
            station,
            door,
            from,
            post: Post::new(socket),
            bell,
            answers: sync_channel(ANSWERS),
            commands: Limit::new(COMMANDS_LET_IN.0, COMMANDS_LET_IN.1),
            questions: Limit::new(QUESTIONS_LET_IN.0, QUESTIONS_LET_IN.1),
            strangers: Limit::new(1, 1),
            later: Agenda::new(),
            subscriptions: Subscriptions::default(),
            events: None,
            tree: Tree::default(),
        }
    }

    /// Runs until the bell says that it is over.
    pub fn run(mut self) {
        let mut buffer = vec![0; usize::from(u16::MAX)];
        while !self.bell.is_over() {
            let next = self.later.next_due().into_iter().chain(self.subscriptions.next_due()).min();
            let patience = next.map(|next| next.saturating_duration_since(Instant::now()));
            self.bell.wait(self.post.socket(), patience);
            self.hear(&mut buffer);
            self.do_what_is_due();
            self.pass_on();
            self.tell_subscribers(Instant::now());
        }
    }

    fn hear(&mut self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            let Ok((length, from)) = self.post.socket().recv_from(buffer) else { return };
            let now = Instant::now();
            if !self.may(from.ip()) {
                Door::count(&self.door.refused);
                if self.strangers.admits(now) {
                    tracing::warn!(%from, "OSC from an address that is not allowed; see doors.osc_from");
                }
                continue;
            }
            self.subscriptions.renew(from.ip(), now);
            match understand(&buffer[..length]) {
                Ok(heard) => self.take_in(heard, from, now),
                Err(why) => {
                    Door::count(&self.door.refused);
                    self.post.error(from, "", &why, now);
                }
            }
        }
    }

    fn may(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback() || self.from.iter().any(|allowed| allowed.to_canonical() == ip)
    }

    /// Obeys the messages that are due now and keeps the rest.
    fn take_in(&mut self, heard: Vec<Heard>, from: SocketAddr, now: Instant) {
        let today = SystemTime::now();
        for Heard { tag, message } in heard {
            let ahead = tag.ahead_of(today);
            let letter = Letter { from, message };
            if ahead.is_zero() {
                self.obey(&letter, now);
            } else if ahead > AHEAD_MAX {
                self.not_done(&letter, OscRefusal::Refused("more than an hour ahead; not run".to_owned()), now);
            } else if let Err(letter) = self.later.put(now + ahead, letter) {
                self.post.error(from, &letter.message.addr, &"too many bundles are waiting; not run", now);
                Door::count(&self.door.dropped);
            }
        }
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        while let Some(letter) = self.later.take(now) {
            self.obey(&letter, now);
        }
    }

    /// Obeys a message, and counts it.
    fn obey(&mut self, letter: &Letter, now: Instant) {
        match self.done(letter, now) {
            Ok(()) => Door::count(&self.door.received),
            Err(why) => self.not_done(letter, why, now),
        }
    }

    fn not_done(&mut self, letter: &Letter, why: OscRefusal, now: Instant) {
        let why: &dyn Display = match &why {
            OscRefusal::TooMuch => return Door::count(&self.door.dropped),
            OscRefusal::Answer => return Door::count(&self.door.refused),
            OscRefusal::Refused(why) => why,
            OscRefusal::Unknown(why) => why,
        };
        Door::count(&self.door.refused);
        self.post.error(letter.from, &letter.message.addr, why, now);
    }

    fn done(&mut self, letter: &Letter, now: Instant) -> Result<(), OscRefusal> {
        let OscMessage { addr, args } = &letter.message;
        match addr.as_str() {
            told if post::TOLD.contains(&told) => Err(OscRefusal::Answer),
            "/ping" => self.ping(letter.from, now),
            "/help" => self.help(letter.from, args, now),
            "/subscribe" => self.subscribe(letter.from, args, now),
            "/unsubscribe" => self.unsubscribe(letter.from, args),
            address if tree::is_within(address) => self.say(letter, now),
            address if Pattern::is_one(address) => self.command_each(letter, now),
            address => match table::row(address) {
                Ok(row) => self.command(row, letter, now),
                Err(unknown) => {
                    let profile = Arc::clone(&self.station.status().params.profile);
                    self.turn(knobs::named(&profile, address).ok_or(unknown)?, letter, now)
                }
            },
        }
    }

    /// Executes every command that a pattern matches, in the order of the table, and sets every parameter. Refused only
    /// where none of them succeeded.
    fn command_each(&mut self, letter: &Letter, now: Instant) -> Result<(), OscRefusal> {
        let pattern = Pattern::new(&letter.message.addr).ok_or_else(|| "a bracket is not closed".to_owned())?;
        let is_meant = |row: &&CommandSpec| row.is_reached_by_patterns() && pattern.matches(&table::address(row));
        let mut outcomes: Vec<_> = COMMANDS.iter().filter(is_meant).map(|row| self.command(row, letter, now)).collect();
        let profile = Arc::clone(&self.station.status().params.profile);
        let knobs = profile.params.iter().filter(|param| pattern.matches(&knobs::address(param)));
        outcomes.extend(knobs.map(|param| self.turn(param, letter, now)));
        if outcomes.iter().any(Result::is_ok) {
            return Ok(());
        }
        outcomes
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(OscRefusal::from("no command that a pattern may run matches".to_owned())))
    }

    /// Sets a parameter to the value of a message.
    fn turn(&mut self, param: &Param, letter: &Letter, now: Instant) -> Result<(), OscRefusal> {
        let command = knobs::turn(param, &letter.message.args)?;
        self.have_done(command, knobs::address(param), letter.from, now)
    }

    /// Executes the command of a row.
    fn command(&mut self, row: &CommandSpec, letter: &Letter, now: Instant) -> Result<(), OscRefusal> {
        match table::command(row, &letter.message.args)? {
            Some(command) => self.have_done(command, table::address(row), letter.from, now),
            None => Ok(()),
        }
    }

    /// Executes a command; its answer comes later.
    fn have_done(&mut self, command: Command, address: String, to: SocketAddr, now: Instant) -> Result<(), OscRefusal> {
        from_network(&command)?;
        let must_arrive = command.must_arrive();
        if !self.commands.admits(now) && !must_arrive {
            return Err(OscRefusal::TooMuch);
        }
        let (answers, bell) = (self.answers.0.clone(), Arc::clone(&self.bell));
        let reply = move |answer: Answer| {
            // Where the answers' queue is full, answers are lost; the command stays done.
            if answer != Ok(String::new()) && answers.try_send(Answered { to, address, answer }).is_ok() {
                bell.ring();
            }
        };
        let asked = match self.station.ask_then(command.clone(), reply) {
            Err(NotAsked::Busy) if must_arrive => self.station.send_surely(command),
            asked => asked,
        };
        asked.map_err(|error| match error {
            NotAsked::Busy => OscRefusal::TooMuch,
            NotAsked::Gone => OscRefusal::Refused(error.to_string()),
        })
    }

    /// Sends answers and events that have come.
    fn pass_on(&mut self) {
        let now = Instant::now();
        while let Ok(Answered { to, address, answer }) = self.answers.1.try_recv() {
            match answer {
                Ok(text) => self.post.tell(to, post::REPLY, vec![address.into(), text.into()]),
                Err(why) => self.post.error(to, &address, &why, now),
            }
        }
        let hearers = self.subscriptions.hearers();
        for event in self.events.iter().flat_map(Receiver::try_iter) {
            let told = serde_json::to_value(&event).unwrap_or_default();
            let name = told["event"].as_str().unwrap_or_default();
            let args = [name.to_owned(), told.to_string()].map(OscType::String);
            hearers.iter().for_each(|to| self.post.tell(*to, post::EVENT, args.to_vec()));
        }
    }

    /// Counts the subscribers, and reads events while there is one for them.
    fn subscriptions_changed(&mut self) {
        let everyone = self.subscriptions.everyone().len();
        self.door.connected.store(u32::try_from(everyone).unwrap_or(u32::MAX), Ordering::Relaxed);
        if self.subscriptions.hearers().is_empty() {
            self.events = None;
        } else if self.events.is_none() {
            let bell = Arc::clone(&self.bell);
            self.events = Some(self.station.subscribe(move || bell.ring()));
        }
    }
}

#[cfg(test)]
mod tests;
