//! Fetching from a server on the loopback address, and everything that can go wrong with it.

mod archives;
mod downloads;
mod programs;
mod random;
mod server;

use super::{Event, Fetched, Source, Tools, fetch_set, http};
use crate::DataError;
use crate::stored::tests::{contents, gzip, shrunk};
use crate::stored::{DataFile, Set, Sum};
use server::{Answer, Server};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// No proxy and no `npm`.
fn tools() -> Tools {
    Tools { agent: http::config().proxy(None).build().into(), npm: "./no-such-program".into() }
}

/// As [`tools`], with little patience.
fn hurried() -> Tools {
    let agent = http::config().proxy(None).timeout_per_read(Some(Duration::from_secs(1)));
    Tools { agent: agent.build().into(), ..tools() }
}

fn run(set: &Set, dir: &TempDir) -> Result<Fetched, DataError> {
    fetch_set(set, dir.path(), &tools(), &mut |_| {})
}

/// What a fetch said it was doing, progress left out.
fn events(set: &Set, dir: &TempDir) -> (Vec<String>, Result<Fetched, DataError>) {
    let mut said = Vec::new();
    let fetched = fetch_set(set, dir.path(), &tools(), &mut |event| match event {
        Event::Progress(done, all) => assert!(done <= all),
        Event::Trying(source) => said.push(format!("trying {source}")),
        Event::Failed(source, error) => said.push(format!("{source} failed: {error}")),
        Event::Unpacking => said.push("unpacking".into()),
    });
    (said, fetched)
}

fn leaked(text: String) -> &'static str {
    text.leak()
}

fn md5(bytes: &[u8]) -> &'static str {
    leaked(Sum::Md5("").of(&mut &*bytes).unwrap())
}

/// A `.tar.gz` of `files`.
fn tarball(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

/// The shrunk data set called `name` with checksums for its made-up content.
fn summed(name: &str) -> Set {
    let mut set = shrunk(name);
    let mut sums = contents(&set).into_iter().map(|(_, bytes)| md5(&bytes));
    for files in [&mut set.train, &mut set.test] {
        *files = files.iter().map(|file| DataFile { md5: sums.next(), ..*file }).collect::<Vec<_>>().leak();
    }
    set
}

/// The official archive of `set`.
fn archive(set: &Set) -> Vec<u8> {
    let files = contents(set).into_iter().map(|(name, bytes)| (format!("{}/{name}", set.folders[0]), bytes));
    tarball(&files.collect::<Vec<_>>())
}

/// CIFAR-100, shrunk, whose archive a server offers that does as told.
fn cifar100(answers: Vec<Answer>) -> (Set, Server, usize) {
    let set = shrunk("cifar100");
    let archive = archive(&set);
    let bytes = archive.len();
    let server = Server::new(vec![("c.tar.gz".into(), archive.clone())], answers);
    let source = archive_source(&server, &archive);
    (Set { sources: vec![source].leak(), ..set }, server, bytes)
}

fn archive_source(server: &Server, archive: &[u8]) -> Source {
    Source::Archive {
        url: leaked(format!("{}c.tar.gz", server.address)),
        bytes: archive.len() as u64,
        sum: Sum::Md5(md5(archive)),
        folder: "cifar-100-binary/",
    }
}

/// Every file under `path` with its bytes.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(path).unwrap().display().to_string();
                all.insert(name, std::fs::read(&entry).unwrap());
            }
        }
    }
    all
}

/// The files of `set` in their places under `dir`, and nothing else but the recorded checksums.
fn assert_complete(set: &Set, dir: &TempDir) {
    let mut found = files(dir.path());
    found.remove(&format!("{}/MD5SUMS", set.folders[0]));
    let expected =
        contents(set).into_iter().map(|(name, bytes)| (format!("{}/{name}", set.folders[0]), bytes));
    assert_eq!(
        found.keys().cloned().collect::<Vec<_>>(),
        expected
            .clone()
            .map(|(name, _)| name)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert!(found == expected.collect(), "a file differs");
    assert!(!dir.path().join(".fetch").exists());
}
