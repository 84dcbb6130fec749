//! The system's allocator, for programs: where memory has run out they say so and end, instead of being ended.
//!
//! Unsafe: the contract of an allocator, which is the system's; and a second handle of the standard error
//! output.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Exit code of a program that got no memory: as after any other refusal of the system.
const EXIT_CODE: i32 = 1;

/// The system's allocator. A request that it refuses ends the process with a message and exit code 1, where
/// Rust would abort it; only requests that may be refused get the refusal.
///
/// To be the `#[global_allocator]` of a program.
#[derive(Clone, Copy, Debug)]
pub struct Reporting {
    /// Whether the calling thread's request may be refused. Takes no memory.
    pub may_refuse: fn() -> bool,
    /// What is to be done before the process ends. Waits for no other thread.
    pub last: fn(),
}

// SAFETY: every call goes to the system's allocator as it is and its answer comes back as it is, unless the
// process ends instead; nothing here unwinds.
unsafe impl GlobalAlloc for Reporting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        self.given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        self.given(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) };
    }
}

impl Reporting {
    #[inline]
    fn given(&self, memory: *mut u8, bytes: usize) -> *mut u8 {
        if memory.is_null() && !(self.may_refuse)() {
            self.give_up(bytes);
        }
        memory
    }

    /// Ends the process. Waits for nobody: other threads may have failed as well, with any lock in their hands.
    #[cold]
    fn give_up(&self, bytes: usize) -> ! {
        thread_local! {
            static HERE: Cell<bool> = const { Cell::new(false) };
        }
        static ENDING: AtomicBool = AtomicBool::new(false);
        if !ENDING.swap(true, Ordering::AcqRel) {
            HERE.set(true);
            tell(bytes);
            (self.last)();
            std::process::exit(EXIT_CODE);
        }
        if HERE.get() {
            // What was to be done last took memory.
            std::process::exit(EXIT_CODE);
        }
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Takes no memory.
fn tell(bytes: usize) {
    let mut text = [0; 256];
    let mut rest = &mut text[..];
    let _ = writeln!(
        rest,
        "error: not enough memory: {bytes} bytes more could not be had\n\
         hint: smaller batches, fewer threads or a smaller network take less"
    );
    let left = rest.len();
    let text = &text[..text.len() - left];
    #[cfg(unix)]
    {
        use std::fs::File;
        use std::mem::ManuallyDrop;
        use std::os::fd::FromRawFd;
        // SAFETY: the handle is not closed here. Should the program have closed its standard error output, the
        // write fails.
        let mut errors = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
        let _ = errors.write_all(text);
    }
    #[cfg(not(unix))]
    let _ = std::io::stderr().write_all(text);
}
