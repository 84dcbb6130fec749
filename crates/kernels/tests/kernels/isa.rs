//! Which instruction sets these tests reach.

use rarefy_kernels::{Isa, MAX_LANES};
use std::collections::BTreeSet;

#[test]
fn every_instruction_set_of_this_machine_was_run_and_the_others_are_named() {
    let ran: Vec<&str> = crate::common::isas().into_iter().map(Isa::name).collect();
    let absent: Vec<&str> = Isa::NAMES.into_iter().filter(|name| !ran.contains(name)).collect();
    println!("kernel tests ran on {ran:?}; this machine has no {absent:?}");
    let both: BTreeSet<&str> = ran.iter().chain(&absent).copied().collect();
    assert_eq!((both.len(), ran.len() + absent.len()), (Isa::NAMES.len(), Isa::NAMES.len()));
    assert_eq!(ran.last(), Some(&"portable"), "there is always the portable one, and it is the last choice");
    assert_eq!(ran, Isa::NAMES.into_iter().filter(|name| has(name)).collect::<Vec<_>>());
}

/// What the standard library says of this machine.
fn has(name: &str) -> bool {
    match name {
        #[cfg(target_arch = "x86_64")]
        "avx2" => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        #[cfg(target_arch = "x86_64")]
        "avx512" => {
            has("avx2")
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        }
        #[cfg(target_arch = "aarch64")]
        "neon" => std::arch::is_aarch64_feature_detected!("neon"),
        "portable" => true,
        _ => false,
    }
}

#[test]
fn an_instruction_set_is_found_by_its_name_and_only_by_that() {
    for isa in Isa::available() {
        assert_eq!(Isa::named(isa.name()), Some(isa));
        assert!(isa.lanes().is_power_of_two() && isa.lanes() <= MAX_LANES);
        assert_eq!(isa.registers(), if matches!(isa.name(), "avx512" | "neon") { 32 } else { 16 });
    }
    for name in ["", "AVX2", "sse", "avx2 ", "auto"] {
        assert_eq!(Isa::named(name), None);
    }
    assert_eq!(Some(&Isa::best()), Isa::available().first());
}
