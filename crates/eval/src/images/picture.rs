//! Decoding of one picture: PNG or JPEG, whole or not at all.

use super::resize::PICTURE;
use rarefy_core::memory::{self, OutOfMemory};
use std::io::{BufReader, Cursor};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Pictures of more pixels a side are refused.
const MOST_SIDE: u32 = 16_384;

/// Bytes of a pixel while a JPEG file is decoded: coefficients of three components in 16 bits, and the colours.
const JPEG_PIXEL_BYTES: u64 = 3 * 2 + 3;

/// Why a picture is not read.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    Content(String),
    Memory(OutOfMemory),
}

impl From<String> for Refused {
    fn from(problem: String) -> Self {
        Self::Content(problem)
    }
}

impl From<&str> for Refused {
    fn from(problem: &str) -> Self {
        Self::Content(problem.to_owned())
    }
}

impl From<OutOfMemory> for Refused {
    fn from(error: OutOfMemory) -> Self {
        Self::Memory(error)
    }
}

/// Bytes in rows of pixels, `channels` each.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) bytes: Vec<u8>,
}

/// Decodes a file; what it is its first bytes say.
///
/// # Errors
/// What is wrong: no picture, a damaged one, one that ends too early.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, Refused> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, ..] => jpeg(bytes),
        _ => Err("by its first bytes it is neither PNG nor JPEG".into()),
    }
}

fn png(bytes: &[u8]) -> Result<Picture, Refused> {
    let text = |error: png::DecodingError| error.to_string();
    let mut decoder = png::Decoder::new(BufReader::new(Cursor::new(bytes)));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(text)?;
    let info = reader.info();
    check(info.width, info.height)?;
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut bytes = memory::zeros(size, PICTURE)?;
    let frame = reader.next_frame(&mut bytes).map_err(text)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    bytes.truncate(frame.buffer_size());
    Ok(Picture { width, height, channels: frame.color_type.samples(), bytes })
}

/// Decoders give grey for what is missing: such a file is refused before, and damage within it by the decoder's strict mode.
fn jpeg(bytes: &[u8]) -> Result<Picture, Refused> {
    end_of_image(bytes).ok_or("it ends too early")?;
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_strict_mode(true)
        .set_max_width(MOST_SIDE as usize)
        .set_max_height(MOST_SIDE as usize);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("it has no extent")?;
    memory::check_large(JPEG_PIXEL_BYTES * width as u64 * height as u64, PICTURE)?;
    let bytes = decoder.decode().map_err(|error| error.to_string())?;
    Ok(Picture { width, height, channels: 3, bytes })
}

/// Where the marker of the image's end is (ITU-T T.81, B.1.1). Segments are passed over by their lengths: a thumbnail in one
/// has an end of its own.
fn end_of_image(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match (*bytes.get(at)?, *bytes.get(at + 1)?) {
            (0xff, 0xd9) => return Some(at),
            // A byte 255 of the data, a restart, a start: markers without a segment.
            (0xff, 0x00 | 0x01 | 0xd0..=0xd8) => at += 2,
            (0xff, marker) if marker != 0xff => {
                let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                at += 2 + usize::from(length);
            }
            _ => at += 1,
        }
    }
}

fn check(width: u32, height: u32) -> Result<(), String> {
    match (1..=MOST_SIDE).contains(&width) && (1..=MOST_SIDE).contains(&height) {
        true => Ok(()),
        false => Err(format!("it has {width}x{height} pixels, at most {MOST_SIDE} a side are read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINE: &[u8] = include_bytes!("../../../../tests/pictures/baseline.jpg");
    const PROGRESSIVE: &[u8] = include_bytes!("../../../../tests/pictures/progressive.jpg");
    const PNG: &[u8] = include_bytes!("../../../../tests/pictures/picture.png");

    #[test]
    fn one_picture_is_the_same_in_every_format() {
        let exact = decode(PNG).unwrap();
        assert_eq!((exact.width, exact.height, exact.channels), (40, 32, 3));
        assert_eq!(exact.bytes[(3 * 40 + 7) * 3..][..2], [45, 24]);
        for file in [BASELINE, PROGRESSIVE] {
            let near = decode(file).unwrap();
            assert_eq!((near.width, near.height, near.channels), (40, 32, 3));
            let gaps = near.bytes.iter().zip(&exact.bytes).map(|(a, b)| u32::from(a.abs_diff(*b)));
            let mean = f64::from(gaps.sum::<u32>()) / near.bytes.len() as f64;
            assert!(mean < 12.0, "{mean}");
        }
    }

    #[test]
    fn a_picture_that_is_cut_anywhere_is_refused() {
        for file in [BASELINE, PROGRESSIVE] {
            for length in 0..file.len() {
                assert!(decode(&file[..length]).is_err(), "{length} of {} bytes", file.len());
            }
        }
        // After its last pixel a PNG file has checksum and end alone, 16 bytes.
        for length in 0..PNG.len() - 16 {
            assert!(decode(&PNG[..length]).is_err(), "{length} of {} bytes", PNG.len());
        }
    }

    #[test]
    fn a_thumbnail_with_an_end_of_its_own_is_no_end() {
        let (head, rest) = BASELINE.split_at(2);
        let thumbnail = [&[0xff, 0xe1, 0x00, 0x06][..], &[0xff, 0xd8, 0xff, 0xd9]].concat();
        let whole = [head, &thumbnail, rest].concat();
        assert!(decode(&whole).is_ok());
        assert_eq!(decode(&whole[..whole.len() / 2]).err().unwrap(), "it ends too early".into());
        // What comes after the end is no part of the picture.
        assert!(decode(&[BASELINE, b"rubbish"].concat()).is_ok());
    }
}
