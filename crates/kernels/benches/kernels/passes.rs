//! Kernels that go over planes once.

use crate::shapes::Case;
use divan::Bencher;
use divan::counter::BytesCount;
use rarefy_kernels::{
    FINISH_SCRATCH, Gate, MAX_LANES, NormTerm, PoolWindow, Pooled, Term, combine, finish_gradient,
    plane_sums, row_moments,
};

/// An activation of `TERMS` batch norms' outputs.
#[divan::bench(args = Case::all(), consts = [1, 2])]
fn combine_relu<const TERMS: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    let (grid, channels, side) = (case.grid(), case.stage.channels, case.stage.side);
    let (a, b) = (case.planes(grid, 0.5), case.planes(grid, 0.25));
    let mut tile = case.planes(case.tile(), 0.0);
    let (affine, mask) = (vec![0.5; channels], vec![1.0; case.isa.lanes()]);
    let term = |planes| Term { planes, affine: Some((&affine[..], &affine[..])) };
    let terms = [term(&a[..]), term(&b)];
    bencher.counter(BytesCount::new(case.bytes(TERMS + 1))).bench_local(|| {
        let (terms, to, columns) = (&terms[..TERMS], case.tile(), case.columns());
        combine(case.isa, terms, grid, 1, true, &mask, &mut tile, to, None, channels, side, columns);
    });
}

/// The gradient of a ReLU of `NORMS` batch norms' outputs.
#[divan::bench(args = Case::all(), consts = [0, 1, 2])]
fn finish_gradient_relu<const NORMS: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    let (grid, channels) = (case.grid(), case.stage.channels);
    let (from, a, b) = (case.planes(grid, 0.5), case.planes(grid, 0.25), case.planes(grid, 0.125));
    let (activation, mut g) = (case.planes(case.tile(), 1.0), case.planes(grid, 0.0));
    let mean = vec![0.5; channels];
    let [mut sums, mut first, mut second] = [(); 3].map(|()| vec![0.0; channels]);
    let mut scratch = vec![0.0; channels * FINISH_SCRATCH];
    bencher.counter(BytesCount::new(case.bytes(3 + NORMS))).bench_local(|| {
        let term = |planes, sums| NormTerm { planes, mean: &mean, sums };
        let mut terms = [term(&a[..], &mut first[..]), term(&b, &mut second)];
        let gate = Gate::Relu { tile: &activation, grid: case.tile() };
        let (from, terms, side) = (Some((&from[..], grid)), &mut terms[..NORMS], case.stage.side);
        finish_gradient(
            case.isa,
            &mut g,
            grid,
            1,
            false,
            from,
            &[],
            gate,
            terms,
            &mut sums,
            &mut scratch,
            side,
            case.columns(),
        );
    });
}

#[divan::bench(args = Case::all())]
fn moments(bencher: Bencher<'_, '_>, case: &Case) {
    let x = case.planes(case.grid(), 0.5);
    let (mask, shift) = (vec![1.0; case.isa.lanes()], vec![0.5; case.stage.channels]);
    let mut sums = vec![0.0; case.stage.channels * 2 * MAX_LANES];
    bencher.counter(BytesCount::new(case.bytes(1))).bench_local(|| {
        row_moments(case.isa, &x, case.grid(), case.stage.side, case.columns(), &mask, &shift, &mut sums);
    });
}

#[divan::bench(args = Case::all())]
fn sums_of_planes(bencher: Bencher<'_, '_>, case: &Case) {
    let (x, mut sums) = (case.planes(case.grid(), 0.5), vec![0.0; case.stage.channels]);
    bencher.counter(BytesCount::new(case.bytes(1))).bench_local(|| {
        plane_sums(case.isa, &x, case.grid(), case.stage.side, case.columns(), &mut sums);
    });
}

/// Windows of 2 x 2, two apart.
#[divan::bench(args = Case::all())]
fn max_pool(bencher: Bencher<'_, '_>, case: &Case) {
    let (grid, side) = (case.grid(), case.stage.side);
    let (input, mut out) = (case.planes(grid, 0.5), case.planes(grid, 0.0));
    bencher.counter(BytesCount::new(case.bytes(1))).bench_local(|| {
        rarefy_kernels::max_pool(case.isa, pooled(case, &input), 0..side / 2, &mut out, grid);
    });
}

#[divan::bench(args = Case::all())]
fn max_pool_gradient(bencher: Bencher<'_, '_>, case: &Case) {
    let (grid, side) = (case.grid(), case.stage.side);
    let (input, of_output, mut gradient) =
        (case.planes(grid, 0.5), case.planes(grid, 0.25), case.planes(grid, 0.0));
    bencher.counter(BytesCount::new(case.bytes(2))).bench_local(|| {
        let pooled = pooled(case, &input);
        rarefy_kernels::max_pool_gradient(
            case.isa,
            pooled,
            0..side / 2,
            &of_output,
            grid,
            &mut gradient,
            side,
        );
    });
}

fn pooled<'a>(case: &Case, input: &'a [f32]) -> Pooled<'a> {
    let (channels, side) = (case.stage.channels, case.stage.side);
    let window = PoolWindow { kernel: 2, stride: 2, padding: 0 };
    Pooled { window, extent: (side, side), input, grid: case.grid(), first_row: 0, channels }
}
