//! What benchmarks run: every instance once, with the work it is said to have.

use crate::common::*;
use rarefy_kernels::workload::{Instance, KernelKind, Workload};
use rarefy_kernels::{tile_taps, tile_vectors};

#[test]
fn every_instance_of_every_instruction_set_runs_and_counts_its_work() {
    let all = Instance::all();
    for isa in isas() {
        let of = |name: &str| all.iter().filter(|of| of.isa == isa && of.kernel.name() == name).count();
        assert_eq!(of("spmm"), [1, 2, 4].map(|rows| tile_vectors(rows, isa.lanes())).iter().sum::<usize>());
        assert_eq!(of("sddmm"), [1, 2, 4].map(|rows| tile_taps(rows, isa.lanes())).iter().sum::<usize>());
    }
    for instance in all {
        let mut workload = Workload::new(instance);
        workload.run();
        workload.run();
        let products = matches!(instance.kernel, KernelKind::Spmm { .. } | KernelKind::Sddmm { .. });
        assert_eq!(workload.multiply_adds() > 0, products, "{instance}");
        assert!(workload.bytes() > 0, "{instance}");
    }
}

#[test]
fn the_names_of_instances_tell_them_apart() {
    let mut names: Vec<String> = Instance::all().iter().map(ToString::to_string).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
