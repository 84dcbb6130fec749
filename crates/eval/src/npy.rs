//! NumPy's `.npy` files, read from front to back.

use crate::error::EvalError;
use rarefy_core::memory;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// No header is longer.
const MOST_HEADER: usize = 1 << 16;

/// An open file: its shape is known, its numbers come next.
pub(crate) struct Npy {
    path: PathBuf,
    file: BufReader<File>,
    /// Bytes after the header.
    size: u64,
    kind: String,
    shape: Vec<usize>,
}

impl Npy {
    /// Opens a file and reads its header (format 1 to 3).
    pub(crate) fn open(path: &Path) -> Result<Self, EvalError> {
        let failed = |source| EvalError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let file = BufReader::with_capacity(1 << 18, file);
        let mut npy = Self { path: path.to_owned(), file, size, kind: String::new(), shape: Vec::new() };
        let magic = npy.bytes(8)?;
        if &magic[..6] != b"\x93NUMPY" {
            return Err(npy.wrong("it is no .npy file"));
        }
        let size = npy.bytes(if magic[6] == 1 { 2 } else { 4 })?;
        let len = size.iter().rev().fold(0usize, |len, &byte| len << 8 | usize::from(byte));
        if len > MOST_HEADER {
            return Err(npy.wrong("its header is too long"));
        }
        let header = String::from_utf8_lossy(&npy.bytes(len)?).into_owned();
        let value = |key: &str, end: char| {
            let rest = header.split_once(&format!("'{key}':"))?.1.trim_start();
            Some(rest.split_once(end)?.0.trim_matches(['\'', ' ', '(']).to_owned())
        };
        let (kind, order, shape) = (value("descr", ','), value("fortran_order", ','), value("shape", ')'));
        let (Some(kind), Some("False"), Some(shape)) = (kind, order.as_deref(), shape) else {
            return Err(npy.wrong("expected an array in C order with a type and a shape"));
        };
        let extents = shape.split(',').map(str::trim).filter(|text| !text.is_empty());
        let extents: Result<Vec<usize>, _> = extents.map(str::parse).collect();
        npy.shape = extents.map_err(|_| npy.wrong("its shape is no list of numbers"))?;
        npy.kind = kind;
        npy.size = npy.size.saturating_sub((8 + size.len() + len) as u64);
        Ok(npy)
    }

    /// Checks that the file has as many bytes as its shape says, images of [0, 255].
    pub(crate) fn check_images(&self) -> Result<(), EvalError> {
        self.check_bytes()?;
        let expected =
            self.shape.iter().try_fold(1u64, |product, &extent| product.checked_mul(extent as u64));
        match expected {
            Some(expected) if self.size >= expected => Ok(()),
            _ => {
                let found = self.size;
                Err(self.wrong(&format!(
                    "it ends too early: {found} bytes of numbers, its shape is {:?}",
                    self.shape
                )))
            }
        }
    }

    fn check_bytes(&self) -> Result<(), EvalError> {
        match self.kind.as_str() {
            "" | "|u1" | "u1" => Ok(()),
            kind => Err(self.wrong(&format!("its numbers are of type {kind}, expected |u1"))),
        }
    }

    /// Extents.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, EvalError> {
        self.check_bytes()?;
        self.raw(count)
    }

    /// All numbers of a file of one axis as labels.
    pub(crate) fn integers(mut self) -> Result<Vec<u32>, EvalError> {
        let [count] = self.shape[..] else {
            return Err(self.wrong(&format!("its shape is {:?}, expected one axis", self.shape)));
        };
        let width = match self.kind.as_str() {
            "|u1" | "|i1" => 1,
            "<i4" | "<u4" => 4,
            "<i8" | "<u8" => 8,
            kind => return Err(self.wrong(&format!("its numbers are of type {kind}, expected integers"))),
        };
        let mut labels = Vec::new();
        for _ in 0..count {
            let bytes = self.raw(width)?;
            let number = bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
            memory::grow(&mut labels, 1, "the labels of a .npy file")?;
            labels.push(u32::try_from(number).map_err(|_| self.wrong("a label is no class"))?);
        }
        Ok(labels)
    }

    fn raw(&mut self, count: usize) -> Result<Vec<u8>, EvalError> {
        let mut bytes = memory::zeros(count, "numbers of a .npy file")?;
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(source) if source.raw_os_error().is_some() => {
                Err(EvalError::Io { path: self.path.clone(), source })
            }
            Err(_) => Err(self.wrong("it ends too early")),
        }
    }

    fn wrong(&self, problem: &str) -> EvalError {
        EvalError::File { path: self.path.clone(), problem: problem.to_owned() }
    }
}
