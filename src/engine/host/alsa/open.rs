//! Finds a device, chooses rate, channels and block with it, and gives the reason where it cannot be opened. Realtime:
//! no.

use super::{
    AlsaDevice, Streams,
    callback::{InputCallback, Loan, OnlyInputCallback, OutputCallback, StreamSignals, errors, put, slot},
    offer::{self, Chosen, DeviceFormat, Offer},
};
use crate::{
    engine::host::{AudioRequest, Device, DeviceSpec, HostError, quiet::hush_alsa},
    hints,
};
use busker_sound::bridge::{BridgeIn, BridgeSpec, Clocks, bridge};
use cpal::{
    BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedStreamConfigRange,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use ringbuf::HeapProd;
use std::sync::Arc;

/// Frames in a block unless asked otherwise.
const BLOCK_FRAMES: u32 = 256;
/// Block sizes to try where a device refuses that; a plugin in front of a sound server takes no less than the server's
/// own.
const LARGER_BLOCKS: [u32; 3] = [512, 1024, 2048];
/// Inputs unless asked otherwise.
const INPUTS: u16 = 2;
/// ALSA's name for the default device.
const DEFAULT: &str = "default";
/// A device that offers so many channels offers any number: a converter, not a card.
const ANY_CHANNELS: u16 = 32;

/// Opens the device of this name, or the default one. The name is ALSA's, or a part of the card's name.
///
/// # Errors
/// Where there is none, another program holds it, this user may not use it, or it cannot do what was asked.
pub fn open(id: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
    hush_alsa();
    let host = host()?;
    let mut refusal = None;
    for device in candidates(&host, id)? {
        let wanted = |device: &cpal::Device| {
            let wanted = OpenCandidate { host: &host, request, name: name_of(device), id: id_of(device) };
            wanted.open(device, id)
        };
        let opened = match (wanted(&device), converting(&host, &device)) {
            (Err(Refusal { why: Why::Format, .. }), Some(converting)) => {
                tracing::info!(
                    "{} has no sample format that busker supports: use its `plughw:`, which converts",
                    name_of(&device)
                );
                wanted(&converting)
            }
            (opened, _) => opened,
        };
        match opened {
            Ok(device) => return Ok(Box::new(device)),
            Err(Refusal { error, why }) => {
                let first = refusal.get_or_insert(error);
                if why == Why::Final {
                    return Err(first.clone());
                }
            }
        }
    }
    Err(refusal.unwrap_or_else(|| HostError("no audio device".to_owned())))
}

/// Whether a name is a card's own, with or without conversion, and no plugin's. A plugin's descriptor may be always
/// ready: a thread under SCHED_FIFO then spins, and starves the sound server behind it.
fn is_card(id: &str) -> bool {
    id.starts_with("hw:") || id.starts_with("plughw:")
}

/// The device that converts samples for a card; `None` where the name is no card.
fn converting(host: &cpal::Host, device: &cpal::Device) -> Option<cpal::Device> {
    let id = id_of(device).strip_prefix("hw:").map(|card| format!("plughw:{card}"))?;
    host.device_by_id(&cpal::DeviceId::new(cpal::HostId::Alsa, id))
}

/// An ALSA device in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDevice {
    /// ALSA's name.
    pub id: String,
    /// Whether it is the default device.
    pub is_default: bool,
    /// The name to show.
    pub name: String,
    /// Inputs it has at most; `None` where it does not say.
    pub inputs: Option<u16>,
    /// Outputs it has at most; `None` where it does not say.
    pub outputs: Option<u16>,
    /// Standard rates it runs at.
    pub sample_rates_hz: Vec<u32>,
    /// Its problem, to go on after its name.
    pub problem: Option<String>,
}

/// The devices there are, the default one first. Slow: each is opened.
///
/// # Errors
/// Where there is no ALSA at all.
pub fn list() -> Result<Vec<ListedDevice>, HostError> {
    hush_alsa();
    let host = host()?;
    let devices = host.devices().map_err(|error| refused("ALSA", &error))?;
    let look = |device: cpal::Device| {
        let found = look_at(&device);
        let speaks_otherwise = found.problem.is_none() && found.inputs == Some(0) && found.outputs == Some(0);
        match converting(&host, &device).filter(|_| speaks_otherwise) {
            Some(converting) => ListedDevice { id: found.id, ..look_at(&converting) },
            None => found,
        }
    };
    let mut found: Vec<ListedDevice> = devices.filter(|device| is_worth_listing(&id_of(device))).map(look).collect();
    if found.iter().any(|found| is_by_name(&found.id)) {
        found.retain(|found| !is_by_number(&found.id));
    }
    // A sound server that does not run is no device.
    found.retain(|found| found.problem.is_none() || found.id.starts_with("hw:"));
    found.splice(0..0, host.default_output_device().map(|device| look_at(&device)));
    Ok(found)
}

