//! Reads the chunks of a file, and finds the true sizes. Pure over reading and seeking.
//!
//! The size of the audio is accepted if after it the file ends or chunks follow; otherwise the audio continues to the
//! end of the file, as after an interrupted recording.

use super::{
    CHUNKS_MAX, Chunk, ChunkId, Container, Data, Finding, FindingSeverity, Repair, SizeField, Wav, WavFormat, format,
};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a chunk's header.
const HEADER_BYTES: u64 = 8;
/// The offset of the first chunk.
const FIRST_CHUNK: u64 = 12;
/// Minimum size of `ds64`: the sizes of the whole and of the audio, the frames, and the length of a table.
const SIZES64_BYTES: usize = 28;
/// The 32-bit size that means "not known" or "see the 64-bit one".
const OPEN: u64 = u32::MAX as u64;
/// Maximum size of the whole file with 32-bit sizes.
const RIFF_BYTES_MAX: u64 = OPEN - 1;
/// Chunks that programs write after the audio; they are recognised even if they are cut.
const KNOWN: [&[u8; 4]; 22] = [
    b"LIST", b"bext", b"cue ", b"smpl", b"inst", b"fact", b"JUNK", b"junk", b"PAD ", b"FLLR", b"id3 ", b"ID3 ",
    b"iXML", b"axml", b"_PMX", b"plst", b"PEAK", b"acid", b"cart", b"DISP", b"data", b"fmt ",
];
/// The beginnings of tags that other programs append to a file.
const TAGS: [&[u8]; 2] = [b"ID3", b"APETAGEX"];
/// An old tag is also recognised by its length.
const OLD_TAG: &[u8] = b"TAG";
const OLD_TAG_BYTES: u64 = 128;

/// The fields of `ds64`.
#[derive(Clone, Copy)]
struct Sizes64 {
    at: u64,
    riff_bytes: u64,
    data_bytes: u64,
}

/// The data after the audio.
struct Tail {
    chunks: Vec<Chunk>,
    /// The end of the last complete chunk, without and with its pad byte.
    bare_end: u64,
    end: u64,
    cut: Option<ChunkId>,
    too_many: bool,
}

/// The true size of the audio.
struct Truth {
    bytes: u64,
    /// The end of the whole file.
    bare_end: u64,
    end: u64,
    tail: Option<Tail>,
    is_tag: bool,
}

struct Walk<'a, F> {
    file: &'a mut F,
    wav: Wav,
    riff_bytes: u64,
    sizes64: Option<Sizes64>,
}

/// Reads a file's structure.
pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Wav> {
    let file_bytes = file.seek(SeekFrom::End(0))?;
    let wav = Wav {
        file_bytes,
        container: None,
        chunks: Vec::new(),
        format: None,
        data: None,
        findings: Vec::new(),
        repair: None,
    };
    let mut walk = Walk { file, wav, riff_bytes: 0, sizes64: None };
    if let Some(container) = walk.container()?
        && let Some(data) = walk.audio_chunk()?
    {
        walk.data(container, data)?;
    }
    Ok(walk.wav)
}

