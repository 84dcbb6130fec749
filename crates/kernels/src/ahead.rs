//! Prefetch of what the next strip of rows will touch, hidden behind the arithmetic of this one.

/// Numbers in a cache line.
const LINE: usize = 16;

/// Multiply-adds of vectors between two steps, about: [`STEP_TAPS`] taps of a register tile of 16.
pub(crate) const STEP_TAPS: usize = 8;

/// Most lines of a step: as many as come in while its multiply-adds run. With more, loads of the products wait behind them.
const MOST_LINES: usize = 4;

/// Slices to bring into the cache while a kernel computes; their numbers are not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ahead<'a> {
    /// Up to so many slices, in the order in which they are wanted.
    pub slices: [&'a [f32]; 6],
}

/// Walks over the slices a few lines at a time.
pub(crate) struct Walk<'a> {
    slices: [&'a [f32]; 6],
    slice: usize,
    at: usize,
    lines: usize,
}

impl<'a> Walk<'a> {
    /// Spreads the lines over `steps` calls of [`Walk::step`], no more than [`MOST_LINES`] each: the rest is left to the hardware.
    #[inline(always)]
    pub(crate) fn new(ahead: Ahead<'a>, steps: usize) -> Self {
        let lines: usize = ahead.slices.iter().map(|slice| slice.len().div_ceil(LINE)).sum();
        Self { slices: ahead.slices, slice: 0, at: 0, lines: lines.div_ceil(steps.max(1)).min(MOST_LINES) }
    }

    #[inline(always)]
    pub(crate) fn step(&mut self) {
        for _ in 0..self.lines {
            while self.slice < self.slices.len() && self.at >= self.slices[self.slice].len() {
                self.slice += 1;
                self.at = 0;
            }
            let Some(number) = self.slices.get(self.slice).and_then(|slice| slice.get(self.at)) else {
                return;
            };
            prefetch(std::ptr::from_ref(number));
            self.at += LINE;
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
