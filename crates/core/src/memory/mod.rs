//! Memory whose size depends on input: asked for and perhaps refused, where Rust's own collections would end
//! the process.
//!
//! Everything that grows with a batch, a network, a data set or a file is made here (aligned buffers in
//! `rarefy-kernels`, by the same rules), so that a request too large for the machine is an [`OutOfMemory`] that
//! says what was wanted. Short lists, of layers or names, need no such care.

mod free;
mod threads;

pub use free::free;
pub use threads::{check_threads, most_threads};

use bytemuck::Zeroable;
use std::cell::Cell;
use std::fmt;

/// A request for memory that the machine cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not enough memory: {what} would take {}{}", Bytes(*.bytes), of_free(*.free))]
pub struct OutOfMemory {
    /// What it was for, e.g. `a batch of images`.
    pub what: &'static str,
    /// Bytes wanted; the largest number stands for more.
    pub bytes: u64,
    /// Bytes that were free, if that was the reason and not the system's refusal.
    pub free: Option<u64>,
}

fn of_free(free: Option<u64>) -> String {
    free.map_or_else(String::new, |free| format!(", {} are free", Bytes(free)))
}

/// Requests from here on are compared with what is free before the system is asked: it may promise more than it
/// has, and end the process that takes it at its word. Reading what is free takes some 50 us.
const LARGE: u64 = 64 << 20;

/// Whether `bytes` more for `what` can be had.
///
/// # Errors
/// More than is free, where the system tells.
pub fn check(bytes: u64, what: &'static str) -> Result<(), OutOfMemory> {
    match free() {
        Some(free) if bytes > free => Err(OutOfMemory { what, bytes, free: Some(free) }),
        _ => Ok(()),
    }
}

/// [`check`] of requests that are worth it.
///
/// # Errors
/// As [`check`].
pub fn check_large(bytes: u64, what: &'static str) -> Result<(), OutOfMemory> {
    if bytes < LARGE { Ok(()) } else { check(bytes, what) }
}

/// Bytes of `len` numbers or other items, saturating.
pub fn bytes_of<T>(len: usize) -> u64 {
    (len as u64).saturating_mul(size_of::<T>() as u64)
}

/// `len` zeros, which take no memory until they are written to.
///
/// # Errors
/// Memory that cannot be had.
pub fn zeros<T: Zeroable>(len: usize, what: &'static str) -> Result<Vec<T>, OutOfMemory> {
    let bytes = bytes_of::<T>(len);
    check_large(bytes, what)?;
    asking(|| bytemuck::allocation::try_zeroed_vec(len)).map_err(|()| OutOfMemory { what, bytes, free: None })
}

/// `len` copies of `value`.
///
/// # Errors
/// Memory that cannot be had.
pub fn filled<T: Copy>(len: usize, value: T, what: &'static str) -> Result<Vec<T>, OutOfMemory> {
    let mut list = room(len, what)?;
    list.resize(len, value);
    Ok(list)
}

/// An empty list with room for `len` items.
///
/// # Errors
/// Memory that cannot be had.
pub fn room<T>(len: usize, what: &'static str) -> Result<Vec<T>, OutOfMemory> {
    let mut list = Vec::new();
    reserve(&mut list, len, what)?;
    Ok(list)
}

/// Makes room in `list` for `len` items in all; what it has room for already costs nothing.
///
/// # Errors
/// Memory that cannot be had; the list is as it was.
pub fn reserve<T>(list: &mut Vec<T>, len: usize, what: &'static str) -> Result<(), OutOfMemory> {
    if len <= list.capacity() {
        return Ok(());
    }
    let bytes = bytes_of::<T>(len);
    // What the list has stays its own: large ones grow in place.
    let more = bytes - bytes_of::<T>(list.capacity());
    check_large(more, what).map_err(|error| OutOfMemory { bytes, ..error })?;
    asking(|| list.try_reserve_exact(len - list.len())).map_err(|_| OutOfMemory { what, bytes, free: None })
}

/// Makes `list` `len` items long; new ones are `value`.
///
/// # Errors
/// Memory that cannot be had; the list is as it was.
pub fn resize<T: Copy>(
    list: &mut Vec<T>,
    len: usize,
    value: T,
    what: &'static str,
) -> Result<(), OutOfMemory> {
    reserve(list, len, what)?;
    list.resize(len, value);
    Ok(())
}

/// Appends `items` to `list`, whose room at least doubles when it runs out.
///
/// # Errors
/// Memory that cannot be had; the list is as it was.
pub fn append<T: Copy>(list: &mut Vec<T>, items: &[T], what: &'static str) -> Result<(), OutOfMemory> {
    grow(list, items.len(), what)?;
    list.extend_from_slice(items);
    Ok(())
}

/// Makes room for `more` items after those that `list` has: at least twice its room when it runs out.
///
/// # Errors
/// Memory that cannot be had; the list is as it was.
pub fn grow<T>(list: &mut Vec<T>, more: usize, what: &'static str) -> Result<(), OutOfMemory> {
    let len = list.len().saturating_add(more);
    match len <= list.capacity() {
        true => Ok(()),
        false => reserve(list, len.max(list.capacity().saturating_mul(2)), what),
    }
}

/// A copy of `items`.
///
/// # Errors
/// Memory that cannot be had.
pub fn copied<T: Copy>(items: &[T], what: &'static str) -> Result<Vec<T>, OutOfMemory> {
    let mut list = room(items.len(), what)?;
    list.extend_from_slice(items);
    Ok(list)
}

/// What `items` gives, up to `len` of them.
///
/// # Errors
/// Memory that cannot be had.
pub fn collected<T>(
    len: usize,
    items: impl IntoIterator<Item = T>,
    what: &'static str,
) -> Result<Vec<T>, OutOfMemory> {
    let mut list = room(len, what)?;
    list.extend(items.into_iter().take(len));
    Ok(list)
}

thread_local! {
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Makes a request that may be refused: its caller deals with that, so the allocator leaves it alone
/// (`rarefy-kernels`).
pub fn asking<R>(request: impl FnOnce() -> R) -> R {
    let before = ASKING.replace(true);
    let result = request();
    ASKING.set(before);
    result
}

/// Whether the request under way may be refused.
pub fn is_asking() -> bool {
    ASKING.try_with(Cell::get).unwrap_or(false)
}

/// A number of bytes as people read it, in powers of ten with two digits or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut unit, mut scale) = ("bytes", 1.0);
        for (next, size) in [("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("PB", 1e15)] {
            if self.0 as f64 >= size {
                (unit, scale) = (next, size);
            }
        }
        let number = self.0 as f64 / scale;
        let digits = usize::from(number < 9.95 && scale > 1.0);
        write!(f, "{number:.digits$} {unit}")
    }
}
