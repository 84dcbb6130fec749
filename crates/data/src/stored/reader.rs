//! Reading a file of fixed-size records, believing nothing.

use super::error::FileError;
use super::layout::Layout;
use super::sums::hex;
use flate2::bufread::MultiGzDecoder;
use md5::{Digest, Md5};
use rarefy_core::memory;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

/// Images and labels in the order of the files they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Samples {
    /// Pixels, CHW, image after image.
    pub(crate) pixels: Vec<u8>,
    /// Labels.
    pub(crate) labels: Vec<u8>,
}

impl Samples {
    /// Makes room for the records of all `layouts`, so that the list does not grow file by file.
    pub(crate) fn reserve<'a>(&mut self, layouts: impl Iterator<Item = &'a Layout>) -> Result<(), FileError> {
        let (mut pixels, mut labels) = (self.pixels.len(), self.labels.len());
        for layout in layouts {
            let records = layout.records as usize;
            pixels = records.saturating_mul(layout.pixels).saturating_add(pixels);
            labels = records.saturating_mul(layout.labels.len().min(1)).saturating_add(labels);
        }
        let what = "the images of the data set";
        memory::reserve(&mut self.pixels, pixels, what)?;
        Ok(memory::reserve(&mut self.labels, labels, what)?)
    }
}

/// Appends the records of the file at `path` (unpacked first if it is a `.gz`) to `samples`; returns the MD5 of its
/// content.
pub(crate) fn read_file(layout: &Layout, path: &Path, samples: &mut Samples) -> Result<String, FileError> {
    let file = File::open(path).map_err(|error| FileError::io("open", path, &error))?;
    let file = BufReader::with_capacity(1 << 18, file);
    if path.extension().is_some_and(|extension| extension == "gz") {
        read(layout, BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file)), path, samples)
    } else {
        read(layout, file, path, samples)
    }
}

/// Appends the records of `input` to `samples`; `path` names it in errors. Returns the MD5 of the input.
pub(crate) fn read(
    layout: &Layout,
    input: impl Read,
    path: &Path,
    samples: &mut Samples,
) -> Result<String, FileError> {
    let mut input = Input { input, path, offset: 0, expected: layout.file_bytes(), md5: Md5::new() };
    for (what, expected) in layout.header() {
        let (offset, mut word) = (input.offset, [0; 4]);
        input.fill(&mut word)?;
        let found = u32::from_be_bytes(word);
        if found != expected {
            let problem = match what {
                "magic number" => format!("the {what} is {found:#010x}, expected {expected:#010x}"),
                _ => format!("the {what} is {found}, expected {expected}"),
            };
            return Err(input.wrong(offset, problem));
        }
    }
    let records = layout.records as usize;
    samples.reserve(std::iter::once(layout))?;
    let mut labels = [0; 4];
    let labels = labels.get_mut(..layout.labels.len()).unwrap_or_default();
    for _ in 0..records {
        let offset = input.offset;
        input.fill(labels)?;
        for ((&label, &classes), offset) in labels.iter().zip(layout.labels).zip(offset..) {
            if u16::from(label) >= classes {
                let problem = format!("the label is {label}, expected 0 to {}", classes.saturating_sub(1));
                return Err(input.wrong(offset, problem));
            }
        }
        samples.labels.extend(labels.last());
        let before = samples.pixels.len();
        samples.pixels.resize(before + layout.pixels, 0);
        input.fill(samples.pixels.get_mut(before..).unwrap_or_default())?;
    }
    input.end()?;
    Ok(hex(&input.md5.finalize()))
}

/// What is being read: counted and summed.
struct Input<'a, R> {
    input: R,
    path: &'a Path,
    offset: u64,
    expected: u64,
    md5: Md5,
}

impl<R: Read> Input<'_, R> {
    /// Fills `buffer`; ending before is an error.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), FileError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => {
                    let problem = format!("the file ends here, but should have {} bytes", self.expected);
                    return Err(self.wrong(self.offset, problem));
                }
                read => filled += read,
            }
        }
        self.md5.update(buffer);
        Ok(())
    }

    /// Nothing may follow.
    fn end(&mut self) -> Result<(), FileError> {
        match self.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(self.wrong(self.expected, "the file should end here, but more bytes follow".into())),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FileError> {
        loop {
            match self.input.read(buffer) {
                Ok(read) => {
                    self.offset += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    /// Only the system gives error numbers; other errors are the unpacker's complaints about the content.
    fn failed(&self, error: &io::Error) -> FileError {
        match error.raw_os_error() {
            Some(_) => FileError::io("read", self.path, error),
            None => self.wrong(self.offset, format!("cannot be unpacked further ({error})")),
        }
    }

    fn wrong(&self, offset: u64, problem: String) -> FileError {
        FileError::Content { path: self.path.to_owned(), offset, problem }
    }
}
