//! Finding the files and comparing them with their checksums.

use super::{contents, gzip, leak, shrunk, stored, stored_sets, write_all};
use crate::stored::{Set, Sum, verify_set};
use crate::{DataError, FileError, Options, Status, status, verify};
use std::path::Path;

fn open(set: Set, dir: &Path) -> Result<(), DataError> {
    leak(set).open(&Options { data_dir: Some(dir.into()), ..Options::default() }).map(|_| ())
}

#[test]
fn a_missing_data_set_says_how_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    for name in stored_sets() {
        let error = open(shrunk(name), dir.path()).unwrap_err();
        assert!(!error.is_system());
        let text = error.to_string();
        let file = dir.path().join(shrunk(name).folders[0]).join(shrunk(name).train[0].name);
        for word in [&format!("`rarefy data fetch {name}`"), "--data-dir", &file.display().to_string()] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(status(name, dir.path()), Ok(Status::Missing(file)));
        assert_eq!(verify(name, dir.path()).map(|_| ()), Err(error));
    }
    assert_eq!(status("digits", dir.path()), Ok(Status::Embedded));
    assert_eq!(verify("digits", dir.path()), Ok(vec![]));
    assert!(matches!(verify("digit", dir.path()), Err(DataError::Unknown { .. })));
}

#[test]
fn one_missing_file_is_named() {
    for name in stored_sets() {
        let set = shrunk(name);
        let (dir, folder) = stored(&set);
        let last = folder.join(set.test.last().unwrap().name);
        std::fs::remove_file(&last).unwrap();
        let error = open(set, dir.path()).unwrap_err();
        assert_eq!(error, DataError::Missing { dataset: name.into(), path: last });
    }
}

#[test]
fn packed_files_and_the_second_folder_do_as_well() {
    let set = shrunk("mnist");
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("MNIST/raw");
    for (index, (name, bytes)) in contents(&set).into_iter().enumerate() {
        let packed = index % 2 == 0;
        let name = if packed { format!("{name}.gz") } else { name.to_owned() };
        write_all(&folder, &[(&name, if packed { gzip(&bytes) } else { bytes })]);
    }
    open(set, dir.path()).unwrap();
}

#[test]
fn a_flipped_bit_is_found_by_the_published_checksum() {
    for name in ["cifar10", "mnist"] {
        let mut set = shrunk(name);
        let sum = |(_, bytes): (&str, Vec<u8>)| &*Sum::Md5("").of(&mut bytes.as_slice()).unwrap().leak();
        let mut sums = contents(&set).into_iter().map(sum);
        for files in [&mut set.train, &mut set.test] {
            let summed = files.iter().map(|file| crate::stored::DataFile { md5: sums.next(), ..*file });
            *files = summed.collect::<Vec<_>>().leak();
        }
        let (dir, folder) = stored(&set);
        open(set, dir.path()).unwrap();
        let path = folder.join(set.train[0].name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5000] ^= 16;
        std::fs::write(&path, bytes).unwrap();
        let error = open(set, dir.path()).unwrap_err();
        assert!(!error.is_system());
        let text = error.to_string();
        for word in
            [&path.display().to_string(), "checksum", &format!("`rarefy data fetch {name}` replaces it")]
        {
            assert!(text.contains(word), "{text}");
        }
        let reports = verify_set(&set, dir.path()).unwrap();
        assert_eq!(reports.len(), set.files().count());
        for report in reports {
            let bad = matches!(report.outcome, Err(FileError::Checksum { .. }));
            assert_eq!(bad, report.path == path, "{report:?}");
            assert!(bad || report.outcome.is_ok_and(|(_, known)| known));
        }
    }
}

#[test]
fn where_no_checksum_is_published_the_recorded_one_counts() {
    let set = shrunk("cifar100");
    let (dir, folder) = stored(&set);
    let unknown = verify_set(&set, dir.path()).unwrap();
    assert!(unknown.iter().all(|report| report.outcome.as_ref().is_ok_and(|(_, known)| !known)));
    let line = |(name, bytes): (&str, Vec<u8>)| {
        format!("{}  {name}\n", Sum::Md5("").of(&mut bytes.as_slice()).unwrap())
    };
    let sums: String = contents(&set).into_iter().map(line).collect();
    std::fs::write(folder.join("MD5SUMS"), &sums).unwrap();
    open(set, dir.path()).unwrap();
    let known = verify_set(&set, dir.path()).unwrap();
    assert!(known.iter().all(|report| report.outcome.as_ref().is_ok_and(|(_, known)| *known)));
    std::fs::write(folder.join("MD5SUMS"), sums.replacen(|digit| digit != '0', "0", 1)).unwrap();
    let error = open(set, dir.path()).unwrap_err();
    assert!(matches!(error, DataError::File { error: FileError::Checksum { .. }, .. }), "{error}");
    // A damaged list is bad data, whatever its bytes.
    std::fs::write(folder.join("MD5SUMS"), [&b"\xff\xfe  train.bin\n"[..], sums.as_bytes()].concat())
        .unwrap();
    let error = open(set, dir.path()).unwrap_err();
    assert!(matches!(error, DataError::File { error: FileError::Checksum { .. }, .. }), "{error}");
}
