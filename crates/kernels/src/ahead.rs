//! Prefetch of what the next strip of rows will touch, hidden behind the arithmetic of this one.

/// Numbers in a cache line.
const LINE: usize = 16;

/// Most lines of a step.
const MOST_LINES: usize = 4;

/// Slices to bring into the cache while a kernel computes; their numbers are not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ahead<'a> {
    /// Up to so many slices, in the order in which they are wanted.
    pub slices: [&'a [f32]; 6],
}

/// Walks over the slices a line at a time.
pub(crate) struct Walk<'a> {
    slices: [&'a [f32]; 6],
    slice: usize,
    /// The next line and the end of its slice.
    at: *const f32,
    end: *const f32,
    lines: usize,
}

impl<'a> Walk<'a> {
    /// Spreads the lines over `steps` calls of [`Walk::step`].
    #[inline(always)]
    pub(crate) fn new(ahead: Ahead<'a>, steps: usize) -> Self {
        let lines: usize = ahead.slices.iter().map(|slice| slice.len().div_ceil(LINE)).sum();
        let nowhere = std::ptr::null();
        let lines = lines.div_ceil(steps.max(1)).min(MOST_LINES);
        let mut walk = Self { slices: ahead.slices, slice: 0, at: nowhere, end: nowhere, lines };
        walk.turn();
        walk
    }

    /// On to the next slice that is not empty.
    fn turn(&mut self) {
        while self.at >= self.end {
            let Some(slice) = self.slices.get(self.slice) else {
                self.lines = 0;
                return;
            };
            let std::ops::Range { start, end } = slice.as_ptr_range();
            (self.at, self.end) = (start, end);
            self.slice += 1;
        }
    }

    #[inline(always)]
    pub(crate) fn step(&mut self) {
        for _ in 0..self.lines {
            prefetch(self.at);
            self.at = self.at.wrapping_add(LINE);
            if self.at >= self.end {
                self.turn();
            }
        }
    }
}

/// Numbers between what a pass over planes reads and what it asks for: the hardware's own fetching ahead stops where a page of 4 KB ends.
const BEYOND: usize = 48 * LINE;

/// Asks for what is read soon after `vector`, in a pass that reads one number after the other.
#[inline(always)]
pub(crate) fn prefetch_beyond<V>(vector: &V) {
    prefetch(std::ptr::from_ref(vector).cast::<f32>().wrapping_add(BEYOND));
}

#[allow(unsafe_code)]
/// Asks for the cache line at `place`, be there memory or not; nothing where the compiler has no instruction for it.
#[inline(always)]
fn prefetch(place: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and never faults; every x86-64 processor has it (SSE).
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
