//! Chooses a card where none is named. Pure, but for [`Cards::of_this_machine`], which reads what the kernel and ALSA
//! list and opens no card.

use crate::engine::host::{HostError, quiet::hush_alsa};
use rustix::fs::{Access, access};
use std::{cmp::Reverse, collections::HashMap, fs};

/// Parts of the names of outputs that no instrument is played through, and of cards that are no cards; in small
/// letters.
const STOPGAPS: [&str; 6] = ["hdmi", "headphones", "vc4", "displayport", "loopback", "dummy"];

/// A device of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// ALSA's name, `hw:CARD=USB,DEV=0`.
    pub id: String,
    /// Its number, counted by the kernel.
    pub number: usize,
    /// The name to show.
    pub name: String,
    /// It has channels to record from.
    pub has_inputs: bool,
    /// It has channels to play to.
    pub has_outputs: bool,
    /// This user may open it.
    pub is_allowed: bool,
}

impl Card {
    fn is_stopgap(&self) -> bool {
        let name = self.name.to_lowercase();
        STOPGAPS.iter().any(|part| name.contains(part))
    }
}

/// The device behind ALSA's default device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    /// Nothing that opens.
    #[default]
    Nothing,
    /// A sound server, which shares the cards out itself.
    Server,
    /// The card of this number.
    Card(usize),
}

/// The cards of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cards {
    /// Each device of each card, in the kernel's order.
    pub cards: Vec<Card>,
    /// ALSA's default device.
    pub default: Behind,
}

/// A device to try, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// ALSA's name; `None` is ALSA's default.
    pub id: Option<String>,
    /// The reason for it, to go on after its name.
    pub why: String,
}

impl Cards {
    /// Those of this machine.
    pub fn of_this_machine() -> Cards {
        hush_alsa();
        let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let mut cards = read(&text("/proc/asound/cards"), &text("/proc/asound/pcm"));
        for card in &mut cards {
            card.is_allowed = is_allowed(card);
        }
        Cards { cards, default: behind_default() }
    }

    /// The devices to try, the best first. Cards with inputs and outputs go before others, then those that are more
    /// than a monitor's loudspeakers, then the one ALSA means by default, then the first. A sound server goes before
    /// all: it holds the cards.
    pub fn picks(&self) -> Vec<Pick> {
        let default = |why: &str| Pick { id: None, why: why.to_owned() };
        if self.default == Behind::Server {
            return vec![default("it leads to a sound server")];
        }
        let mut cards: Vec<&Card> = self.cards.iter().collect();
        cards.sort_by_key(|card| {
            let has_both = card.has_inputs && card.has_outputs;
            let is_default = self.default == Behind::Card(card.number);
            (Reverse(has_both), card.is_stopgap(), Reverse(card.has_inputs), Reverse(is_default))
        });
        let pick = |card: &&Card| {
            let why = match (card.has_inputs, card.has_outputs) {
                (true, true) if card.is_stopgap() => "it has inputs and outputs, and no better card does",
                (true, true) if self.cards.len() > 1 => "it is the first card with inputs and outputs",
                (true, true) => "it has inputs and outputs",
                (true, false) => "it has inputs; no card has inputs and outputs",
                _ => "no card has inputs",
            };
            Pick { id: Some(card.id.clone()), why: why.to_owned() }
        };
        let cards = cards.iter().map(pick);
        cards.chain([default("it is the default ALSA device")]).collect()
    }

    /// Why this user can open no card, where that is so.
    pub fn refusal(&self) -> Option<HostError> {
        if self.default == Behind::Server || self.cards.is_empty() || self.cards.iter().any(|card| card.is_allowed) {
            return None;
        }
        let mut names: Vec<&str> = self.cards.iter().map(|card| card.name.as_str()).collect();
        names.dedup();
        let names = names.join(", ");
        let who = std::env::var("USER").unwrap_or_else(|_| "$USER".to_owned());
        Some(HostError(format!(
            "you may not use {names}: join the audio group (`sudo usermod -aG audio {who}`) and log in again"
        )))
    }
}

/// Cards as `/proc/asound/cards` and `/proc/asound/pcm` list them:
/// ` 1 [USB            ]: USB-Audio - Scarlett 2i2 USB` and
/// `01-00: USB Audio : USB Audio : playback 1 : capture 1`.
fn read(cards: &str, pcm: &str) -> Vec<Card> {
    let card = |line: &str| {
        let (number, rest) = line.split_once('[')?;
        let (id, rest) = rest.split_once(']')?;
        let name = rest.split_once(" - ").map_or(id, |(_, name)| name);
        Some((number.trim().parse::<usize>().ok()?, (id.trim().to_owned(), name.trim().to_owned())))
    };
    let cards: HashMap<usize, (String, String)> = cards.lines().filter_map(card).collect();
    let device = |line: &str| {
        let mut parts = line.split(": ").map(str::trim);
        let (number, device) = parts.next()?.split_once('-')?;
        let (number, device) = (number.parse().ok()?, device.trim_end_matches(':').parse::<usize>().ok()?);
        let own = parts.next()?;
        let has = |what: &str| line.split(": ").skip(2).any(|part| part.trim().starts_with(what));
        let (card, name) = cards.get(&number)?;
        let name = if name.contains(own) { name.clone() } else { format!("{name}, {own}") };
        Some(Card {
            id: format!("hw:CARD={card},DEV={device}"),
            number,
            name,
            has_inputs: has("capture "),
            has_outputs: has("playback "),
            is_allowed: true,
        })
    };
    pcm.lines().filter_map(device).collect()
}