/// Each card comes by its name and once more by its number.
fn is_by_number(id: &str) -> bool {
    id.strip_prefix("hw:CARD=").is_some_and(|card| card.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_by_name(id: &str) -> bool {
    id.starts_with("hw:") && !is_by_number(id)
}

/// Whether a device is a card's plain one, or no card's; neither converters nor the default.
fn is_worth_listing(id: &str) -> bool {
    let converters = ["null", "samplerate", "speex", "speexrate", "lavrate", "upmix", "vdownmix", "oss", DEFAULT];
    id.starts_with("hw:") || (!converters.contains(&id) && !id.contains(':'))
}

fn look_at(device: &cpal::Device) -> ListedDevice {
    let (outputs, inputs) = (outputs_of(device), inputs_of(device));
    let widest = |offers: &[Offer]| {
        let most = offers.iter().map(|offer| offer.channels).max().unwrap_or(0);
        if most >= ANY_CHANNELS && offers.iter().any(|offer| offer.channels == INPUTS) { INPUTS } else { most }
    };
    let rates = match (&outputs, &inputs) {
        (Ok(offers), _) if !offers.is_empty() => offer::rates_hz(offers),
        (_, Ok(offers)) => offer::rates_hz(offers),
        _ => Vec::new(),
    };
    let name = name_of(device);
    let problem = match (&outputs, &inputs) {
        (Err(error), Err(_)) => Some(problem(error)),
        _ => None,
    };
    let channels = |offers: Result<Vec<Offer>, cpal::Error>| match offers {
        Ok(offers) => Some(widest(&offers)),
        Err(error) => is_absent(&error).then_some(0).filter(|_| problem.is_none()),
    };
    let id = id_of(device);
    ListedDevice {
        is_default: id == DEFAULT,
        id,
        inputs: channels(inputs),
        outputs: channels(outputs),
        name,
        sample_rates_hz: rates,
        problem,
    }
}

fn host() -> Result<cpal::Host, HostError> {
    cpal::host_from_id(cpal::HostId::Alsa).map_err(|error| refused("ALSA", &error))
}

fn id_of(device: &cpal::Device) -> String {
    device.id().map(|id| id.id().to_owned()).unwrap_or_default()
}

fn name_of(device: &cpal::Device) -> String {
    match device.description() {
        _ if id_of(device) == DEFAULT => "the default ALSA device".to_owned(),
        Ok(description) => description.name().to_owned(),
        Err(_) => id_of(device),
    }
}

/// The devices a name may mean, the surest first; never none.
fn candidates(host: &cpal::Host, id: Option<&str>) -> Result<Vec<cpal::Device>, HostError> {
    let Some(id) = id.filter(|id| *id != DEFAULT) else {
        // Without opening the others: that takes its time.
        return Ok(host.default_output_device().into_iter().collect());
    };
    let devices: Vec<cpal::Device> = host.devices().map_err(|error| refused("ALSA", &error))?.collect();
    if let Some(exact) = devices.iter().find(|device| id_of(device) == id) {
        return Ok(vec![exact.clone()]);
    }
    if let Some(same) = host.device_by_id(&cpal::DeviceId::new(cpal::HostId::Alsa, id)) {
        return Ok(vec![same]);
    }
    let part = id.to_lowercase();
    let mut matching: Vec<cpal::Device> =
        devices.iter().filter(|d| name_of(d).to_lowercase().contains(&part)).cloned().collect();
    // The card itself, then its converters, then the rest.
    matching.sort_by_key(|device| match id_of(device) {
        id if id.starts_with("hw:") => 0,
        id if id.starts_with("plughw:") => 1,
        _ => 2,
    });
    if matching.is_empty() {
        let mut names: Vec<String> = devices.iter().map(id_of).filter(|id| is_by_name(id)).collect();
        names.insert(0, DEFAULT.to_owned());
        let there_is = hints::there_is(&names);
        return Err(HostError(format!("no audio device '{id}' ({there_is}): plug it in, or see `busker devices`")));
    }
    Ok(matching)
}

/// One calm sentence for an error of cpal: the device's problem, and what to do.
pub(super) fn refused(name: &str, error: &cpal::Error) -> HostError {
    let what_to_do = match error.kind() {
        ErrorKind::DeviceBusy => "close that program, or choose another device (`busker devices`)",
        ErrorKind::PermissionDenied => "join the audio group (`sudo usermod -aG audio $USER`) and log in again",
        ErrorKind::DeviceNotAvailable | ErrorKind::UnsupportedOperation => {
            "plug it in, or choose another device (`busker devices`)"
        }
        ErrorKind::UnsupportedConfig => "choose another rate, block or number of inputs",
        _ => "try again, or choose another device (`busker devices`)",
    };
    HostError(format!("{name} {}: {what_to_do}", problem(error)))
}

/// A device's problem, to go on after its name.
fn problem(error: &cpal::Error) -> String {
    match error.kind() {
        ErrorKind::DeviceBusy => "is in use by another program".to_owned(),
        ErrorKind::PermissionDenied => "may not be used by this user".to_owned(),
        ErrorKind::DeviceNotAvailable | ErrorKind::UnsupportedOperation => "does not exist".to_owned(),
        ErrorKind::UnsupportedConfig => "does not support the requested settings".to_owned(),
        kind => {
            let detail = error.message().map_or_else(|| kind.to_string(), str::to_owned);
            format!("cannot be opened ({detail})")
        }
    }
}

/// Whether an error says that the device has nothing in this direction, rather than that it cannot be opened.
fn is_absent(error: &cpal::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DeviceNotAvailable | ErrorKind::UnsupportedOperation | ErrorKind::UnsupportedConfig
    )
}

fn outputs_of(device: &cpal::Device) -> Result<Vec<Offer>, cpal::Error> {
    device.supported_output_configs().map(offers)
}

fn inputs_of(device: &cpal::Device) -> Result<Vec<Offer>, cpal::Error> {
    device.supported_input_configs().map(offers)
}

fn offers(ranges: impl Iterator<Item = SupportedStreamConfigRange>) -> Vec<Offer> {
    let offer = |range: SupportedStreamConfigRange| {
        let format = match range.sample_format() {
            SampleFormat::F32 => DeviceFormat::F32,
            SampleFormat::I32 => DeviceFormat::I32,
            SampleFormat::I24 => DeviceFormat::I24,
            SampleFormat::I16 => DeviceFormat::I16,
            _ => return None,
        };
        Some(Offer {
            channels: range.channels(),
            lowest_hz: range.min_sample_rate(),
            highest_hz: range.max_sample_rate(),
            format,
        })
    };
    ranges.filter_map(offer).collect()
}

fn sample_format(format: DeviceFormat) -> SampleFormat {
    match format {
        DeviceFormat::F32 => SampleFormat::F32,
        DeviceFormat::I32 => SampleFormat::I32,
        DeviceFormat::I24 => SampleFormat::I24,
        DeviceFormat::I16 => SampleFormat::I16,
    }
}

fn config(chosen: Chosen, block: BufferSize) -> StreamConfig {
    StreamConfig { channels: chosen.channels, sample_rate: chosen.rate_hz, buffer_size: block }
}

/// Why this candidate cannot be used.
struct Refusal {
    error: HostError,
    why: Why,
}

/// What would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Nothing: another way to the same card would be refused as well.
    Final,
    /// Another way to the same card.
    Ask,
    /// A converter of samples.
    Format,
}

