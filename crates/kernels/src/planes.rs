//! Where planes are, and reads of vectors that are checked as a whole before a kernel starts.
//!
//! Unsafe: unchecked reads in the two innermost loops, where a check costs as much as the multiply-add it guards.
#![allow(unsafe_code)]

use bytemuck::Pod;
use std::marker::PhantomData;

/// Places of planes and of their rows, in numbers: row `y` of plane `c` starts at `c * plane + y * row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Distance of planes.
    pub plane: usize,
    /// Distance of rows.
    pub row: usize,
}

impl Grid {
    /// Start of a row.
    #[inline(always)]
    pub fn at(self, plane: usize, y: usize) -> usize {
        plane * self.plane + y * self.row
    }

    /// Numbers that `planes` planes of `rows` rows of `columns` reach over; 0 if there are none.
    pub fn reach(self, planes: usize, rows: usize, columns: usize) -> usize {
        match (planes, rows) {
            (0, _) | (_, 0) => 0,
            // Saturating, so that no wrapped sum passes for a small one.
            _ => (planes - 1)
                .saturating_mul(self.plane)
                .saturating_add((rows - 1).saturating_mul(self.row))
                .saturating_add(columns),
        }
    }
}

/// Numbers that are read as vectors at any place.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'a, V> {
    start: *const f32,
    len: usize,
    numbers: PhantomData<&'a V>,
}

impl<'a, V: Pod> Reads<'a, V> {
    pub(crate) fn new(numbers: &'a [f32]) -> Self {
        Self { start: numbers.as_ptr(), len: numbers.len(), numbers: PhantomData }
    }

    /// The vector that starts at number `at`.
    ///
    /// # Safety
    /// `at` plus the lanes of the vector is no more than the count of numbers.
    #[inline(always)]
    pub(crate) unsafe fn at(self, at: usize) -> V {
        debug_assert!(at + size_of::<V>() / size_of::<f32>() <= self.len, "{at} of {}", self.len);
        // SAFETY: the caller keeps to the numbers, which the lifetime keeps alive; V is plain, any bits are valid.
        unsafe { self.start.add(at).cast::<V>().read_unaligned() }
    }
}
