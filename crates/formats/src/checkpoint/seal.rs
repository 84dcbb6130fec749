//! The first bytes of a checkpoint: its length and checksum, at fixed places, readable before anything is parsed.

use crate::FormatError;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Bytes of the safetensors header length.
pub(super) const LENGTH_FIELD: usize = 8;
const BEFORE_BYTES: &str = "{\"__metadata__\":{\"rarefy.bytes\":\"";
const BEFORE_DIGEST: &str = "\",\"rarefy.sha256\":\"";
const AFTER_DIGEST: &str = "\",";
const BYTES_DIGITS: usize = 16;
const DIGEST_DIGITS: usize = 64;
const BYTES_AT: usize = LENGTH_FIELD + BEFORE_BYTES.len();
const DIGEST_AT: usize = BYTES_AT + BYTES_DIGITS + BEFORE_DIGEST.len();
const DIGEST_END: usize = DIGEST_AT + DIGEST_DIGITS;
/// Length of the seal, the header length included.
pub(super) const SEAL_LEN: usize = DIGEST_END + AFTER_DIGEST.len();

/// The start of the header for a file of `bytes` bytes with the given digest.
pub(super) fn header_start(bytes: u64, digest: &str) -> String {
    format!("{BEFORE_BYTES}{bytes:0BYTES_DIGITS$}{BEFORE_DIGEST}{digest:0>DIGEST_DIGITS$}{AFTER_DIGEST}")
}

/// SHA-256 in lower-case hexadecimal digits of a file given in pieces, whose digest is still all zeros.
pub(super) fn digest<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let hash = pieces.into_iter().fold(Sha256::new(), |hash, piece| hash.chain_update(piece)).finalize();
    hash.iter().fold(String::with_capacity(DIGEST_DIGITS), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Checks the start of a file that has `found` bytes: that it is a checkpoint, and of the length it says.
///
/// `start` holds the file's first [`SEAL_LEN`] bytes, or all of them if there are fewer.
pub(super) fn check_start(start: &[u8], found: u64) -> Result<(), FormatError> {
    for (at, text) in
        [(LENGTH_FIELD, BEFORE_BYTES), (BYTES_AT + BYTES_DIGITS, BEFORE_DIGEST), (DIGEST_END, AFTER_DIGEST)]
    {
        if start.iter().skip(at).zip(text.as_bytes()).any(|(found, expected)| found != expected) {
            return Err(FormatError::NotCheckpoint);
        }
    }
    if start.len() < SEAL_LEN {
        return Err(FormatError::Truncated { expected: SEAL_LEN as u64, found });
    }
    let digits = start.get(BYTES_AT..BYTES_AT + BYTES_DIGITS).unwrap_or_default();
    let mut expected = 0u64;
    for digit in digits {
        let value = char::from(*digit).to_digit(10).ok_or(FormatError::NotCheckpoint)?;
        expected = expected * 10 + u64::from(value);
    }
    if expected == found { Ok(()) } else { Err(FormatError::Truncated { expected, found }) }
}

/// Checks length and checksum of a whole file.
pub(super) fn verify(file: &[u8]) -> Result<(), FormatError> {
    check_start(file.get(..SEAL_LEN).unwrap_or(file), file.len() as u64)?;
    let (before, expected, after) = (
        file.get(..DIGEST_AT).unwrap_or_default(),
        file.get(DIGEST_AT..DIGEST_END).unwrap_or_default(),
        file.get(DIGEST_END..).unwrap_or_default(),
    );
    let found = digest([before, &[b'0'; DIGEST_DIGITS], after]);
    if found.as_bytes() == expected {
        return Ok(());
    }
    Err(FormatError::Checksum { expected: String::from_utf8_lossy(expected).into_owned(), found })
}
