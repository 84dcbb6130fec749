//! Work handed to a thread that stays.

use rarefy_kernels::Resident;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

#[test]
fn borrowed_work_runs_on_the_resident_thread_in_turn_and_is_done_on_return() {
    let (mut resident, stay) = Resident::new();
    let thread = thread::spawn(stay);
    let mut seen = Vec::new();
    for round in 0..100 {
        resident.run(&mut || seen.push((round, thread::current().id())));
        assert_eq!(seen.len(), round + 1);
    }
    assert!(seen.iter().enumerate().all(|(at, &(round, id))| round == at && id == thread.thread().id()));
    drop(resident);
    thread.join().expect("it leaves when the giver is dropped");
}

#[test]
fn a_panic_of_the_work_reaches_the_giver_and_the_resident_stays() {
    let (mut resident, stay) = Resident::new();
    let thread = thread::spawn(stay);
    let broken = catch_unwind(AssertUnwindSafe(|| resident.run(&mut || panic!("of the work"))));
    let message = broken.expect_err("it panics");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"of the work"));
    let mut done = false;
    resident.run(&mut || done = true);
    assert!(done);
    drop(resident);
    thread.join().expect("it leaves");
}
