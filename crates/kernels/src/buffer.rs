//! Numbers aligned to cache lines, large ones in huge pages.
//!
//! Unsafe: two promises about plain numbers, which let them be viewed as lines and back.
#![allow(unsafe_code)]

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

// SAFETY: a line is 16 f32 of 64 bytes in all, aligned to 64: no padding, any bit pattern is valid, all zeros included.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above; the type is Copy and 'static.
unsafe impl bytemuck::Pod for Line {}

/// Bytes of a huge page: of smaller buffers much of one would be left empty.
const HUGE_PAGE: usize = 2 << 20;

enum Memory {
    Lines(Vec<Line>),
    /// Pages of its own and the byte where the numbers start.
    Pages(MmapMut, usize),
}

/// A fixed run of f32, zero at first, aligned to 64 bytes.
pub struct Buffer {
    memory: Memory,
    len: usize,
}

impl Buffer {
    /// `len` zeros, which take no memory until they are written to; `None` if it cannot be had.
    pub fn zeros(len: usize) -> Option<Self> {
        let lines = || bytemuck::allocation::try_zeroed_vec(len.div_ceil(16)).ok().map(Memory::Lines);
        let memory = len.checked_mul(size_of::<f32>()).and_then(huge_pages).or_else(lines)?;
        Some(Self { memory, len })
    }
}

/// Memory in huge pages: a look-up of an address in one covers 512 times as much. `None` where that does not pay, or there are none.
fn huge_pages(bytes: usize) -> Option<Memory> {
    if bytes < HUGE_PAGE || !cfg!(target_os = "linux") {
        return None;
    }
    // One page more, so that the numbers start with one; what is not touched takes no memory.
    let map = MmapMut::map_anon(bytes.checked_add(HUGE_PAGE)?).ok()?;
    #[cfg(target_os = "linux")]
    // A system without them goes on with small pages.
    let _ = map.advise(memmap2::Advice::HugePage);
    let start = map.as_ptr().addr().next_multiple_of(HUGE_PAGE) - map.as_ptr().addr();
    Some(Memory::Pages(map, start))
}

impl Default for Buffer {
    fn default() -> Self {
        Self { memory: Memory::Lines(Vec::new()), len: 0 }
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        match &self.memory {
            Memory::Lines(lines) => &bytemuck::cast_slice(lines)[..self.len],
            Memory::Pages(map, start) => bytemuck::cast_slice(&map[*start..][..self.len * size_of::<f32>()]),
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.memory {
            Memory::Lines(lines) => &mut bytemuck::cast_slice_mut(lines)[..self.len],
            Memory::Pages(map, start) => {
                bytemuck::cast_slice_mut(&mut map[*start..][..self.len * size_of::<f32>()])
            }
        }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.len)
    }
}
