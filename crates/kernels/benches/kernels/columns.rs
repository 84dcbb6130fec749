//! Kernels over the flat columns of the parameters: all that exist of `cifar_resnet_20` at density 0.06.

use divan::Bencher;
use divan::counter::BytesCount;
use rarefy_kernels::{AdamStep, Buffer, Isa, SgdStep};

/// Of 268,336.
const WEIGHTS: usize = 16_100;

/// The names of this machine's instruction sets.
fn isas() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

fn isa(name: &str) -> Isa {
    Isa::named(name).unwrap_or_else(|| panic!("{name} is not available"))
}

fn column(value: f32) -> Buffer {
    let mut column = Buffer::zeros(WEIGHTS).expect("memory");
    column.fill(value);
    column
}

fn bytes(columns: usize) -> BytesCount {
    BytesCount::new(columns * WEIGHTS * size_of::<f32>())
}

#[divan::bench(args = isas())]
fn sgd(bencher: Bencher<'_, '_>, name: &str) {
    let (isa, mut weights, gradient, mut momentum) = (isa(name), column(0.5), column(0.25), column(0.125));
    let step = SgdStep { lr: 1e-6, momentum: 0.9, nesterov: true, weight_decay: 5e-4, first: false };
    bencher.counter(bytes(5)).bench_local(|| {
        rarefy_kernels::sgd(isa, step, &mut weights, &gradient, &mut momentum);
    });
}

#[divan::bench(args = isas())]
fn adam(bencher: Bencher<'_, '_>, name: &str) {
    let (isa, mut weights, gradient) = (isa(name), column(0.5), column(0.25));
    let (mut first, mut second) = (column(0.125), column(1.0));
    let step = AdamStep { lr: 1e-6, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, step: 10 };
    bencher.counter(bytes(7)).bench_local(|| {
        rarefy_kernels::adam(isa, step, &mut weights, &gradient, &mut first, &mut second);
    });
}

#[divan::bench(args = isas())]
fn lane_sums(bencher: Bencher<'_, '_>, name: &str) {
    let isa = isa(name);
    let mut sums = column(0.0);
    let mut accumulators = Buffer::zeros(WEIGHTS * isa.lanes()).expect("memory");
    accumulators.fill(0.5);
    bencher.counter(bytes(isa.lanes())).bench_local(|| {
        rarefy_kernels::lane_sums(isa, &accumulators, &mut sums);
    });
}
