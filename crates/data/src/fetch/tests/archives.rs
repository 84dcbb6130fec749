//! What is in the archives and packed files.

use super::*;
use crate::fetch::unpack::{Wanted, untar};
use crate::stored::tests::write_all;

/// `set` from a server that offers `archive`.
fn from_archive(set: Set, archive: Vec<u8>) -> (Set, Server) {
    let server = Server::new(vec![("c.tar.gz".into(), archive.clone())], vec![Answer::File]);
    (Set { sources: vec![archive_source(&server, &archive)].leak(), ..set }, server)
}

fn refused(archive: Vec<u8>) -> String {
    let (set, _server) = from_archive(shrunk("cifar100"), archive);
    let dir = tempfile::tempdir().unwrap();
    let error = run(&set, &dir).unwrap_err();
    assert!(!error.is_system(), "{error}");
    // The archive is whole, so it stays; nothing else does.
    let left: Vec<String> = files(dir.path()).into_keys().collect();
    assert_eq!(left, [".fetch/cifar100/c.tar.gz.part"]);
    error.to_string()
}

#[test]
fn an_archive_without_a_file_or_with_a_wrong_one_is_bad_data() {
    let set = shrunk("cifar100");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = contents(&set);
        change(&mut files[1].1);
        let named = files.into_iter().map(|(name, bytes)| (format!("cifar-100-binary/{name}"), bytes));
        tarball(&named.collect::<Vec<_>>())
    };
    let missing = tarball(&[("cifar-100-binary/train.bin".into(), contents(&set)[0].1.clone())]);
    assert!(refused(missing).contains("it has no `cifar-100-binary/test.bin`"));
    assert!(refused(b"no archive at all".to_vec()).contains("cannot be unpacked"));
    let whole = archive(&set);
    assert!(refused(whole[..whole.len() / 2].to_vec()).contains("cannot be unpacked"));
    assert!(refused(with(&|file| file.truncate(100))).contains("test.bin, byte 100: the file ends here"));
    assert!(refused(with(&|file| file.extend([0; 9000]))).contains("more bytes follow"));
    assert!(refused(with(&|file| file[1] = 100)).contains("test.bin, byte 1: the label is 100"));
}

#[test]
fn a_right_archive_with_an_unpublished_file_is_a_wrong_checksum() {
    let set = summed("cifar10");
    let mut files = contents(&set);
    files[2].1[77] ^= 1;
    let named = files.into_iter().map(|(name, bytes)| (format!("cifar-100-binary/{name}"), bytes));
    let (set, _server) = from_archive(set, tarball(&named.collect::<Vec<_>>()));
    let dir = tempfile::tempdir().unwrap();
    let error = run(&set, &dir).unwrap_err();
    assert!(!error.is_system());
    assert!(error.to_string().contains("data_batch_3.bin: the checksum is"), "{error}");
}

#[test]
fn paths_in_an_archive_decide_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, out) = (dir.path().join("a.tar.gz"), dir.path().join("out"));
    std::fs::create_dir(&out).unwrap();
    let wanted = |member: &str| [Wanted { member: member.into(), name: "wanted".into(), limit: 4 }];
    let files = [("./x/y".to_owned(), b"right".to_vec()), ("x/z".to_owned(), b"other".to_vec())];
    std::fs::write(&path, tarball(&files)).unwrap();
    untar(&path, &wanted("x/y"), &out).unwrap();
    assert_eq!(super::files(&out).into_iter().collect::<Vec<_>>(), [("wanted".into(), b"righ".to_vec())]);
    // A link would make reading it read another file.
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "x/y", "/etc/hostname").unwrap();
    std::fs::write(&path, gzip(&tar.into_inner().unwrap())).unwrap();
    let error = untar(&path, &wanted("x/y"), &out).unwrap_err().to_string();
    assert!(error.contains("`x/y` is not a plain file"), "{error}");
}

/// A folder as the package manager would fill it.
fn installed(set: &Set) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in contents(set) {
        write_all(folder.path(), &[(&format!("{name}.gz"), gzip(&bytes))]);
    }
    folder
}

fn installed_source(folder: &TempDir) -> Source {
    Source::Installed { folder: leaked(folder.path().display().to_string()), package: "dataset-x" }
}

#[test]
fn packed_files_are_unpacked_and_progress_is_of_all() {
    let set = summed("mnist");
    let packed: Vec<_> = contents(&set).into_iter().map(|(name, bytes)| (name, gzip(&bytes))).collect();
    let files: Vec<_> =
        packed.iter().map(|(name, bytes)| (*name, bytes.len() as u64, Sum::Md5(md5(bytes)))).collect();
    let total = files.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
    let offered = packed.into_iter().map(|(name, bytes)| (format!("mnist/{name}.gz"), bytes)).collect();
    let server = Server::new(offered, vec![Answer::File]);
    let source = Source::Packed { address: leaked(format!("{}mnist/", server.address)), files: files.leak() };
    let set = Set { sources: vec![source].leak(), ..set };
    let dir = tempfile::tempdir().unwrap();
    let mut progress = Vec::new();
    let report = &mut |event: Event<'_>| {
        if let Event::Progress(done, all) = event {
            progress.push((done, all));
        }
    };
    fetch_set(&set, dir.path(), &tools(), report).unwrap();
    assert_complete(&set, &dir);
    assert!(progress.is_sorted() && progress.last() == Some(&(total, total)), "{progress:?}");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn where_the_host_cannot_be_reached_installed_files_do() {
    let set = summed("fashion-mnist");
    let server = Server::new(vec![], vec![Answer::Status(404, "")]);
    let folder = installed(&set);
    let sources = vec![
        Source::Packed {
            address: leaked(server.address.clone()),
            files: &[("train-images-idx3-ubyte", 5, Sum::Md5(""))],
        },
        installed_source(&folder),
    ];
    let set = Set { sources: sources.leak(), ..set };
    let dir = tempfile::tempdir().unwrap();
    let (said, fetched) = events(&set, &dir);
    assert_eq!(fetched, Ok(Fetched::Stored(dir.path().join("fashion-mnist"))));
    assert_complete(&set, &dir);
    assert!(said[1].contains("HTTP status 404"), "{said:?}");
    assert_eq!(said[2..], [format!("trying {}", folder.path().display()), "unpacking".into()]);
}

#[test]
fn files_that_are_not_installed_name_their_package() {
    let folder = tempfile::tempdir().unwrap();
    let source = installed_source(&folder);
    drop(folder);
    let set = Set { sources: vec![source].leak(), ..summed("fashion-mnist") };
    let error = run(&set, &tempfile::tempdir().unwrap()).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("`apt-get install dataset-x`"), "{error}");
}
