//! A web server on the loopback address that does as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server does with the connections it gets, one after another; the last holds for all others.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The file, or the range asked for.
    File,
    /// The whole file whatever range was asked for.
    Whole,
    /// The range asked for, but the connection ends after so many bytes of it.
    Cut(usize),
    /// As `Cut`, but the connection stays open and silent.
    Stall(usize),
    /// This status and text.
    Status(u16, &'static str),
}

/// Serves the same files until it is dropped (its thread ends with the process).
pub(super) struct Server {
    /// `http://ADDRESS/`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Server {
    pub(super) fn new(files: Vec<(String, Vec<u8>)>, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let (requests, answers) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(answers)));
        let files = Arc::new(files);
        let (log, script) = (Arc::clone(&requests), Arc::clone(&answers));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let answer = {
                    let mut script = script.lock().unwrap();
                    if script.len() > 1 { script.remove(0) } else { script[0].clone() }
                };
                let (files, log) = (Arc::clone(&files), Arc::clone(&log));
                // A client that hangs up is part of the tests.
                std::thread::spawn(move || serve(connection.unwrap(), &files, &answer, &log));
            }
        });
        Self { address, requests, answers }
    }

    /// What it does from now on.
    pub(super) fn answer(&self, answers: Vec<Answer>) {
        *self.answers.lock().unwrap() = answers;
    }

    /// The requests so far, as `NAME` or `NAME RANGE`; forgotten once asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn serve(
    mut stream: TcpStream,
    files: &[(String, Vec<u8>)],
    answer: &Answer,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let name = lines.next().unwrap()?.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
    let mut range = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        range = line.strip_prefix("range: ").map(str::to_owned).or(range);
    }
    log.lock().unwrap().push(range.as_ref().map_or(name.clone(), |range| format!("{name} {range}")));
    let file = files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| bytes.as_slice());
    let (Some(file), false) = (file, matches!(answer, Answer::Status(..))) else {
        let (status, text) =
            if let Answer::Status(status, text) = answer { (*status, *text) } else { (404, "") };
        return write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
    };
    let start = match (&range, answer) {
        (Some(range), Answer::File | Answer::Cut(_) | Answer::Stall(_)) => {
            range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap()
        }
        _ => 0,
    };
    let (length, body) = (file.len(), &file[start..]);
    let head = match start {
        0 => "HTTP/1.1 200 OK\r\n".to_owned(),
        _ => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{length}\r\n",
            length - 1
        ),
    };
    write!(stream, "{head}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    match *answer {
        Answer::Cut(bytes) => stream.write_all(&body[..bytes.min(body.len())]),
        Answer::Stall(bytes) => {
            stream.write_all(&body[..bytes.min(body.len())])?;
            stream.flush()?;
            // Silent until the client hangs up.
            stream.read(&mut [0]).map(|_| ())
        }
        _ => stream.write_all(body),
    }
}
