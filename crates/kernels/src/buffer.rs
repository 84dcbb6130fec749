//! Numbers aligned to cache lines.
//!
//! Unsafe: two promises about plain numbers, which let them be viewed as lines and back.
#![allow(unsafe_code)]

use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

// SAFETY: a line is 16 f32 of 64 bytes in all, aligned to 64: no padding, any bit pattern is valid, all zeros included.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above; the type is Copy and 'static.
unsafe impl bytemuck::Pod for Line {}

/// A fixed run of f32, zero at first, aligned to 64 bytes.
#[derive(Clone, Default)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        Self { lines: bytemuck::zeroed_vec(len.div_ceil(16)), len }
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.len)
    }
}
