//! The safetensors header of a checkpoint, written in one fixed order and read with the safetensors crate.

use super::meta::Content;
use super::seal::{self, LENGTH_FIELD};
use super::sound;
use crate::FormatError;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::borrow::Cow;

/// Newest format this program reads, and the one it writes.
pub(super) const FORMAT: u32 = 1;
const FORMAT_KEY: &str = "rarefy.format";
const CONTENT_KEY: &str = "rarefy.checkpoint";
/// The safetensors libraries refuse longer headers.
const MAX_HEADER: u64 = 100_000_000;

/// A flat tensor to be written, as little-endian bytes.
pub(super) struct Tensor<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) dtype: Dtype,
    pub(super) data: Cow<'a, [u8]>,
}

/// Header length and header of a file of `tensors`, in this order, with length and checksum filled in.
pub(super) fn write(content: &Content, tensors: &[Tensor<'_>]) -> Result<Vec<u8>, FormatError> {
    let json = |error: serde_json::Error| FormatError::Unstorable { problem: error.to_string() };
    let content = serde_json::to_string(&content).map_err(json)?;
    // Whatever is written must be readable: JSON has no NaN, and its readers limit nesting.
    serde_json::from_str::<Content>(&content).map_err(json)?;
    let content = serde_json::to_string(&content).map_err(json)?;
    let mut rest = format!("\"{FORMAT_KEY}\":\"{FORMAT}\",\"{CONTENT_KEY}\":{content}}}");
    let mut end = 0;
    for Tensor { name, dtype, data } in tensors {
        let start = end;
        end += data.len();
        let shape = vec![data.len() * 8 / dtype.bitsize()];
        let info = TensorInfo { dtype: *dtype, shape, data_offsets: (start, end) };
        let name = serde_json::to_string(name).map_err(json)?;
        rest.push_str(&format!(",{name}:{}", serde_json::to_string(&info).map_err(json)?));
    }
    rest.push('}');
    let seal_len = seal::header_start(0, "").len();
    let length = (seal_len + rest.len()).next_multiple_of(8);
    if length as u64 > MAX_HEADER {
        let problem = format!("the header would have {length} bytes, at most {MAX_HEADER} are possible");
        return Err(FormatError::Unstorable { problem });
    }
    rest.extend(std::iter::repeat_n(' ', length - seal_len - rest.len()));
    let total = (LENGTH_FIELD + length + end) as u64;
    let assemble = |digest: &str| {
        let mut bytes = (length as u64).to_le_bytes().to_vec();
        bytes.extend(seal::header_start(total, digest).into_bytes());
        bytes.extend(rest.as_bytes());
        bytes
    };
    let unsealed = assemble("");
    let pieces = std::iter::once(unsealed.as_slice()).chain(tensors.iter().map(|tensor| &*tensor.data));
    Ok(assemble(&seal::digest(pieces)))
}

/// Length of the header as the file's first bytes give it, checked against the file's length.
pub(super) fn length(start: &[u8], file_len: u64) -> Result<u64, FormatError> {
    let field = start.first_chunk::<LENGTH_FIELD>().copied().unwrap_or_default();
    let length = u64::from_le_bytes(field);
    let most = file_len.saturating_sub(LENGTH_FIELD as u64).min(MAX_HEADER);
    if length <= most {
        return Ok(length);
    }
    let problem = format!("it should have {length} bytes, at most {most} are possible");
    Err(FormatError::Header { problem })
}

/// Parses a header (without the length field) of a file of `file_len` bytes.
pub(super) fn parse(header: &[u8], file_len: u64) -> Result<(Metadata, Content), FormatError> {
    let bad = |problem: String| FormatError::Header { problem };
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| bad(error.to_string()))?;
    let text = |key: &str| {
        let map = metadata.metadata().as_ref();
        map.and_then(|map| map.get(key)).ok_or_else(|| bad(format!("the entry `{key}` is missing")))
    };
    let format = text(FORMAT_KEY)?;
    match format.parse::<u32>() {
        Ok(found) if found > FORMAT => {
            return Err(FormatError::NewerVersion { found, supported: FORMAT });
        }
        Ok(1..) => {}
        _ => return Err(bad(format!("`{FORMAT_KEY}` should be a number from 1, found `{format}`"))),
    }
    let content: Content =
        serde_json::from_str(text(CONTENT_KEY)?).map_err(|error| bad(format!("`{CONTENT_KEY}`: {error}")))?;
    sound::check_meta(&content.meta)?;
    let start = LENGTH_FIELD as u64 + header.len() as u64;
    if start.checked_add(metadata.data_len() as u64) != Some(file_len) {
        let (found, expected) = (metadata.data_len(), file_len.saturating_sub(start));
        return Err(bad(format!("the tensors should fill {expected} bytes, found {found}")));
    }
    Ok((metadata, content))
}