fn is_allowed(card: &Card) -> bool {
    let device = card.id.rsplit('=').next().unwrap_or_default();
    let way = if card.has_outputs { 'p' } else { 'c' };
    let node = format!("/dev/snd/pcmC{}D{device}{way}", card.number);
    !matches!(access(node, Access::READ_OK | Access::WRITE_OK), Err(rustix::io::Errno::ACCESS))
}

fn behind_default() -> Behind {
    let card = |direction| Some(alsa::PCM::new("default", direction, true).ok()?.info().ok()?.get_card());
    match card(alsa::Direction::Playback).or_else(|| card(alsa::Direction::Capture)) {
        Some(card) => usize::try_from(card).map_or(Behind::Server, Behind::Card),
        None => Behind::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PI_CARDS: &str = " 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 2 [USB            ]: USB-Audio - Scarlett 2i2 USB
                      Focusrite Scarlett 2i2 USB at usb-0000:01:00.0-1.3, high speed
";
    const PI_PCM: &str = "00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
02-00: USB Audio : USB Audio : playback 1 : capture 1
";

    fn card(number: usize, id: &str, name: &str, ways: &str) -> Card {
        Card {
            id: format!("hw:CARD={id},DEV=0"),
            number,
            name: name.to_owned(),
            has_inputs: ways.contains('i'),
            has_outputs: ways.contains('o'),
            is_allowed: true,
        }
    }

    #[test]
    fn cards_are_read_as_the_kernel_lists_them() {
        let cards = read(PI_CARDS, PI_PCM);
        let named: Vec<_> = cards.iter().map(|c| (c.id.as_str(), c.has_inputs, c.has_outputs)).collect();
        let want = [
            ("hw:CARD=Headphones,DEV=0", false, true),
            ("hw:CARD=vc4hdmi0,DEV=0", false, true),
            ("hw:CARD=USB,DEV=0", true, true),
        ];
        assert_eq!(named, want);
        assert_eq!(cards[2].name, "Scarlett 2i2 USB, USB Audio");
        for (cards, pcm) in [("", ""), ("junk", PI_PCM), (PI_CARDS, "::\n-:\n99-0: x"), (PI_CARDS, "0é-00: a : b")] {
            assert_eq!(read(cards, pcm), []);
        }
    }

    #[test]
    fn a_card_with_inputs_and_outputs_goes_before_the_monitors_loudspeakers() {
        let (headphones, hdmi) =
            (card(0, "Headphones", "bcm2835 Headphones", "o"), card(1, "vc4hdmi0", "vc4-hdmi-0", "o"));
        let usb = card(2, "USB", "Scarlett 2i2 USB", "io");
        let laptop = [card(0, "PCH", "HDA Intel PCH, ALC269VC Analog", "io"), card(0, "H", "HDA Intel, HDMI 0", "o")];
        let two = [card(0, "PCH", "HDA Intel PCH", "io"), card(1, "USB", "Scarlett", "io")];
        let microphone = card(2, "Mic", "USB Microphone", "i");
        let table: [(&str, &[Card], Behind, &[&str]); 9] = [
            (
                "a Pi 4 with an interface",
                &[headphones.clone(), hdmi.clone(), usb],
                Behind::Card(0),
                &["USB", "Headphones"],
            ),
            ("a laptop", &laptop, Behind::Card(0), &["PCH", "H"]),
            ("a laptop with a sound server", &laptop, Behind::Server, &[]),
            ("ALSA's own default among equals", &two, Behind::Card(1), &["USB", "PCH"]),
            ("only HDMI", std::slice::from_ref(&hdmi), Behind::Card(1), &["vc4hdmi0"]),
            (
                "a Pi without an interface",
                &[headphones.clone(), hdmi.clone()],
                Behind::Card(0),
                &["Headphones", "vc4hdmi0"],
            ),
            ("a microphone", &[headphones, microphone], Behind::Card(0), &["Mic", "Headphones"]),
            (
                "a loop between programs",
                &[card(0, "Loopback", "Loopback", "io"), two[1].clone()],
                Behind::Nothing,
                &["USB", "Loopback"],
            ),
            ("nothing", &[], Behind::Nothing, &[]),
        ];
        for (machine, cards, default, want) in table {
            let picks = Cards { cards: cards.to_vec(), default }.picks();
            let ids: Vec<Option<String>> = picks.iter().map(|pick| pick.id.clone()).collect();
            let want = want.iter().map(|id| Some(format!("hw:CARD={id},DEV=0")));
            let some = want.len();
            assert_eq!(ids[..some], want.collect::<Vec<_>>(), "{machine}");
            assert_eq!(ids.last(), Some(&None), "{machine}: ALSA's default comes last");
        }
    }

    #[test]
    fn cards_this_user_may_not_open_are_named_with_the_command_that_mends_it() {
        let denied = |card: Card| Card { is_allowed: false, ..card };
        let mut cards = Cards { cards: vec![denied(card(0, "USB", "Scarlett", "io"))], default: Behind::Nothing };
        let text = cards.refusal().unwrap().to_string();
        assert!(text.starts_with("you may not use Scarlett") && text.contains("sudo usermod -aG audio "), "{text}");
        assert_eq!(Cards { default: Behind::Server, ..cards.clone() }.refusal(), None);
        cards.cards.push(card(1, "PCH", "HDA", "io"));
        assert_eq!(cards.refusal(), None);
        assert_eq!(Cards::default().refusal(), None);
    }
}
