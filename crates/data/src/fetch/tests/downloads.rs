//! Downloads: whole, broken, resumed, wrong.

use super::*;
use crate::fetch::FetchError;
use crate::stored::verify_set;
use crate::{FileError, Status};

const PART: &str = ".fetch/cifar100/c.tar.gz.part";

#[test]
fn an_archive_is_downloaded_checked_and_unpacked_once() {
    let (set, server, bytes) = cifar100(vec![Answer::File]);
    let dir = tempfile::tempdir().unwrap();
    let mut last = None;
    let fetched = fetch_set(&set, dir.path(), &tools(), &mut |event| {
        if let Event::Progress(done, all) = event {
            last = Some((done, all));
        }
    });
    let folder = dir.path().join("cifar-100-binary");
    assert_eq!(fetched, Ok(Fetched::Stored(folder.clone())));
    assert_eq!(last, Some((bytes as u64, bytes as u64)));
    assert_complete(&set, &dir);
    // No checksum of a file is published: those of the files are recorded, and checked from now on.
    let reports = verify_set(&set, dir.path()).unwrap();
    assert!(reports.into_iter().all(|report| report.outcome.is_ok_and(|(_, known)| known)));
    assert_eq!(server.requests(), ["c.tar.gz"]);
    assert_eq!(run(&set, &dir), Ok(Fetched::Present(folder.clone())));
    assert_eq!(server.requests(), [""; 0]);
    // A damaged file is replaced.
    let path = folder.join("test.bin");
    let mut damaged = std::fs::read(&path).unwrap();
    damaged[3000] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert_eq!(run(&set, &dir), Ok(Fetched::Stored(folder)));
    assert_complete(&set, &dir);
}

#[test]
fn a_fetch_that_was_stopped_leaves_nothing_that_looks_complete_and_goes_on() {
    let (set, server, bytes) = cifar100(vec![Answer::Cut(5000), Answer::Status(503, "")]);
    let dir = tempfile::tempdir().unwrap();
    let error = run(&set, &dir).unwrap_err();
    assert!(error.is_system());
    assert_eq!(files(dir.path()).into_keys().collect::<Vec<_>>(), [PART]);
    assert_eq!(files(dir.path())[PART].len(), 5000);
    assert!(matches!(crate::status("cifar100", dir.path()), Ok(Status::Missing(_))));
    assert_eq!(server.requests(), ["c.tar.gz", "c.tar.gz bytes=5000-"]);
    server.answer(vec![Answer::File]);
    run(&set, &dir).unwrap();
    assert_eq!(server.requests(), ["c.tar.gz bytes=5000-"]);
    assert_complete(&set, &dir);
    // Killed between the download and unpacking: nothing is downloaded again.
    let again = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(again.path().join(".fetch/cifar100/unpacked")).unwrap();
    std::fs::write(again.path().join(".fetch/cifar100/unpacked/train.bin"), "half").unwrap();
    std::fs::write(again.path().join(PART), archive(&set)).unwrap();
    run(&set, &again).unwrap();
    assert_eq!(server.requests(), [""; 0]);
    assert_complete(&set, &again);
    assert!(bytes > 5000);
}

#[test]
fn broken_and_silent_connections_are_replaced_as_long_as_they_bring_something() {
    let answers = vec![Answer::Cut(1000), Answer::Stall(1000), Answer::Cut(1), Answer::File];
    let (set, server, _) = cifar100(answers);
    let dir = tempfile::tempdir().unwrap();
    fetch_set(&set, dir.path(), &hurried(), &mut |_| {}).unwrap();
    let ranges = ["c.tar.gz", "c.tar.gz bytes=1000-", "c.tar.gz bytes=2000-", "c.tar.gz bytes=2001-"];
    assert_eq!(server.requests(), ranges);
    assert_complete(&set, &dir);
}

