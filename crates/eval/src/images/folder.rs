//! All pictures of a folder: PNG and JPEG.

use super::resize::PICTURE;
use super::{Images, Kind, fit};
use crate::error::EvalError;
use rarefy_core::Extent;
use rarefy_core::memory::{self, OutOfMemory};
use std::fs;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

pub(super) const KIND: Kind = Kind {
    name: "imagefolder",
    about: "PNG and JPEG files in a folder and those below it, by name",
    takes_path: true,
    open: |request| Ok(Box::new(Folder::open(request.path.as_deref().unwrap_or(Path::new(".")))?)),
};

const SUFFIXES: [&str; 3] = ["png", "jpg", "jpeg"];
/// Pictures of more pixels a side are refused.
const MOST_SIDE: u32 = 16_384;

struct Folder {
    path: PathBuf,
    files: Vec<PathBuf>,
    next: usize,
}

impl Folder {
    fn open(path: &Path) -> Result<Self, EvalError> {
        let mut files = Vec::new();
        collect(path, &mut files)?;
        files.sort();
        Ok(Self { path: path.to_owned(), files, next: 0 })
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), EvalError> {
    let failed = |source| EvalError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // What the entry itself is: a link could lead round in circles.
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|e| SUFFIXES.iter().any(|suffix| e.eq_ignore_ascii_case(suffix)))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Bytes in rows of pixels, `channels` each.
struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
}

fn read(path: &Path) -> Result<Picture, EvalError> {
    let bytes = fs::read(path).map_err(|source| EvalError::Io { path: path.to_owned(), source })?;
    let picture = if bytes.starts_with(b"\x89PNG") { png(&bytes) } else { jpeg(&bytes) };
    picture.map_err(|refused| match refused {
        Refused::Memory(error) => error.into(),
        Refused::Content(problem) => EvalError::File { path: path.to_owned(), problem },
    })
}

/// Why a picture is not read.
enum Refused {
    Content(String),
    Memory(OutOfMemory),
}

impl From<String> for Refused {
    fn from(problem: String) -> Self {
        Self::Content(problem)
    }
}

impl From<OutOfMemory> for Refused {
    fn from(error: OutOfMemory) -> Self {
        Self::Memory(error)
    }
}

fn png(bytes: &[u8]) -> Result<Picture, Refused> {
    let text = |error: png::DecodingError| error.to_string();
    let mut decoder = png::Decoder::new(BufReader::new(Cursor::new(bytes)));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(text)?;
    let info = reader.info();
    check(info.width, info.height)?;
    let size = reader.output_buffer_size().ok_or_else(|| "the picture is too large".to_owned())?;
    let mut bytes = memory::zeros(size, PICTURE)?;
    let frame = reader.next_frame(&mut bytes).map_err(text)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    bytes.truncate(frame.buffer_size());
    Ok(Picture { width, height, channels: frame.color_type.samples(), bytes })
}

/// Bytes of a pixel while a JPEG file is decoded: coefficients of three components in 16 bits, and the colours.
const JPEG_PIXEL_BYTES: u64 = 3 * 2 + 3;

fn jpeg(bytes: &[u8]) -> Result<Picture, Refused> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(MOST_SIDE as usize)
        .set_max_height(MOST_SIDE as usize);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or_else(|| "it has no extent".to_owned())?;
    memory::check_large(JPEG_PIXEL_BYTES * width as u64 * height as u64, PICTURE)?;
    let bytes = decoder.decode().map_err(|error| error.to_string())?;
    Ok(Picture { width, height, channels: 3, bytes })
}

fn check(width: u32, height: u32) -> Result<(), String> {
    match (1..=MOST_SIDE).contains(&width) && (1..=MOST_SIDE).contains(&height) {
        true => Ok(()),
        false => Err(format!("it has {width}x{height} pixels, at most {MOST_SIDE} a side are read")),
    }
}

impl Images for Folder {
    fn name(&self) -> String {
        format!("imagefolder:{}", self.path.display())
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError> {
        let end = (self.next + most).min(self.files.len());
        let files = &self.files[self.next..end];
        for path in files {
            let Picture { width, height, channels, bytes } = read(path)?;
            // Grey and colour; a last channel beside them is transparency.
            let kept = if channels < 3 { 1 } else { 3 };
            let plane =
                |channel| bytes.iter().skip(channel).step_by(channels).map(|&byte| f32::from(byte) / 255.0);
            let from = Extent { channels: kept, height, width };
            let image = memory::collected(from.len(), (0..kept).flat_map(plane), PICTURE)?;
            fit(&image, from, extent, pixels)?;
        }
        self.next = end;
        Ok(files.len())
    }
}
