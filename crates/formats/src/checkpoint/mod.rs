//! The checkpoint: everything needed to continue a run bit for bit, in one safetensors file.
//!
//! # File format 1
//!
//! Any safetensors library reads the file. `__metadata__` comes first and has, in this order:
//!
//! - `rarefy.bytes`: length of the file, 16 decimal digits;
//! - `rarefy.sha256`: SHA-256 of the whole file, the eight bytes of header length included, in which the 64 digits of this
//!   entry are replaced by `0`; lower-case hexadecimal digits. It starts at byte 76;
//! - `rarefy.format`: `1`;
//! - `rarefy.checkpoint`: JSON with the program's `version`, [`Meta`] as `meta`, a list `parameters` of
//!   [`ParameterInfo`] and the list `columns` of stored columns.
//!
//! The tensors are flat and concatenate all parameters, little-endian:
//!
//! - `value`, `momentum`, `second_moment` (F32): for a weight its existing numbers in the pattern's canonical order
//!   ([`rarefy_core::Pattern`]), for other parameters all, row-major. A column of nothing but +0.0 is left out;
//! - `running_mean`, `running_var` (F32): batch-norm statistics, layer by layer;
//! - `row_starts` (U32): for each weight the first tap of every row block and the number of taps, counted from the weight's
//!   own first tap;
//! - `taps` (U16 if all fit, else U32): for each weight the taps of every row block, ascending; a tap is
//!   `(input-channel block * kernel_h + y) * kernel_w + x`.
//! - `extra.NAME` (F32 or U32): what the training method keeps beside the network.
//!
//! Equal content gives equal bytes: no time, no host, one fixed order.

mod decode;
mod encode;
mod extras;
mod header;
mod meta;
mod seal;
mod sound;

pub use extras::{Extra, Extras};
pub use meta::{DataInfo, Meta, ParameterInfo, Seeds};

use crate::{FormatError, atomic_write};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A network at one moment of its training.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Which network, where it stands, and the trainer's state.
    pub meta: Meta,
    /// Patterns, values, optimizer state and running statistics. The gradient is not stored: it comes back as zeros.
    pub store: ParamStore,
    /// What the training method keeps beside the network.
    pub extras: Extras,
}

/// What the header alone tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Which network, where it stands, and the trainer's state.
    pub meta: Meta,
    /// All parameter tensors, in order.
    pub parameters: Vec<ParameterInfo>,
    /// Version of the program that wrote it.
    pub version: String,
    /// Size of the file.
    pub bytes: u64,
}

impl Inspection {
    /// Existing prunable weights.
    pub fn nnz(&self) -> u64 {
        let prunable = self.parameters.iter().filter(|parameter| parameter.block.is_some());
        prunable.fold(0, |sum, parameter| sum.saturating_add(parameter.nnz as u64))
    }
}

/// Writes a checkpoint of `store` to `path`, atomically. Equal content gives equal bytes.
///
/// # Errors
/// [`FormatError::Io`]; [`FormatError::Unstorable`] for content that could not be read back: a [`Meta`] that JSON cannot carry or
/// whose counters cannot be, numbers that are not finite. `path` is then as it was.
pub fn save(path: &Path, meta: &Meta, store: &ParamStore) -> Result<(), FormatError> {
    save_with(path, meta, store, &Extras::new())
}

/// [`save`] with extra tensors.
///
/// # Errors
/// As [`save`].
pub fn save_with(path: &Path, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), FormatError> {
    let (content, tensors) = encode::encode(meta, store, extras).map_err(|error| error.at(path))?;
    let header = header::write(&content, &tensors).map_err(|error| error.at(path))?;
    atomic_write(path, |file| {
        file.write_all(&header)?;
        tensors.iter().try_for_each(|tensor| file.write_all(&tensor.data))
    })
}

