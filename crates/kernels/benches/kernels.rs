//! `cargo bench -p rarefy-kernels`: every kernel instance of this machine, on work that fits the first cache.
//!
//! `rarefy bench kernels` measures the same beside the machine's limits and marks what the engine picks.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rarefy_kernels::workload::{Instance, Workload};

fn main() {
    divan::main();
}

/// The instances of the kernels called `names`.
fn of(names: &[&str]) -> Vec<Instance> {
    Instance::all().into_iter().filter(|instance| names.contains(&instance.kernel.name())).collect()
}

fn run(bencher: Bencher<'_, '_>, instance: &Instance) {
    let mut workload = Workload::new(*instance);
    let (multiply_adds, bytes) = (workload.multiply_adds(), workload.bytes());
    // Items are multiply-adds: two floating-point operations each.
    match multiply_adds {
        0 => bencher.counter(BytesCount::new(bytes)).bench_local(|| workload.run()),
        _ => bencher.counter(ItemsCount::new(multiply_adds)).bench_local(|| workload.run()),
    }
}

#[divan::bench(args = of(&["spmm"]))]
fn spmm(bencher: Bencher<'_, '_>, instance: &Instance) {
    run(bencher, instance);
}

#[divan::bench(args = of(&["sddmm"]))]
fn sddmm(bencher: Bencher<'_, '_>, instance: &Instance) {
    run(bencher, instance);
}

#[divan::bench(args = of(&["combine", "finish_gradient", "row_moments", "plane_sums"]))]
fn planes(bencher: Bencher<'_, '_>, instance: &Instance) {
    run(bencher, instance);
}

#[divan::bench(args = of(&["reduce_accumulators", "sgd", "adam"]))]
fn columns(bencher: Bencher<'_, '_>, instance: &Instance) {
    run(bencher, instance);
}
