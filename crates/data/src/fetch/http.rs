//! Downloads that go on where they stopped.

use super::FetchError;
use crate::FileError;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// What downloads go through. The limits let another source take over within some 15 seconds if a host cannot be reached,
/// and give up on a connection that says nothing for half a minute; there is none on a whole download.
pub(super) fn agent() -> Agent {
    config().build().into()
}

pub(super) fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_connect(Some(Duration::from_secs(8)))
        .timeout_send_request(Some(Duration::from_secs(8)))
        .timeout_recv_response(Some(Duration::from_secs(15)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .user_agent(concat!("rarefy/", env!("CARGO_PKG_VERSION")))
}

/// Downloads the `bytes` bytes at `url` into the file `part`, from the end of what is there already. As long as a
/// connection that breaks has brought something, another one goes on.
pub(super) fn download(
    agent: &Agent,
    url: &str,
    bytes: u64,
    part: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), FetchError> {
    let mut reached = length(part)?;
    loop {
        let start = length(part)?;
        if start == bytes {
            return Ok(());
        }
        let ended = attempt(agent, url, if start < bytes { start } else { 0 }, bytes, part, progress);
        let now = length(part)?;
        match ended {
            Err(error) if error.is_final() => return Err(error),
            _ if now == bytes => return Ok(()),
            _ if now > reached => reached = now,
            Err(error) => return Err(error),
            Ok(()) => return Err(network(url, format!("the connection ended at byte {now} of {bytes}"))),
        }
    }
}

/// One connection: writes from byte `start` on, or from the first if the host knows no ranges.
fn attempt(
    agent: &Agent,
    url: &str,
    start: u64,
    bytes: u64,
    part: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), FetchError> {
    let request = agent.get(url);
    let request = if start > 0 { request.header("Range", format!("bytes={start}-")) } else { request };
    let response = request.call().map_err(|error| network(url, error.to_string()))?;
    let begin = match response.status().as_u16() {
        200 => 0,
        206 => {
            let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
            let expected = format!("bytes {start}-{}/{bytes}", bytes.saturating_sub(1));
            if range != Some(expected.as_str()) {
                let found = range.unwrap_or("none");
                return Err(network(url, format!("it sends the range `{found}`, expected `{expected}`")));
            }
            start
        }
        status => return Err(network(url, format!("HTTP status {status}"))),
    };
    let length = response.body().content_length();
    if let Some(length) = length.filter(|&length| length != bytes - begin) {
        let problem = format!("it offers {length} bytes, expected {}: not the published file", bytes - begin);
        return Err(network(url, problem));
    }
    let file = File::options().write(true).create(true).append(begin > 0).truncate(begin == 0).open(part);
    let mut file = file.map_err(|error| FileError::io("write", part, &error))?;
    let mut body = response.into_body().into_reader().take(bytes - begin);
    let (mut done, mut buffer) = (begin, vec![0; 1 << 16]);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(network(url, format!("the connection broke at byte {done} ({error})"))),
        };
        file.write_all(buffer.get(..read).unwrap_or_default())
            .map_err(|error| FileError::io("write", part, &error))?;
        done += read as u64;
        progress(done);
    }
}

/// Bytes of a file; 0 if there is none.
fn length(path: &Path) -> Result<u64, FetchError> {
    match path.metadata() {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(FileError::io("read", path, &error).into()),
    }
}

fn network(url: &str, problem: String) -> FetchError {
    FetchError::Network { address: url.to_owned(), problem }
}
