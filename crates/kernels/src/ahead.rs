//! Prefetch of what the next strip of rows will touch, hidden behind the arithmetic of this one.

/// Numbers in a cache line.
const LINE: usize = 16;

/// Most lines of a step: beside the 16 multiply-adds of a tap there is room for a few.
const MOST_LINES: usize = 4;

/// Slices to bring into the cache while a kernel computes; their numbers are not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ahead<'a> {
    /// Up to so many slices, in the order in which they are wanted.
    pub slices: [&'a [f32]; 6],
}

/// Walks over the slices a few lines with every tap.
pub(crate) struct Walk<'a> {
    slices: [&'a [f32]; 6],
    slice: usize,
    /// Numbers of the slice that are done.
    done: usize,
    lines: usize,
}

/// The next lines of a walk.
pub(crate) struct Lines {
    at: *const f32,
    each: usize,
}

impl<'a> Walk<'a> {
    /// Spreads the lines over `steps` calls of [`Lines::step`].
    #[inline(always)]
    pub(crate) fn new(ahead: Ahead<'a>, steps: usize) -> Self {
        let lines: usize = ahead.slices.iter().map(|slice| slice.len().div_ceil(LINE)).sum();
        let lines = lines.div_ceil(steps.max(1)).min(MOST_LINES);
        Self { slices: ahead.slices, slice: 0, done: 0, lines }
    }

    /// Lines for `steps` steps. A slice may end within them: what lies behind it is asked for as well, which harms nothing.
    #[inline(always)]
    pub(crate) fn lines(&mut self, steps: usize) -> Lines {
        if self.lines > 0 && self.done >= self.slices[self.slice].len() {
            self.turn();
        }
        let lines = Lines { at: self.slices[self.slice].as_ptr().wrapping_add(self.done), each: self.lines };
        self.done += steps * self.lines * LINE;
        lines
    }

    /// On to the next slice that is not empty, if there is one.
    #[cold]
    #[inline(never)]
    fn turn(&mut self) {
        match (self.slice + 1..self.slices.len()).find(|&slice| !self.slices[slice].is_empty()) {
            Some(slice) => (self.slice, self.done) = (slice, 0),
            None => self.lines = 0,
        }
    }
}

impl Lines {
    /// Asks for the next few.
    #[inline(always)]
    pub(crate) fn step(&mut self) {
        // No loop: nothing but addresses in registers, and branches that always go the same way.
        for line in 0..MOST_LINES {
            if line < self.each {
                prefetch(self.at.wrapping_add(line * LINE));
            }
        }
        self.at = self.at.wrapping_add(self.each * LINE);
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