#[test]
fn a_silent_server_is_given_up() {
    let (set, server, _) = cifar100(vec![Answer::Stall(0)]);
    let dir = tempfile::tempdir().unwrap();
    let error = fetch_set(&set, dir.path(), &hurried(), &mut |_| {}).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("timeout"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_without_ranges_sends_the_whole_file_again() {
    let (set, server, _) = cifar100(vec![Answer::Cut(1000), Answer::Whole]);
    let dir = tempfile::tempdir().unwrap();
    run(&set, &dir).unwrap();
    assert_eq!(server.requests(), ["c.tar.gz", "c.tar.gz bytes=1000-"]);
    assert_complete(&set, &dir);
}

#[test]
fn a_wrong_checksum_is_bad_data_and_earlier_files_stay() {
    let set = shrunk("cifar100");
    let right = archive(&set);
    let mut wrong = right.clone();
    wrong[600] ^= 1;
    let server = Server::new(vec![("c.tar.gz".into(), wrong)], vec![Answer::File]);
    let set = Set { sources: vec![archive_source(&server, &right)].leak(), ..set };
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("cifar-100-binary")).unwrap();
    std::fs::write(dir.path().join("cifar-100-binary/train.bin"), "mine").unwrap();
    let before = files(dir.path());
    for requests in [1, 1] {
        let error = run(&set, &dir).unwrap_err();
        assert!(!error.is_system());
        let text = error.to_string();
        assert!(
            text.contains("c.tar.gz") && text.contains(md5(&right)) && text.contains("checksum"),
            "{text}"
        );
        assert_eq!(files(dir.path()), before, "nothing is left to go on from");
        assert_eq!(server.requests().len(), requests);
    }
}

#[test]
fn a_wrong_beginning_is_thrown_away() {
    let (set, server, bytes) = cifar100(vec![Answer::File]);
    for wrong in [vec![7; 100], vec![7; bytes], vec![7; bytes + 1]] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".fetch/cifar100")).unwrap();
        std::fs::write(dir.path().join(PART), wrong).unwrap();
        run(&set, &dir).unwrap();
        assert_complete(&set, &dir);
    }
    assert_eq!(server.requests().len(), 2 + 1 + 1);
}

#[test]
fn another_file_than_the_published_one_is_refused_before_it_replaces_anything() {
    let (set, _server, _) = cifar100(vec![Answer::Status(200, "<html>Please log in")]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join(".fetch/cifar100")).unwrap();
    std::fs::write(dir.path().join(PART), "the beginning").unwrap();
    let before = files(dir.path());
    let text = run(&set, &dir).unwrap_err().to_string();
    assert!(text.contains("offers 19 bytes"), "{text}");
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_host_that_is_not_there_is_the_networks_fault() {
    // Bound and dropped: nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = Source::Packed {
        address: leaked(format!("http://{address}/")),
        files: &[("train-images-idx3-ubyte", 5, Sum::Md5(""))],
    };
    let set = Set { sources: vec![source].leak(), ..shrunk("mnist") };
    let dir = tempfile::tempdir().unwrap();
    let (said, fetched) = events(&set, &dir);
    let error = fetched.unwrap_err();
    assert!(error.is_system());
    assert!(error.to_string().contains(&format!("http://{address}/train-images-idx3-ubyte.gz")), "{error}");
    assert_eq!(said.len(), 2);
    assert!(said[1].starts_with(&format!("{address} failed: ")), "{said:?}");
    assert_eq!(files(dir.path()).len(), 0);
    assert!(!dir.path().join(".fetch").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_the_systems_refusal_and_ends_the_fetch() {
    let (set, server, _) = cifar100(vec![Answer::File]);
    let set = Set { sources: [set.sources, set.sources].concat().leak(), ..set };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".fetch/cifar100");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.join("c.tar.gz.part")).unwrap();
    let error = run(&set, &dir).unwrap_err();
    assert!(error.is_system());
    let DataError::Fetch {
        error: FetchError::File(FileError::Io { action: "write", path, kind, .. }), ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(kind, std::io::ErrorKind::StorageFull);
    assert_eq!(path, folder.join("c.tar.gz.part"));
    assert_eq!(server.requests().len(), 1, "another source could not do better");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_the_systems_refusal() {
    let (set, server, _) = cifar100(vec![Answer::File]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "mine").unwrap();
    let error = fetch_set(&set, &dir.path().join("file"), &tools(), &mut |_| {}).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("cannot create"), "{error}");
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn two_fetches_of_one_data_set_do_not_meet() {
    let (set, server, _) = cifar100(vec![Answer::File]);
    let dir = tempfile::tempdir().unwrap();
    let other = crate::fetch::staging::Staging::open(dir.path(), "cifar100").unwrap();
    let error = run(&set, &dir).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("another process"), "{error}");
    assert_eq!(server.requests(), [""; 0]);
    other.leave();
    run(&set, &dir).unwrap();
    assert_complete(&set, &dir);
}