impl From<HostError> for Refusal {
    fn from(error: HostError) -> Refusal {
        Refusal { error, why: Why::Final }
    }
}

/// One candidate and the request for it.
struct OpenCandidate<'a> {
    host: &'a cpal::Host,
    request: &'a AudioRequest,
    name: String,
    id: String,
}

/// A direction of the device that is to be opened.
struct Side {
    device: cpal::Device,
    chosen: Chosen,
}

impl OpenCandidate<'_> {
    fn refusal(&self, error: &cpal::Error) -> Refusal {
        let why = if error.kind() == ErrorKind::UnsupportedConfig { Why::Ask } else { Why::Final };
        Refusal { error: refused(&self.name, error), why }
    }

    fn open(&self, device: &cpal::Device, asked_id: Option<&str>) -> Result<AlsaDevice, Refusal> {
        let offers = (outputs_of(device), inputs_of(device));
        // A direction that is there, in formats busker does not know.
        let speaks_otherwise = [&offers.0, &offers.1].iter().any(|offers| offers.as_ref().is_ok_and(Vec::is_empty));
        let (outputs, inputs) = match offers {
            (Ok(outputs), Ok(inputs)) => (outputs, inputs),
            (Ok(outputs), Err(error)) => (outputs, self.without_inputs(&error)?),
            (Err(error), Ok(inputs)) if is_absent(&error) && !inputs.is_empty() => (Vec::new(), inputs),
            (Err(error), _) => return Err(self.refusal(&error)),
        };
        let is_mute = outputs.is_empty() && inputs.is_empty();
        if is_mute || (speaks_otherwise && self.id.starts_with("hw:")) {
            let error =
                HostError(format!("{} has no sample format that busker supports: choose another device", self.name));
            return Err(Refusal { error, why: Why::Format });
        }
        let rate_hz = self.rate_hz(&outputs, &inputs)?;
        let output = offer::choose(&outputs, rate_hz, 2).map(|chosen| Side { device: device.clone(), chosen });
        let (input, clocks) = self.input(device, &inputs, rate_hz, output.is_some())?;
        let id = asked_id.map_or_else(|| "alsa".to_owned(), |_| format!("alsa:{}", self.id));
        self.build(id, output, input, clocks)
    }

    /// The device has outputs and no inputs.
    fn without_inputs(&self, error: &cpal::Error) -> Result<Vec<Offer>, Refusal> {
        if !is_absent(error) {
            if self.request.inputs.is_some_and(|inputs| inputs > 0) {
                return Err(self.refusal(error));
            }
            tracing::warn!("opened without inputs: {}", refused(&self.name, error));
        }
        Ok(Vec::new())
    }

    fn rate_hz(&self, outputs: &[Offer], inputs: &[Offer]) -> Result<u32, Refusal> {
        let asked_hz = self.request.sample_rate_hz;
        let main = if outputs.is_empty() { inputs } else { outputs };
        offer::common_rate_hz(outputs, inputs, asked_hz).or_else(|| offer::rate_hz(main, asked_hz)).ok_or_else(|| {
            let rates: Vec<String> = offer::rates_hz(main).iter().map(u32::to_string).collect();
            let (name, asked_hz, rates) = (&self.name, asked_hz.unwrap_or_default(), rates.join(", "));
            let error = HostError(format!("{name} does not run at {asked_hz} Hz: choose one of {rates}"));
            Refusal { error, why: Why::Ask }
        })
    }

    /// The device of the inputs, and whether it shares the output's clock.
    fn input(
        &self,
        device: &cpal::Device,
        own: &[Offer],
        rate_hz: u32,
        has_output: bool,
    ) -> Result<(Option<Side>, Clocks), Refusal> {
        let asked = self.request.inputs;
        let channels = asked.map_or(INPUTS, |inputs| inputs.min(usize::from(u16::MAX)) as u16);
        if channels == 0 && has_output {
            return Ok((None, Clocks::Same));
        }
        let side = |device: &cpal::Device, offers: &[Offer]| {
            offer::choose(offers, rate_hz, channels.max(1)).map(|chosen| Side { device: device.clone(), chosen })
        };
        let (input, clocks) = match side(device, own) {
            Some(input) if has_output && self.id == DEFAULT => (Some(input), clocks_of_default()),
            Some(input) => (Some(input), Clocks::Same),
            // A card may lack the inputs that were asked for; the default device may have them.
            None if asked.is_some() && self.id != DEFAULT => {
                let other = self.host.default_input_device();
                let input = other.and_then(|other| side(&other, &inputs_of(&other).unwrap_or_default()));
                (input, Clocks::Apart)
            }
            None => (None, Clocks::Same),
        };
        let have = input.as_ref().map_or(0, |input| usize::from(input.chosen.channels));
        match asked {
            Some(asked) if asked > have => {
                let have = match have {
                    0 => "no inputs".to_owned(),
                    1 => "input 1 only".to_owned(),
                    n => format!("inputs 1-{n}"),
                };
                Err(HostError(format!("{} has {have}, not input {asked}", self.name)).into())
            }
            _ => Ok((input, clocks)),
        }
    }

    /// Builds the streams with the smallest block that is taken.
    fn build(
        &self,
        id: String,
        output: Option<Side>,
        input: Option<Side>,
        clocks: Clocks,
    ) -> Result<AlsaDevice, Refusal> {
        let first = self.request.block_frames.unwrap_or(BLOCK_FRAMES).max(16);
        let larger = LARGER_BLOCKS.into_iter().filter(|block| *block > first);
        let blocks = [first].into_iter().chain(larger).map(BufferSize::Fixed).chain([BufferSize::Default]);
        let mut refusal = None;
        for block in blocks {
            match self.build_with(&id, output.as_ref(), input.as_ref(), clocks, block) {
                Ok(device) => return Ok(device),
                Err(error) => {
                    tracing::debug!("{} with a block of {block:?}: {error:?}", self.name);
                    let hopeless = matches!(
                        error.kind(),
                        ErrorKind::DeviceBusy | ErrorKind::PermissionDenied | ErrorKind::DeviceNotAvailable
                    );
                    refusal = Some(self.refusal(&error));
                    if hopeless {
                        break;
                    }
                }
            }
        }
        Err(refusal.unwrap_or_else(|| HostError(format!("{} accepts no block size", self.name)).into()))
    }

    fn build_with(
        &self,
        id: &str,
        output: Option<&Side>,
        input: Option<&Side>,
        clocks: Clocks,
        block: BufferSize,
    ) -> Result<AlsaDevice, cpal::Error> {
        let is_shared = [output, input].into_iter().flatten().any(|side| !is_card(&id_of(&side.device)));
        let signals = Arc::new(StreamSignals::of(is_shared));
        // Every input of the stream, whatever was asked for: any may be recorded.
        let inputs = input.map_or(0, |input| usize::from(input.chosen.channels));
        let (loan, master) = slot::<Loan>(Arc::clone(&signals));
        let Some(output) = output else {
            let input = input.ok_or(ErrorKind::DeviceNotAvailable)?;
            let mut callback = OnlyInputCallback::new(master, input.chosen.channels);
            let stream = input_stream(input, block, &signals, move |data| callback.call(data))?;
            let spec = self.spec(id, input.chosen.rate_hz, stream.buffer_size()?, inputs);
            let streams = Streams { output: None, input: Some(stream) };
            return Ok(AlsaDevice { spec, streams, slot: loan, bridge: None, signals });
        };
        let mut callback = OutputCallback::new(master, output.chosen.channels);
        let output_stream = output.device.build_output_stream_raw(
            config(output.chosen, block),
            sample_format(output.chosen.format),
            move |data, _| callback.call(data),
            errors(Arc::clone(&signals)),
            None,
        )?;
        let block_frames = output_stream.buffer_size()?;
        let spec = self.spec(id, output.chosen.rate_hz, block_frames, inputs);
        let (input_stream, bridge) = match input {
            None => (None, None),
            Some(input) => {
                let (mut end, place): (HeapProd<BridgeIn>, _) = slot(Arc::clone(&signals));
                let mut callback = InputCallback::new(place, input.chosen.channels);
                let stream = input_stream(input, block, &signals, move |data| callback.call(data))?;
                let (bridge_in, bridge_out, interruptions) = bridge(BridgeSpec {
                    channels: inputs,
                    sample_rate_hz: f64::from(spec.sample_rate_hz),
                    in_frames: stream.buffer_size()? as usize,
                    out_frames: block_frames as usize,
                    clocks,
                });
                put(&mut end, bridge_in);
                signals.bridge_with(interruptions);
                (Some(stream), Some(bridge_out))
            }
        };
        let streams = Streams { output: Some(output_stream), input: input_stream };
        Ok(AlsaDevice { spec, streams, slot: loan, bridge, signals })
    }

    fn spec(&self, id: &str, sample_rate_hz: u32, block_frames: u32, inputs: usize) -> DeviceSpec {
        DeviceSpec {
            host: "alsa",
            id: id.to_owned(),
            name: self.name.clone(),
            sample_rate_hz,
            block_frames,
            inputs,
            // cpal asks ALSA for a buffer of two periods, and keeps it full.
            latency_frames: 2 * block_frames,
        }
    }
}

