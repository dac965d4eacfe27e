//! `busker nts1`: identity, dumps and user units of an NTS-1 mkII. Runs on the main thread, which waits for the
//! answers.
//!
//! Everything that can be checked is checked before a message that changes the synth; every change is read back.

use super::{Failure, Outcome, complain, print, signals};
use crate::{
    engine::{
        host::{alsa_midi, patchbay::Patchbay},
        select::PortChoice,
    },
    files,
    midi::{
        Channel,
        parser::{ParsedMessage, Parser},
    },
    nts1::{
        Module, Nts1Message, UnitSlot,
        device::SimWire,
        message::Nts1Refusal,
        port::PortWire,
        program::{Program, check_globals},
        session::{Nts1Session, SessionError, SysExTransport, WireFailed},
        unit::{self, UnitHeader, Version},
    },
    profile::{DEFAULT_ID, Library, Profile},
};
use clap::{Args, Subcommand};
use std::{
    fmt::Write,
    fs::{self, File},
    io::Read,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Names of a backup's files.
const PROGRAM_FILE: &str = "nts1_program.syx";
const GLOBAL_FILE: &str = "nts1_global.syx";
/// Maximum size of a dump or unit file, in bytes.
const LONGEST_FILE_BYTES: u64 = 1 << 20;

/// Arguments of `busker nts1`.
#[derive(Args, Debug)]
pub struct Nts1Args {
    #[command(subcommand)]
    verb: Nts1Verb,
    /// Its MIDI port: auto, alsa:NAME, raw:PATH, or sim for a simulated synth without memory
    #[arg(long, global = true, value_name = "PORT", default_value = "auto")]
    port: PortChoice,
    /// Its MIDI channel, 1 to 16
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    channel: u8,
}

#[derive(Debug, Subcommand)]
enum Nts1Verb {
    /// Print its version and its program with the units in it
    Info,
    /// Save its program and global data to nts1_program.syx and nts1_global.syx
    Backup {
        /// The folder; created if missing
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Restore backup files; all are checked before the first is sent
    Restore {
        /// Files of a backup
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// List the user units in its slots
    Units,
    /// Install a user unit in a slot
    Install {
        /// A unit for the NTS-1 mkII (.nts1mkiiunit)
        file: PathBuf,
        /// The slot, from 0 (Korg's editor counts from 1): osc and modfx to 15, delfx and revfx to 7
        #[arg(long, value_name = "N")]
        slot: u8,
        /// osc, modfx, delfx or revfx; by default, the unit's own module
        #[arg(long)]
        module: Option<Module>,
        /// Replace the unit in the slot
        #[arg(long)]
        replace: bool,
    },
    /// Empty a slot
    Remove {
        /// osc, modfx, delfx or revfx
        #[arg(long)]
        module: Module,
        /// The slot, from 0
        #[arg(long, value_name = "N")]
        slot: u8,
    },
}

type Talk = Nts1Session<Box<dyn SysExTransport>>;

/// Runs the subcommand.
///
/// # Errors
/// A mistake of the user, or a failure of the device or the port.
pub fn run(args: &Nts1Args) -> Outcome {
    match &args.verb {
        Nts1Verb::Info => info(&mut begin(args)?),
        Nts1Verb::Backup { to } => backup(args, to),
        Nts1Verb::Restore { files } => restore(args, files),
        Nts1Verb::Units => units(&mut begin(args)?),
        Nts1Verb::Install { file, slot, module, replace } => install(args, file, *slot, *module, *replace),
        Nts1Verb::Remove { module, slot } => remove(args, *module, *slot),
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Failure {
        Failure::other(error)
    }
}

/// A session with the device, after checking that it answers on the requested channel.
fn begin(args: &Nts1Args) -> Result<Talk, Failure> {
    let channel = Channel::new(args.channel).ok_or_else(|| Failure::asked("channels are 1 to 16"))?;
    let mut session = Nts1Session::new(wire(&args.port)?, channel);
    let there = session.identity()?;
    if there.channel != channel {
        let there = there.channel;
        return Err(Failure::asked(format!("the NTS-1 is on channel {there}, not {channel}: use --channel {there}")));
    }
    Ok(session)
}

fn wire(choice: &PortChoice) -> Result<Box<dyn SysExTransport>, Failure> {
    if *choice == PortChoice::Sim {
        return Ok(Box::new(SimWire::default()));
    }
    let (library, _) = Library::load(None);
    let profile = library.get(DEFAULT_ID).ok_or_else(|| Failure::other("the profile of the NTS-1 is missing"))?;
    let mut patchbay = Patchbay::new();
    let opened = match choice {
        PortChoice::Auto => patchbay.alsa(&found(profile)?, profile, true, false),
        PortChoice::Alsa(name) => patchbay.alsa(name, profile, true, false),
        PortChoice::Raw(path) => patchbay.raw(path, true, false),
        PortChoice::Sim | PortChoice::Jack(_) => {
            return Err(Failure::asked(format!(
                "'{choice}' is not a port for nts1: use auto, alsa:NAME, raw:PATH or sim"
            )));
        }
    };
    let port = opened.map_err(Failure::asked)?;
    let wire = PortWire::new(patchbay, port).map_err(|WireFailed(why)| Failure::asked(why))?;
    tracing::info!(port = wire.name(), "speaking to an NTS-1");
    Ok(Box::new(wire))
}

/// The port whose name fits best.
fn found(profile: &Profile) -> Result<String, Failure> {
    let names = alsa_midi::list().map_err(Failure::asked)?;
    let ranked = names.into_iter().filter_map(|name| Some((profile.port_rank(&name)?, name)));
    let best = ranked.min_by_key(|(rank, _)| *rank);
    best.map(|(_, name)| name)
        .ok_or_else(|| Failure::asked("no NTS-1 found: plug it in and switch it on, or name its port with --port"))
}

fn info(session: &mut Talk) -> Outcome {
    let identity = session.identity()?;
    let (platform, [major, minor, patch]) = session.api()?;
    let program = session.program()?;
    let mut text = String::new();
    let version = format!("{}.{:02}", identity.major, identity.minor);
    for (what, value) in [
        ("device", "NTS-1 digital kit mkII".to_owned()),
        ("version", version),
        ("channel", identity.channel.to_string()),
        ("unit API", format!("{major}.{minor}.{patch} (platform {platform})")),
        ("program", program.name()),
    ]
    .into_iter()
    .chain(program.units())
    {
        let _ = writeln!(text, "{what:<12}{value}");
    }
    print(&text)
}

fn backup(args: &Nts1Args, to: &Path) -> Outcome {
    let paths = [PROGRAM_FILE, GLOBAL_FILE].map(|name| to.join(name));
    // A dangling link counts as existing.
    if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        let text = format!("{} exists already and is not overwritten: name another folder", path.display());
        return Err(Failure::asked(text));
    }
    if to.exists() && !to.is_dir() {
        return Err(Failure::asked(format!("{} is not a folder: name a folder, existing or new", to.display())));
    }
    let mut session = begin(args)?;
    let channel = Channel::new(args.channel).unwrap_or(Channel::FIRST);
    // Both are received before the first is written. They were checked, and packing them again gives the same bits.
    let program = Nts1Message::Program(session.program()?.bytes().to_vec()).encode(channel);
    let globals = Nts1Message::Global(session.globals()?).encode(channel);
    let mut text = String::new();
    for (path, bytes) in paths.iter().zip([program, globals]) {
        files::replace(path, &bytes, files::Readers::Umask)
            .map_err(|error| Failure::asked(format!("{} cannot be written: {error}", path.display())))?;
        let _ = writeln!(text, "{}  {} bytes", path.display(), bytes.len());
    }
    print(&text)
}

/// A dump that may be sent to the device.
enum Dump {
    Program(Program),
    Global(Vec<u8>),
}

fn restore(args: &Nts1Args, paths: &[PathBuf]) -> Outcome {
    let mut dumps = Vec::new();
    for path in paths {
        for dump in dumps_of(path)? {
            dumps.push((path, dump));
        }
    }
    let mut session = begin(args)?;
    for (path, dump) in dumps {
        let what = match dump {
            Dump::Program(program) => {
                session.set_program(&program)?;
                format!("the program '{}'", program.name())
            }
            Dump::Global(data) => {
                session.set_globals(&data)?;
                "the global data".to_owned()
            }
        };
        print(&format!("restored {what} from {}", path.display()))?;
    }
    Ok(())
}

/// The dumps in a file: only programs and global data are allowed.
fn dumps_of(path: &Path) -> Result<Vec<Dump>, Failure> {
    let shown = path.display();
    let refused = |why: &str| Failure::asked(format!("{shown} is not a dump of an NTS-1 mkII: {why}"));
    let (bytes, mut parser) = (read(path)?, Parser::new());
    let (mut dumps, mut covered) = (Vec::new(), 0);
    parser.feed(&bytes, |parsed| {
        if let ParsedMessage::SysEx(bytes) = parsed {
            covered += bytes.len();
            dumps.push(match Nts1Message::decode(bytes) {
                Ok((_, Nts1Message::Program(data))) => {
                    Program::new(data).map(Dump::Program).map_err(|why| refused(&format!("{why}")))
                }
                Ok((_, Nts1Message::Global(data))) => {
                    check_globals(&data).map(|()| Dump::Global(data)).map_err(|why| refused(&format!("{why}")))
                }
                _ => Err(refused("it contains a message other than a program or global data")),
            });
        }
    });
    if dumps.is_empty() {
        return Err(refused("it contains no complete message"));
    }
    if covered != bytes.len() {
        return Err(refused("it contains bytes outside any complete message"));
    }
    dumps.into_iter().collect()
}

fn units(session: &mut Talk) -> Outcome {
    let mut text = String::new();
    for slot in UnitSlot::all() {
        let UnitSlot { module, number } = slot;
        let _ = match session.slot(slot)? {
            Some(UnitHeader { name, version, api, .. }) => {
                writeln!(text, "{:<6}{number:>3}  {name:<20}  version {version}  API {api}", module.name())
            }
            None => writeln!(text, "{:<6}{number:>3}  empty", module.name()),
        };
    }
    print(&text)
}

fn place(module: Module, number: u8) -> Result<UnitSlot, Failure> {
    let last = module.slots() - 1;
    UnitSlot::new(module, number)
        .ok_or_else(|| Failure::asked(format!("{module} has the slots 0 to {last}, not {number}")))
}

fn install(args: &Nts1Args, path: &Path, number: u8, module: Option<Module>, replace: bool) -> Outcome {
    let file = read(path)?;
    let refused = |why: String| Failure::asked(format!("{} cannot be installed: {why}", path.display()));
    let header = UnitHeader::of_file(&file).map_err(|why| refused(why.to_string()))?;
    if let Some(module) = module.filter(|module| *module != header.module) {
        return Err(refused(format!("it is a unit for {}, not for {module}", header.module)));
    }
    let slot = place(header.module, number)?;
    let mut session = begin(args)?;
    let (platform, [major, minor, patch]) = session.api()?;
    let api = Version(u32::from_be_bytes([0, major, minor, patch]));
    if platform != unit::PLATFORM || header.api.0 >> 16 != api.0 >> 16 || header.api > api {
        return Err(refused(format!("it is built for API {}, and the synth has {api}", header.api)));
    }
    let most = session.limits(slot.module)?.storage_bytes;
    if file.len() as u64 > u64::from(most) {
        return Err(refused(format!("it has {} bytes, and {} takes {most}", file.len(), slot.module)));
    }
    let before = session.slot(slot)?;
    if let Some(UnitHeader { name, .. }) = before.filter(|_| !replace) {
        return Err(Failure::asked(format!("{slot} contains '{name}': choose another slot, or add --replace")));
    }
    let leave = signals::asked_to_leave()?;
    session.install(slot, &file, |done, of| {
        complain(&format!("sent {done} of {of} blocks"));
        if leave.try_recv().is_ok() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match session.slot(slot)? {
        Some(there) if there == header => {
            print(&format!("installed '{}' version {} in {slot}", header.name, header.version))
        }
        _ => Err(SessionError::Different(format!("the unit for {slot}")).into()),
    }
}

fn remove(args: &Nts1Args, module: Module, number: u8) -> Outcome {
    let slot = place(module, number)?;
    let mut session = begin(args)?;
    let Some(UnitHeader { name, .. }) = session.slot(slot)? else {
        return Err(Failure::asked(format!("{slot} is empty already")));
    };
    session.clear(slot).map_err(|error| match error {
        SessionError::Refused { why: Nts1Refusal::Slot | Nts1Refusal::Module, .. } => Failure::asked(error),
        error => error.into(),
    })?;
    print(&format!("removed '{name}' from {slot}"))
}

/// The bytes of a file, up to the maximum size.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |why: &dyn std::fmt::Display| Failure::asked(format!("{} cannot be read: {why}", path.display()));
    if fs::metadata(path).map_err(|error| refused(&error))?.is_dir() {
        return Err(refused(&"it is a folder"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| refused(&error))?;
    file.take(LONGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    match bytes.len() as u64 > LONGEST_FILE_BYTES {
        true => Err(refused(&format!("it is larger than {LONGEST_FILE_BYTES} bytes"))),
        false => Ok(bytes),
    }
}
