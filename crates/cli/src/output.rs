//! Writing to people and machines without dying of a closed pipe.

use crate::failure::Failure;
use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};

/// Tells people something. Nobody may be listening: that is no error.
pub(crate) fn note(text: Arguments<'_>) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Gives the command's product. A reader that has seen enough (`| head`) is no error.
pub(crate) fn product(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::system(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Gives the command's product as one indented JSON value.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::system(format!("JSON: {error}")))?;
    product(&(text + "\n"))
}