/// Whether the default output and the default input are one card. Where ALSA cannot say, a sound server is behind both,
/// and that has one clock.
fn clocks_of_default() -> Clocks {
    let card = |direction| {
        let card = alsa::PCM::new(DEFAULT, direction, true).ok()?.info().ok()?.get_card();
        (card >= 0).then_some(card)
    };
    match (card(alsa::Direction::Playback), card(alsa::Direction::Capture)) {
        (Some(output), Some(input)) if output != input => Clocks::Apart,
        _ => Clocks::Same,
    }
}

fn input_stream(
    side: &Side,
    block: BufferSize,
    signals: &Arc<StreamSignals>,
    mut call: impl FnMut(&cpal::Data) + Send + 'static,
) -> Result<cpal::Stream, cpal::Error> {
    side.device.build_input_stream_raw(
        config(side.chosen, block),
        sample_format(side.chosen.format),
        move |data, _| call(data),
        errors(Arc::clone(signals)),
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cards_themselves_get_real_time_scheduling() {
        let cards = ["hw:0", "hw:CARD=USB,DEV=0", "plughw:CARD=USB,DEV=0"];
        let plugins = ["default", "pipewire", "pulse", "jack", "dmix:CARD=PCH,DEV=0", "sysdefault:CARD=PCH", "", "hwx"];
        assert!(cards.into_iter().all(is_card) && !plugins.into_iter().any(is_card));
    }
}