impl<F: Read + Seek> Walk<'_, F> {
    fn found(&mut self, finding: Finding) {
        self.wav.findings.push(finding);
    }

    /// Bytes of the file; `None` if they are not all there.
    fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        let is_there = at.checked_add(N as u64).is_some_and(|end| end <= self.wav.file_bytes);
        if !is_there {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(at))?;
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            // The file became shorter meanwhile.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn chunk(&mut self, at: u64) -> io::Result<Option<Chunk>> {
        let header = self.bytes::<8>(at)?;
        Ok(header.map(|[a, b, c, d, size @ ..]| {
            let bytes = u64::from(u32::from_le_bytes(size));
            Chunk { id: ChunkId([a, b, c, d]), at, bytes }
        }))
    }

    fn container(&mut self) -> io::Result<Option<Container>> {
        let file_bytes = self.wav.file_bytes;
        let container = match self.bytes::<4>(0)? {
            Some(id) if id == *b"RIFF" => Container::Riff,
            Some(id) if id == *b"RF64" || id == *b"BW64" => Container::Rf64,
            Some(id) if id == *b"RIFX" => {
                self.found(Finding::BigEndian);
                return Ok(None);
            }
            _ => {
                self.found(if file_bytes == 0 { Finding::Empty } else { Finding::NotWav });
                return Ok(None);
            }
        };
        let Some([size @ .., b'W', b'A', b'V', b'E']) = self.bytes::<8>(4)? else {
            self.found(if file_bytes < FIRST_CHUNK { Finding::HeaderCut { file_bytes } } else { Finding::NotWav });
            return Ok(None);
        };
        self.riff_bytes = u64::from(u32::from_le_bytes(size));
        self.wav.container = Some(container);
        Ok(Some(container))
    }

    /// Reads chunk after chunk until the audio.
    fn audio_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let file_bytes = self.wav.file_bytes;
        let mut at = FIRST_CHUNK;
        while self.wav.chunks.len() < CHUNKS_MAX {
            let Some(chunk) = self.chunk(at)? else {
                self.found(if at < file_bytes { Finding::HeaderCut { file_bytes } } else { Finding::NoData });
                return Ok(None);
            };
            let Chunk { id, bytes: said_bytes, .. } = chunk;
            if !is_printable(id) {
                self.found(Finding::Lost { at });
                return Ok(None);
            }
            self.wav.chunks.push(chunk);
            if id.0 == *b"data" {
                return Ok(Some(chunk));
            }
            let start = at + HEADER_BYTES;
            let end = start + said_bytes;
            if end > file_bytes {
                self.found(Finding::ChunkCut { id, at, said_bytes });
                return Ok(None);
            }
            match &id.0 {
                b"fmt " => self.format(start, said_bytes)?,
                b"ds64" if self.sizes64.is_none() && said_bytes >= SIZES64_BYTES as u64 => self.sizes64(start)?,
                _ => {}
            }
            at = (end + said_bytes % 2).min(file_bytes);
        }
        self.found(Finding::TooManyChunks);
        Ok(None)
    }

    fn format(&mut self, start: u64, said_bytes: u64) -> io::Result<()> {
        if self.wav.format.is_some() {
            self.found(Finding::TwoFormats);
            return Ok(());
        }
        let bytes = if said_bytes >= format::LONGEST_BYTES as u64 {
            self.bytes::<{ format::LONGEST_BYTES }>(start)?.map(Vec::from)
        } else if said_bytes >= format::SHORTEST_BYTES as u64 {
            self.bytes::<{ format::SHORTEST_BYTES }>(start)?.map(Vec::from)
        } else {
            None
        };
        match WavFormat::of_bytes(&bytes.unwrap_or_default()) {
            Some(format) => {
                self.wav.format = Some(format);
                if let Some(fault) = format.fault() {
                    self.found(fault);
                }
            }
            None => self.found(Finding::FormatShort { bytes: said_bytes }),
        }
        Ok(())
    }

    fn sizes64(&mut self, at: u64) -> io::Result<()> {
        if let Some([riff, data]) = self.bytes::<16>(at)?.map(|bytes| {
            let (riff, data) = bytes.split_at(8);
            [riff, data].map(|size| size.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        }) {
            self.sizes64 = Some(Sizes64 { at, riff_bytes: riff, data_bytes: data });
        }
        Ok(())
    }

    /// Finds the true sizes, and the repair of the header.
    fn data(&mut self, container: Container, chunk: Chunk) -> io::Result<()> {
        let start = chunk.at + HEADER_BYTES;
        let rest_bytes = self.wav.file_bytes - start;
        let is_64 = container == Container::Rf64;
        let sizes64 = self.sizes64.filter(|_| is_64);
        let said_bytes = sizes64.filter(|_| chunk.bytes == OPEN).map_or(chunk.bytes, |sizes| sizes.data_bytes);
        let said_riff = sizes64.filter(|_| self.riff_bytes == OPEN).map_or(self.riff_bytes, |sizes| sizes.riff_bytes);
        self.wav.data = Some(Data { start, said_bytes, bytes: said_bytes.min(rest_bytes) });
        if is_64 && sizes64.is_none() {
            self.found(Finding::NoSizes64);
        }
        if self.wav.format.is_none() {
            let is_told = self.wav.findings.iter().any(|finding| matches!(finding, Finding::FormatShort { .. }));
            if !is_told {
                self.found(Finding::NoFormat);
            }
        }
        let frame_bytes = self.wav.format.and_then(|format| format.frame_bytes());
        let is_open = !is_64 && said_bytes == OPEN;
        let Some(truth) = self.truth(start, said_bytes, is_open, frame_bytes, is_64)? else {
            self.found(Finding::FramesUnknown { said_bytes, there_bytes: rest_bytes });
            return Ok(());
        };
        self.wav.data = Some(Data { start, said_bytes, bytes: truth.bytes });
        self.tell(&truth, start, said_bytes, is_open, frame_bytes);
        let said_end = said_riff.saturating_add(HEADER_BYTES);
        // Programs disagree on whether the last pad byte counts.
        let is_true = said_end == truth.end || said_end == truth.bare_end || {
            let is_odd = truth.bare_end == self.wav.file_bytes && truth.bare_end % 2 == 1;
            is_odd && said_end == truth.bare_end + 1
        };
        let end = truth.end;
        if !is_true {
            self.found(Finding::RiffSize { said_end, end });
        }
        if let Some(tail) = truth.tail {
            self.wav.chunks.extend(tail.chunks);
        }
        if is_true && truth.bytes == said_bytes {
            return Ok(());
        }
        let riff_bytes = end - HEADER_BYTES;
        if !is_64 && riff_bytes > RIFF_BYTES_MAX {
            self.found(Finding::ChunksPastFourGib);
        }
        if self.wav.findings.iter().all(|finding| finding.severity() < FindingSeverity::Beyond) {
            // The sizes were found to fit.
            let short = |size: u64| SizeField::Short(u32::try_from(size).unwrap_or(u32::MAX));
            let frames = truth.bytes.checked_div(frame_bytes.unwrap_or_default()).unwrap_or_default();
            let fields = match sizes64 {
                Some(Sizes64 { at, .. }) => vec![
                    (at + 8, SizeField::Long(truth.bytes)),
                    (at + 16, SizeField::Long(frames)),
                    (chunk.at + 4, short(OPEN)),
                    (at, SizeField::Long(riff_bytes)),
                    (4, short(OPEN)),
                ],
                None => vec![(chunk.at + 4, short(truth.bytes)), (4, short(riff_bytes))],
            };
            self.wav.repair = Some(Repair { fields });
        }
        Ok(())
    }

    /// The true size of the audio. `None` if the header is wrong and the frames are unknown.
    fn truth(
        &mut self,
        start: u64,
        said_bytes: u64,
        is_open: bool,
        frame_bytes: Option<u64>,
        is_64: bool,
    ) -> io::Result<Option<Truth>> {
        let file_bytes = self.wav.file_bytes;
        let rest_bytes = file_bytes - start;
        // The pad byte needs room, too.
        let most_bytes = if is_64 { u64::MAX } else { (RIFF_BYTES_MAX + HEADER_BYTES - 1).saturating_sub(start) };
        let whole = frame_bytes.map(|frame| {
            let bytes = rest_bytes.min(most_bytes);
            bytes - bytes % frame
        });
        let mut bytes = said_bytes;
        if is_open || said_bytes > rest_bytes {
            let Some(whole) = whole else { return Ok(None) };
            bytes = whole;
        }
        // The data after another size is checked again; whole frames to the end are the last result.
        loop {
            let bare_end = start + bytes;
            let end = (bare_end + bytes % 2).min(file_bytes);
            let part = frame_bytes.map_or(0, |frame| bytes % frame);
            match self.tail(bare_end, end)? {
                Some(tail) if part > 0 && tail.chunks.is_empty() && tail.cut.is_none() => bytes -= part,
                Some(tail) => {
                    let (bare_end, end) = (tail.bare_end, tail.end);
                    return Ok(Some(Truth { bytes, bare_end, end, tail: Some(tail), is_tag: false }));
                }
                None => {
                    let is_tag = self.is_tag(bare_end)? || self.is_tag(end)?;
                    let Some(whole) = whole else {
                        return Ok(is_tag.then_some(Truth { bytes, bare_end, end, tail: None, is_tag }));
                    };
                    if is_tag || bytes == whole {
                        return Ok(Some(Truth { bytes, bare_end, end, tail: None, is_tag }));
                    }
                    bytes = whole;
                }
            }
        }
    }

    /// The chunks after the audio, which ends at `bare_end` without and at `end` with its pad byte; `None` if there are
    /// none.
    fn tail(&mut self, bare_end: u64, end: u64) -> io::Result<Option<Tail>> {
        let tail = self.chain(bare_end, end)?;
        let is_known = tail.chunks.first().is_some_and(|chunk| is_known(chunk.id)) || tail.cut.is_some();
        if is_known || tail.end == self.wav.file_bytes {
            return Ok(Some(tail));
        }
        if end > bare_end {
            // Some programs forget the pad byte.
            let tail = self.chain(bare_end, bare_end)?;
            if !tail.chunks.is_empty() && tail.end == self.wav.file_bytes {
                return Ok(Some(tail));
            }
        }
        Ok(None)
    }

    fn chain(&mut self, mut bare_end: u64, mut end: u64) -> io::Result<Tail> {
        let file_bytes = self.wav.file_bytes;
        let mut chunks = Vec::new();
        let (mut cut, mut too_many) = (None, false);
        while let Some(chunk) = self.chunk(end)? {
            let chunk_end = end + HEADER_BYTES + chunk.bytes;
            if !is_printable(chunk.id) {
                break;
            }
            if chunk_end > file_bytes {
                cut = is_known(chunk.id).then_some(chunk.id);
                break;
            }
            too_many = self.wav.chunks.len() + chunks.len() >= CHUNKS_MAX;
            if too_many {
                break;
            }
            chunks.push(chunk);
            bare_end = chunk_end;
            end = (chunk_end + chunk.bytes % 2).min(file_bytes);
        }
        if cut.is_none() && !too_many {
            cut = self.cut_header(end)?;
        }
        Ok(Tail { chunks, bare_end, end, cut, too_many })
    }

    /// The chunk whose header is cut by the end of the file after two letters or more.
    fn cut_header(&mut self, at: u64) -> io::Result<Option<ChunkId>> {
        let letters = match self.wav.file_bytes.saturating_sub(at) {
            2 => self.bytes::<2>(at)?.map(Vec::from),
            3 => self.bytes::<3>(at)?.map(Vec::from),
            4..HEADER_BYTES => self.bytes::<4>(at)?.map(Vec::from),
            _ => None,
        };
        let is_of = |known: &&&[u8; 4]| letters.as_ref().is_some_and(|letters| known.starts_with(letters));
        Ok(KNOWN.iter().find(is_of).map(|known| ChunkId(**known)))
    }

    fn is_tag(&mut self, at: u64) -> io::Result<bool> {
        let Some(begins) = self.bytes::<8>(at)? else { return Ok(false) };
        let is_old = begins.starts_with(OLD_TAG) && self.wav.file_bytes - at == OLD_TAG_BYTES;
        Ok(is_old || TAGS.iter().any(|tag| begins.starts_with(tag)))
    }

    /// Adds the findings.
    fn tell(&mut self, truth: &Truth, start: u64, said_bytes: u64, is_open: bool, frame_bytes: Option<u64>) {
        let there_bytes = truth.bytes;
        let tail_chunks = truth.tail.as_ref().map(|tail| tail.chunks.clone()).unwrap_or_default();
        let cut = truth.tail.as_ref().and_then(|tail| tail.cut);
        let chunks_follow = !tail_chunks.is_empty() || cut.is_some() || truth.is_tag;
        let part = frame_bytes.map_or(0, |frame| said_bytes % frame);
        if is_open || said_bytes.saturating_sub(there_bytes) > part {
            self.found(Finding::DataCut { said_bytes, there_bytes });
        } else if there_bytes > said_bytes {
            self.found(Finding::DataLonger { said_bytes, there_bytes });
        } else if part > 0 {
            self.found(Finding::PartOfFrame { bytes: part, chunks_follow });
        }
        if there_bytes == 0 {
            self.found(Finding::NoFrames);
        }
        // The data after the audio begins at its odd end, or the file ends there.
        let next = tail_chunks.first().map_or(truth.end, |chunk| chunk.at);
        if there_bytes % 2 == 1 && truth.tail.is_some() && next == start + there_bytes {
            self.found(Finding::NoPadByte);
        }
        if let Some(second) = tail_chunks.iter().find(|chunk| chunk.id.0 == *b"data") {
            self.found(Finding::TwoData { at: second.at });
        }
        if self.wav.format.is_some() && tail_chunks.iter().any(|chunk| chunk.id.0 == *b"fmt ") {
            self.found(Finding::TwoFormats);
        }
        if truth.tail.as_ref().is_some_and(|tail| tail.too_many) {
            self.found(Finding::TooManyChunks);
        }
        let after_bytes = self.wav.file_bytes - truth.end;
        let is_past = frame_bytes.is_some_and(|frame| after_bytes >= frame) && truth.tail.is_none();
        match cut {
            Some(id) if id.0 == *b"data" => self.found(Finding::TwoData { at: truth.end }),
            Some(id) => self.found(Finding::LastChunkCut { id }),
            None if after_bytes == 0 => {}
            None if truth.is_tag => self.found(Finding::TagAfter { bytes: after_bytes }),
            None if is_past => self.found(Finding::PastFourGib { bytes: after_bytes }),
            None => self.found(Finding::After { bytes: after_bytes }),
        }
    }
}

fn is_printable(id: ChunkId) -> bool {
    id.0.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn is_known(id: ChunkId) -> bool {
    KNOWN.iter().any(|known| **known == id.0)
}
