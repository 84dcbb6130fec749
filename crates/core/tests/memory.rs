//! Memory that is asked for.

use rarefy_core::memory::{self, Bytes, OutOfMemory};

#[test]
fn requests_that_can_be_met_give_what_was_asked_for() {
    assert_eq!(memory::zeros::<f32>(3, "numbers"), Ok(vec![0.0; 3]));
    assert_eq!(memory::filled(2, 7u32, "numbers"), Ok(vec![7; 2]));
    assert_eq!(memory::copied(&[1, 2, 3], "numbers"), Ok(vec![1, 2, 3]));
    assert_eq!(memory::collected(2, 5..100, "numbers"), Ok(vec![5, 6]));
    let mut list = memory::room::<u8>(10, "bytes").unwrap();
    assert!(list.is_empty() && list.capacity() >= 10);
    memory::append(&mut list, &[1; 11], "bytes").unwrap();
    assert!(list.len() == 11 && list.capacity() >= 20, "room doubles");
    memory::resize(&mut list, 12, 2, "bytes").unwrap();
    assert_eq!((list[10], list[11]), (1, 2));
    memory::resize(&mut list, 1, 2, "bytes").unwrap();
    assert_eq!(list, [1]);
}

#[test]
fn requests_beyond_any_machine_are_errors_that_say_what_for_and_change_nothing() {
    // What no machine has, what no list can hold, and what overflows.
    for len in [1 << 44, usize::MAX / 4, usize::MAX] {
        let refused = |error: OutOfMemory| {
            assert_eq!((error.what, error.bytes), ("numbers", (len as u64).saturating_mul(8)));
            assert!(error.to_string().starts_with("not enough memory: numbers would take "), "{error}");
        };
        refused(memory::zeros::<f64>(len, "numbers").unwrap_err());
        refused(memory::filled(len, 1u64, "numbers").unwrap_err());
        refused(memory::room::<u64>(len, "numbers").unwrap_err());
        let mut list = vec![1u64, 2];
        refused(memory::reserve(&mut list, len, "numbers").unwrap_err());
        refused(memory::resize(&mut list, len, 0, "numbers").unwrap_err());
        assert_eq!(list, [1, 2]);
        assert!(memory::grow(&mut list, len, "numbers").is_err());
    }
    assert!(!memory::is_asking());
}

#[test]
#[cfg(target_os = "linux")]
fn more_than_is_free_is_refused_before_the_system_promises_it() {
    let free = memory::free().unwrap();
    assert!(free > 0);
    let error = memory::check(u64::MAX, "everything").unwrap_err();
    assert!(error.free.is_some(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("everything would take") && text.ends_with("are free"), "{text}");
    assert_eq!(memory::check(0, "nothing"), Ok(()));
}

#[test]
fn there_are_a_few_threads_a_core_and_room_for_one() {
    assert!(memory::most_threads() >= 4);
    assert_eq!(memory::check_threads(1), Ok(()));
}

#[test]
fn bytes_are_written_with_two_digits_or_more() {
    for (bytes, text) in [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_960, "10 kB"),
        (553_000_000, "553 MB"),
        (1_660_000_000, "1.7 GB"),
        (u64::MAX, "18447 PB"),
    ] {
        assert_eq!(Bytes(bytes).to_string(), text);
    }
}