/// Reads the header of the checkpoint at `path` and checks the file's length; the numbers are neither read nor verified.
///
/// # Errors
/// As [`Checkpoint::load`], but a flipped bit is not noticed.
pub fn inspect(path: &Path) -> Result<Inspection, FormatError> {
    let (mut file, mut start, bytes) = open(path)?;
    let length = header::length(&start, bytes).map_err(|error| error.at(path))?;
    let missing = (seal::LENGTH_FIELD as u64 + length).saturating_sub(start.len() as u64);
    read_up_to(&mut file, missing, &mut start).map_err(|source| unreadable(path, source))?;
    let header = start.get(seal::LENGTH_FIELD..).unwrap_or_default();
    let (_, content) = header::parse(header, bytes).map_err(|error| error.at(path))?;
    Ok(Inspection { meta: content.meta, parameters: content.parameters, version: content.version, bytes })
}

impl Checkpoint {
    /// Writes the checkpoint; see [`save`].
    ///
    /// # Errors
    /// As [`save`].
    pub fn save(&self, path: &Path) -> Result<(), FormatError> {
        save_with(path, &self.meta, &self.store, &self.extras)
    }

    /// Reads and verifies a checkpoint of one of the known models.
    ///
    /// # Errors
    /// [`FormatError::Io`]; otherwise [`FormatError::File`] with what is wrong with the content ([`FormatError::kind`]), numbers
    /// that are not finite and negative variances among it.
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        decode::decode(&read(path)?, None).map_err(|error| error.at(path))
    }

    /// Reads and verifies a checkpoint of `graph`, which may be of your own making.
    ///
    /// # Errors
    /// As [`Checkpoint::load`], and [`FormatError::AnotherModel`].
    pub fn load_for(path: &Path, graph: &Graph) -> Result<Self, FormatError> {
        decode::decode(&read(path)?, Some(graph)).map_err(|error| error.at(path))
    }

    /// Verifies and decodes the bytes of a checkpoint of one of the known models.
    ///
    /// # Errors
    /// As [`Checkpoint::load`], without the file's name.
    pub fn from_bytes(file: &[u8]) -> Result<Self, FormatError> {
        decode::decode(file, None)
    }

    /// The bytes that [`Checkpoint::save`] writes.
    ///
    /// # Errors
    /// [`FormatError::Unstorable`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let (content, tensors) = encode::encode(&self.meta, &self.store, &self.extras)?;
        let mut bytes = header::write(&content, &tensors)?;
        for tensor in &tensors {
            memory::append(&mut bytes, &tensor.data, "the bytes of a checkpoint")?;
        }
        Ok(bytes)
    }
}

/// Opens a checkpoint and checks its first bytes: the file, those bytes, and its length.
fn open(path: &Path) -> Result<(File, Vec<u8>, u64), FormatError> {
    let mut start = Vec::new();
    let mut begin = || {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        read_up_to(&mut file, seal::SEAL_LEN as u64, &mut start)?;
        Ok((file, len))
    };
    let (file, len) = begin().map_err(|source| unreadable(path, source))?;
    seal::check_start(&start, len).map_err(|error| error.at(path))?;
    Ok((file, start, len))
}

/// The whole file; only a file that starts as a checkpoint of its length is read at all.
fn read(path: &Path) -> Result<Vec<u8>, FormatError> {
    let (mut file, mut bytes, len) = open(path)?;
    let rest = len.saturating_sub(bytes.len() as u64);
    read_up_to(&mut file, rest, &mut bytes).map_err(|source| unreadable(path, source))?;
    Ok(bytes)
}

fn read_up_to(file: &mut File, count: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    // One more: at the end of its room a list asks for more before it knows that the file has ended.
    let len = usize::try_from(count).unwrap_or(usize::MAX).saturating_add(bytes.len() + 1);
    memory::reserve(bytes, len, "the bytes of the file").map_err(refused)?;
    file.take(count).read_to_end(bytes)?;
    Ok(())
}

/// As the system's own refusal.
fn refused(error: OutOfMemory) -> io::Error {
    io::Error::new(io::ErrorKind::OutOfMemory, error)
}

fn unreadable(path: &Path, source: io::Error) -> FormatError {
    FormatError::Io { action: "read", path: path.to_owned(), source }
}
