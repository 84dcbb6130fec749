//! Random bytes where archives, packed files, sheets and labels are expected: an error that names the file, or files that
//! the reader still has to accept.

use super::*;
use crate::fetch::unpack::{Wanted, gunzip, untar};
use crate::fetch::{FetchError, sheets};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

const LIMIT: u64 = 4000;

/// Cuts `bytes`, then changes one of those left: damage that keeps most of a format.
fn damaged(mut bytes: Vec<u8>, cut: Index, at: Index, change: u8) -> Vec<u8> {
    bytes.truncate(1 + cut.index(bytes.len()));
    let at = at.index(bytes.len());
    bytes[at] ^= change;
    bytes
}

/// A folder with the file `name` in it.
fn folder_of(name: &str, bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// Either nothing is wrong, or the complaint is about the content of `path`; what was written keeps to its limit.
fn judged(outcome: Result<(), FetchError>, path: &Path, written: &Path) -> Result<(), TestCaseError> {
    if let Err(error) = &outcome {
        prop_assert!(matches!(error, FetchError::Archive { path: named, .. } if named == path), "{}", error);
        prop_assert!(!error.is_system());
    }
    prop_assert!(written.metadata().map_or(0, |file| file.len()) <= LIMIT);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, rng_seed: RngSeed::Fixed(18), ..ProptestConfig::default() })]

    #[test]
    fn archives_of_random_bytes_are_refused_or_unpacked_within_their_limits(
        packed in any::<bool>(),
        random in prop::collection::vec(any::<u8>(), 0..1500),
        (cut, at, change) in any::<(Index, Index, u8)>(),
    ) {
        let wanted = [Wanted { member: "x/y".into(), name: "out".into(), limit: LIMIT }];
        let real = tarball(&[("x/y".into(), vec![5; 3000])]);
        let plain = {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(real.as_slice()), &mut bytes).unwrap();
            gzip(&damaged(bytes, cut, at, change))
        };
        // Packed bytes of an archive that is damaged inside, a damaged package, and mere noise.
        let candidates = [plain, damaged(real, cut, at, change), if packed { gzip(&random) } else { random }];
        for bytes in candidates {
            let (dir, path) = folder_of("a.tar.gz", &bytes);
            judged(untar(&path, &wanted, dir.path()), &path, &dir.path().join("out"))?;
            judged(gunzip(&path, &dir.path().join("out"), LIMIT), &path, &dir.path().join("out"))?;
        }
    }

    #[test]
    fn sheets_and_labels_of_random_bytes_are_refused_or_converted(
        random in prop::collection::vec(any::<u8>(), 0..300),
        text in "\\[?[0-9, \\-\\.e\\[\\]]{0,60}\\]?",
        (cut, at, change) in any::<(Index, Index, u8)>(),
    ) {
        let set = summed("cifar10");
        let bytes = contents(&set).swap_remove(5).1;
        let (sheet, labels) = (super::programs::sheet(&bytes), super::programs::labels(&[bytes]));
        for (sheet, labels) in [
            (damaged(sheet.clone(), cut, at, change), labels.clone()),
            (random.clone(), labels.clone()),
            (sheet.clone(), damaged(labels, cut, at, change & 127)),
            (sheet.clone(), random),
            (sheet, text.into_bytes()),
        ] {
            let (dir, _) = folder_of("test_batch.png", &sheet);
            std::fs::write(dir.path().join("labels.json"), labels).unwrap();
            match sheets::convert(set.test, "labels.json", dir.path()) {
                Ok(()) => {
                    let written = std::fs::read(dir.path().join("test_batch.bin")).unwrap();
                    prop_assert_eq!(written.len() as u64, set.test[0].layout.file_bytes());
                }
                Err(error) => {
                    prop_assert!(error.to_string().contains(&dir.path().display().to_string()), "{}", error);
                    prop_assert!(!error.is_system(), "{}", error);
                }
            }
        }
    }
}
