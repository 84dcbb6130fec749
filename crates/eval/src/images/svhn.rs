//! Street View House Numbers, the cropped digits (Netzer et al. 2011): `test_32x32.mat`.

use super::{Images, Kind, Request, fit, mat};
use crate::error::EvalError;
use rarefy_core::Extent;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::PathBuf;

pub(super) const KIND: Kind = Kind {
    name: "svhn",
    about: "house numbers, the file test_32x32.mat in the data folder or its svhn",
    takes_path: false,
    open: |request| Ok(Box::new(Svhn::open(request)?)),
};

const FILE: &str = "test_32x32.mat";
const SIDE: usize = 32;
const EXTENT: Extent = Extent { channels: 3, height: SIDE, width: SIDE };

struct Svhn {
    path: PathBuf,
    data: Box<dyn Read>,
    count: usize,
    next: usize,
}

impl Svhn {
    fn open(request: &Request<'_>) -> Result<Self, EvalError> {
        let dir = rarefy_data::data_dir(request.data_dir)?;
        let places = ["svhn", "SVHN", ""].map(|folder| dir.join(folder).join(FILE));
        let Some(path) = places.iter().find(|path| path.is_file()) else {
            let [path, ..] = places;
            let problem = "there is no such file; it is at http://ufldl.stanford.edu/housenumbers".to_owned();
            return Err(EvalError::File { path, problem });
        };
        let path = path.clone();
        let file = File::open(&path).map_err(|source| failed(&path, source))?;
        let size = file.metadata().map_err(|source| failed(&path, source))?.len();
        let array = mat::find(BufReader::with_capacity(1 << 16, file), size, "X");
        let array = array.map_err(|source| failed(&path, source))?;
        match array.extents[..] {
            [SIDE, SIDE, 3, count] if count > 0 => Ok(Self { path, data: array.data, count, next: 0 }),
            _ => {
                let problem = format!("X is {:?}, expected [32, 32, 3, images]", array.extents);
                Err(EvalError::File { path, problem })
            }
        }
    }
}

/// Only the system gives error numbers; other errors are about the content.
fn failed(path: &std::path::Path, source: std::io::Error) -> EvalError {
    let path = path.to_owned();
    match source.raw_os_error() {
        Some(_) => EvalError::Io { path, source },
        None if source.kind() == ErrorKind::UnexpectedEof => {
            EvalError::File { path, problem: "it ends too early".to_owned() }
        }
        None => EvalError::File { path, problem: source.to_string() },
    }
}

impl Images for Svhn {
    fn name(&self) -> String {
        "svhn".to_owned()
    }

    fn len(&self) -> usize {
        self.count
    }

    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError> {
        let count = most.min(self.count - self.next);
        let mut stored = [0; SIDE * SIDE * 3];
        let mut image = [0.0; SIDE * SIDE * 3];
        for _ in 0..count {
            self.data.read_exact(&mut stored).map_err(|source| failed(&self.path, source))?;
            // Column-major: the row runs fastest.
            for (at, &byte) in stored.iter().enumerate() {
                let (y, x, channel) = (at % SIDE, at / SIDE % SIDE, at / (SIDE * SIDE));
                image[(channel * SIDE + y) * SIDE + x] = f32::from(byte) / 255.0;
            }
            fit(&image, EXTENT, extent, pixels)?;
        }
        self.next += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn element(kind: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = [kind.to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    /// A file with a label array and two images, as MATLAB writes it: names in the tag, arrays compressed.
    fn file() -> Vec<u8> {
        let words = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let array = |name: u8, extents: &[u32], data: &[u8]| {
            let name = [1 | 1 << 16, u32::from(name)].map(u32::to_le_bytes).concat();
            let parts = [element(6, &words(&[9, 0])), element(5, &words(extents)), name, element(2, data)];
            let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&element(14, &parts.concat())).unwrap();
            let packed = packed.finish().unwrap();
            [15u32.to_le_bytes().to_vec(), (packed.len() as u32).to_le_bytes().to_vec(), packed].concat()
        };
        let mut head = vec![b' '; 126];
        head.extend_from_slice(b"IM");
        let images: Vec<u8> = (0..2 * 3072).map(|at| (at % 251) as u8).collect();
        [head, array(b'y', &[2, 1], &[1, 10]), array(b'X', &[32, 32, 3, 2], &images)].concat()
    }

    fn open(bytes: &[u8]) -> Result<Svhn, EvalError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), bytes).unwrap();
        Svhn::open(&Request {
            path: None,
            data_dir: Some(dir.path()),
            count: 0,
            seed: 0,
            allow_incomplete: false,
        })
    }

    #[test]
    fn images_come_out_in_rows() {
        let mut svhn = open(&file()).unwrap();
        let mut pixels = Vec::new();
        assert_eq!((svhn.len(), svhn.next(EXTENT, 5, &mut pixels).unwrap()), (2, 2));
        assert_eq!(svhn.next(EXTENT, 5, &mut pixels).unwrap(), 0);
        // Second image, green, row 3, column 7.
        let at = 3072 + 1024 + 7 * 32 + 3;
        assert_eq!(pixels[3072 + 1024 + 3 * 32 + 7], (at % 251) as f32 / 255.0);
    }

    #[test]
    fn a_file_that_is_cut_or_another_is_refused() {
        let whole = file();
        for length in 0..whole.len() {
            assert!(matches!(open(&whole[..length]), Err(EvalError::File { .. })), "{length}");
        }
        for at in (0..whole.len()).step_by(7) {
            let mut altered = whole.clone();
            altered[at] ^= 0x55;
            let _ = open(&altered).map(|mut svhn| svhn.next(EXTENT, 2, &mut Vec::new()).is_ok());
        }
    }
}
