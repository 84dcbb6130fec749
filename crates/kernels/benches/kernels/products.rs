//! `spmm` and `sddmm`: a 3 x 3 convolution of as many channels as it reads.

use crate::shapes::Case;
use divan::Bencher;
use divan::counter::ItemsCount;
use rarefy_core::random::{Purpose, Stream};
use rarefy_kernels::{Ahead, Buffer, Epilogue, MAX_LANES, Taps, Write, sddmm, spmm};

/// A layer's taps, in groups of `ROWS` outputs over one block.
struct Layer {
    starts: Vec<u32>,
    offsets: Vec<u32>,
    values: Vec<f32>,
}

impl Layer {
    fn new<const ROWS: usize>(case: Case) -> Self {
        let (tile, channels) = (case.tile(), case.stage.channels);
        let mut stream = Stream::new(1, Purpose::Synthetic, 0);
        let below = (case.stage.density * f64::from(u32::MAX)) as u64;
        let (mut starts, mut offsets) = (vec![0], Vec::new());
        for _ in 0..channels / ROWS {
            let taps = (0..channels * 9).filter(|_| stream.word() >> 32 <= below);
            let offset = |tap: usize| tile.at(tap / 9, tap % 9 / 3) + tap % 3 * case.isa.lanes();
            offsets.extend(taps.map(|tap| offset(tap) as u32));
            starts.push(offsets.len() as u32);
        }
        Self { starts, values: vec![0.125; offsets.len() * ROWS], offsets }
    }

    fn taps<const ROWS: usize>(&self) -> Taps<'_> {
        let Self { starts, offsets, values } = self;
        Taps { rows: ROWS, groups: starts.len() - 1, starts, offsets, values }
    }

    fn work(&self, case: Case) -> ItemsCount {
        ItemsCount::new(self.values.len() * case.grid().plane)
    }
}

fn run_spmm<const ROWS: usize>(bencher: Bencher<'_, '_>, case: Case, moments: bool) {
    let layer = Layer::new::<ROWS>(case);
    let (input, mut output) = (case.planes(case.tile(), 0.5), case.planes(case.grid(), 0.0));
    let (mask, shift) = (vec![1.0; case.isa.lanes()], vec![0.5; case.stage.channels]);
    let mut sums = vec![0.0; case.stage.channels * 2 * MAX_LANES];
    // One block of taps: no sums between.
    let mut partial = [];
    bencher.counter(layer.work(case)).bench_local(|| {
        let epilogue = match moments {
            true => Epilogue::Moments { mask: &mask, shift: &shift, sums: &mut sums },
            false => Epilogue::Store,
        };
        let (row, grid, side) = (case.tile().row, case.grid(), case.stage.side);
        spmm(
            case.isa,
            layer.taps::<ROWS>(),
            &input,
            row,
            &mut output,
            grid,
            side,
            case.columns(),
            epilogue,
            Write::Cached,
            &mut partial,
            Ahead::default(),
        );
    });
}

fn run_sddmm<const ROWS: usize>(bencher: Bencher<'_, '_>, case: Case) {
    let layer = Layer::new::<ROWS>(case);
    let (input, gradient) = (case.planes(case.tile(), 0.5), case.planes(case.grid(), 0.25));
    let mut sums = Buffer::zeros(layer.values.len() * case.isa.lanes()).expect("memory");
    bencher.counter(layer.work(case)).bench_local(|| {
        let (taps, row, grid, side) = (layer.taps::<ROWS>(), case.tile().row, case.grid(), case.stage.side);
        sddmm(
            case.isa,
            taps,
            &gradient,
            grid,
            &input,
            row,
            side,
            case.columns(),
            &mut sums,
            Ahead::default(),
        );
    });
}

#[divan::bench(args = Case::all())]
fn spmm_sparse(bencher: Bencher<'_, '_>, case: &Case) {
    run_spmm::<1>(bencher, *case, false);
}

#[divan::bench(args = Case::all())]
fn spmm_sparse_with_moments(bencher: Bencher<'_, '_>, case: &Case) {
    run_spmm::<1>(bencher, *case, true);
}

#[divan::bench(args = Case::dense(), consts = [1, 2, 4])]
fn spmm_dense<const ROWS: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    run_spmm::<ROWS>(bencher, *case, false);
}

#[divan::bench(args = Case::all())]
fn sddmm_sparse(bencher: Bencher<'_, '_>, case: &Case) {
    run_sddmm::<1>(bencher, *case);
}

#[divan::bench(args = Case::dense(), consts = [1, 2, 4])]
fn sddmm_dense<const ROWS: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    run_sddmm::<ROWS>(bencher, *case);
}
