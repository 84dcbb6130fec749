//! CIFAR-10 from PNG sheets back to the official binary files.
//!
//! A sheet has an image a row: 32 x 32 pixels in reading order, red, green and blue of a pixel side by side. The labels of
//! all sheets of a split are one JSON array of integers.

use super::FetchError;
use crate::FileError;
use crate::stored::DataFile;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

/// Pixels of an image.
const PIXELS: usize = 32 * 32;

/// Writes the files `batches` into `folder`: each from the sheet of its name (`.png` for `.bin`) and its share of the
/// labels in the file `labels`, both in `folder`.
pub(super) fn convert(batches: &[DataFile], labels: &str, folder: &Path) -> Result<(), FetchError> {
    let path = folder.join(labels);
    let text = fs::read(&path).map_err(|error| FileError::io("read", &path, &error))?;
    // Bytes that are no text become a character that is in no number.
    let labels = parse_labels(&String::from_utf8_lossy(&text))
        .map_err(|problem| FetchError::Archive { path: path.clone(), problem })?;
    let expected: u64 = batches.iter().map(|batch| u64::from(batch.layout.records)).sum();
    if labels.len() as u64 != expected {
        let problem = format!("it has {} labels, expected {expected}", labels.len());
        return Err(FetchError::Archive { path, problem });
    }
    let mut labels = labels.as_slice();
    for batch in batches {
        let (here, rest) = labels.split_at(labels.len().min(batch.layout.records as usize));
        write_batch(&folder.join(sheet_name(batch)), here, &folder.join(batch.name))?;
        labels = rest;
    }
    Ok(())
}

/// Name of the sheet that holds the images of `batch`.
pub(super) fn sheet_name(batch: &DataFile) -> String {
    format!("{}.png", batch.name.trim_end_matches(".bin"))
}

fn parse_labels(text: &str) -> Result<Vec<u8>, String> {
    let inner = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let inner = inner.ok_or("expected an array of labels")?;
    let label = |(index, label): (usize, &str)| {
        let label = label.trim();
        label
            .parse()
            .map_err(|_| format!("label {index} is `{}`", label.chars().take(20).collect::<String>()))
    };
    inner.split(',').enumerate().map(label).collect()
}

/// Writes to `path` the rows of `sheet` as records: label, then all red, green and blue pixels.
fn write_batch(sheet: &Path, labels: &[u8], path: &Path) -> Result<(), FetchError> {
    let bad = |problem: String| FetchError::Archive { path: sheet.to_owned(), problem };
    let undecodable = |error: png::DecodingError| bad(format!("cannot be decoded ({error})"));
    let input = File::open(sheet).map_err(|error| FileError::io("open", sheet, &error))?;
    let mut rows =
        png::Decoder::new(BufReader::with_capacity(1 << 18, input)).read_info().map_err(undecodable)?;
    let (width, height) = rows.info().size();
    let expected = (PIXELS as u32, labels.len() as u32);
    let color = rows.output_color_type();
    if (width, height) != expected || color != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err(bad(format!(
            "it is a {width}x{height} {color:?} image, expected {}x{} with 8 bits of red, green and blue",
            expected.0, expected.1
        )));
    }
    let refused = |error: std::io::Error| FetchError::File(FileError::io("write", path, &error));
    let mut out = BufWriter::with_capacity(1 << 18, File::create(path).map_err(refused)?);
    let mut record = Vec::with_capacity(1 + 3 * PIXELS);
    for &label in labels {
        let row = rows.next_row().map_err(undecodable)?.ok_or_else(|| bad("it ends early".into()))?;
        record.clear();
        record.push(label);
        for channel in 0..3 {
            record.extend(row.data().iter().skip(channel).step_by(3));
        }
        out.write_all(&record).map_err(refused)?;
    }
    out.flush().map_err(refused)
}
