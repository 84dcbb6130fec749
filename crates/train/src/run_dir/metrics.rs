//! Metrics as text.

use super::RunDirError;
use crate::metrics::Summary;
use rarefy_formats::{FormatError, read_text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::Path;

/// Reads a file of JSON lines; a missing one has none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, RunDirError> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(FormatError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(FormatError::Io { path, source, .. }) => return Err(RunDirError::Read { path, source }),
        Err(error) => {
            let line = if let FormatError::NotText { line } = error.kind() { *line } else { 1 };
            let problem = "it is not UTF-8 text".to_owned();
            return Err(RunDirError::Metrics { path: path.to_owned(), line, problem });
        }
    };
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| RunDirError::Metrics {
            path: path.to_owned(),
            line: index + 1,
            problem: error.to_string(),
        })
    };
    text.lines().enumerate().map(parse).collect()
}

/// One line per record. Records hold numbers and texts only, so writing them cannot fail.
pub(super) fn to_lines<T: Serialize>(records: &[T]) -> String {
    records.iter().filter_map(|record| serde_json::to_string(record).ok()).map(|line| line + "\n").collect()
}

/// Indented JSON with a final line break.
pub(super) fn pretty(summary: &Summary) -> String {
    serde_json::to_string_pretty(summary).unwrap_or_default() + "\n"
}
