//! What callers must not do is refused, on every instruction set: a slice one number too short, columns that are no whole
//! vectors, a number of outputs or terms that has no kernel. What the taps must keep to is in `misuse_taps`.

use crate::common::*;
use rarefy_kernels::{
    AdamStep, Ahead, Epilogue, Gate, Grid, Isa, MAX_LANES, Moments, NormTerm, PoolWindow, Pooled, SgdStep,
    Taps, Term, Write, adam, average_pool, average_pool_gradient, combine, finish_gradient, lane_sums, loss,
    max_pool, max_pool_gradient, plane_sums, row_moments, sddmm, sgd,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Panics, with a message that has `expected` in it.
#[track_caller]
pub(crate) fn refused(what: &str, expected: &str, call: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(call)) else { panic!("{what}: not refused") };
    let message = match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(message), _) => message.as_str(),
        (None, Some(message)) => message,
        (None, None) => "",
    };
    assert!(message.contains(expected), "{what}: refused with {message:?}, not {expected:?}");
}

/// `call(short)` works for `short` beyond `slices`; each `short` below has one slice cut by a number, which must be refused.
#[track_caller]
pub(crate) fn each_short_slice_is_refused(isa: Isa, kernel: &str, slices: usize, call: impl Fn(usize)) {
    call(slices);
    for short in 0..slices {
        refused(&format!("{kernel} on {} with slice {short} cut", isa.name()), "", || call(short));
    }
}

pub(crate) fn cut(slice: &[f32], short: bool) -> &[f32] {
    &slice[..slice.len() - usize::from(short)]
}

/// Planes without gaps, of 2 rows of 2 vectors, every `step`-th of which is read: their places, numbers in all, columns.
fn planes(isa: Isa, channels: usize, step: usize) -> (Grid, usize, usize) {
    let (columns, row) = (2 * isa.lanes(), (step + 1) * isa.lanes());
    (Grid { plane: 2 * row, row }, channels * 2 * row, columns)
}

#[test]
fn combine_refuses_short_slices() {
    for isa in isas() {
        for step in [1, 2, 3] {
            let channels = 3;
            let ((from, len, columns), (to, tile_len, _)) =
                (planes(isa, channels, step), planes(isa, channels, 1));
            let (numbers, mask, affine) = (vec![0.0; len], vec![1.0; isa.lanes()], vec![0.0; channels]);
            each_short_slice_is_refused(isa, "combine", 8, |short| {
                let term = |first: usize| Term {
                    planes: cut(&numbers, short == first),
                    affine: Some((cut(&affine, short == first + 1), &affine)),
                };
                let mut tile = vec![0.0; tile_len - usize::from(short == 4)];
                let mut keep = vec![0.0; len - usize::from(short == 5)];
                let mask = cut(&mask, short == 6);
                let (terms, keep) = ([term(0), term(2)], Some((&mut keep[..], Write::Cached)));
                combine(isa, &terms, from, step, true, mask, &mut tile, to, keep, channels, 2, columns);
                // A plain copy.
                let term = Term { planes: cut(&numbers, short == 7), affine: None };
                combine(isa, &[term], from, step, false, mask, &mut tile, to, None, channels, 2, columns);
            });
        }
    }
}

#[test]
fn finish_gradient_refuses_short_slices() {
    for isa in isas() {
        for step in [1, 2, 3] {
            let channels = 3;
            let ((grid, len, columns), (own, own_len, _)) =
                (planes(isa, channels, step), planes(isa, channels, 1));
            let (numbers, own_numbers, means) = (vec![0.0; len], vec![0.0; own_len], vec![0.0; channels]);
            each_short_slice_is_refused(isa, "finish_gradient", 8, |short| {
                let mut g = vec![0.0; len - usize::from(short == 0)];
                let from = Some((cut(&own_numbers, short == 1), own));
                let extra = [cut(&numbers, short == 2), cut(&numbers, short == 3)];
                let gate = Gate::Relu { tile: cut(&own_numbers, short == 4), grid: own };
                let (mut sums, mut products) =
                    (vec![0.0; channels], vec![0.0; channels - usize::from(short == 5)]);
                let mean = cut(&means, short == 6);
                let mut term = [NormTerm { planes: cut(&numbers, short == 7), mean, sums: &mut products }];
                let (g, sums) = (&mut g, &mut sums);
                finish_gradient(
                    isa,
                    g,
                    grid,
                    step,
                    true,
                    from,
                    &extra,
                    gate,
                    &mut term,
                    sums,
                    &mut [0.0; 1 << 10],
                    2,
                    columns,
                );
            });
            refused("a short mask", "", || {
                let (mut g, mut sums) = (numbers.clone(), vec![0.0; channels]);
                let gate = Gate::Mask(&numbers[..isa.lanes() - 1]);
                let (g, sums) = (&mut g, &mut sums);
                finish_gradient(
                    isa,
                    g,
                    grid,
                    step,
                    true,
                    None,
                    &[],
                    gate,
                    &mut [],
                    sums,
                    &mut [0.0; 1 << 10],
                    2,
                    columns,
                );
            });
        }
    }
}

#[test]
fn sums_refuse_short_slices() {
    for isa in isas() {
        let channels = 3;
        let (grid, len, columns) = planes(isa, channels, 1);
        let (numbers, mask, shift) = (vec![0.0; len], vec![1.0; isa.lanes()], vec![0.0; channels]);
        each_short_slice_is_refused(isa, "row_moments", 3, |short| {
            let mut sums = vec![0.0; channels * 2 * MAX_LANES];
            let (x, mask, shift) =
                (cut(&numbers, short == 0), cut(&mask, short == 1), cut(&shift, short == 2));
            row_moments(isa, x, grid, 2, columns, mask, shift, &mut sums);
        });
        each_short_slice_is_refused(isa, "plane_sums", 1, |short| {
            plane_sums(isa, cut(&numbers, short == 0), grid, 2, columns, &mut vec![0.0; channels]);
        });
    }
    refused("too few lane sums", "", || {
        Moments::from_shifted(&[0.0; 2 * MAX_LANES - 1], 0.0, 1.0);
    });
}

#[test]
fn columns_of_unequal_length_are_refused() {
    for isa in isas() {
        let sgd_step = SgdStep { lr: 0.1, momentum: 0.9, nesterov: false, weight_decay: 0.0, first: true };
        let adam_step = AdamStep { lr: 0.1, beta1: 0.9, beta2: 0.9, eps: 1e-8, weight_decay: 0.0, step: 1 };
        for short in 0..4 {
            let [mut a, b, mut c, mut d] = std::array::from_fn(|i| vec![0.0; 9 - usize::from(i == short)]);
            if short < 3 {
                refused("sgd", "one length", || sgd(isa, sgd_step, &mut a, &b, &mut c));
            }
            refused("adam", "one length", || adam(isa, adam_step, &mut a, &b, &mut c, &mut d));
        }
        let step = AdamStep { step: 0, ..adam_step };
        refused("adam", "count from 1", || adam(isa, step, &mut [], &[], &mut [], &mut []));
    }
}

#[test]
fn lane_sums_of_too_few_accumulators_are_refused() {
    for isa in isas() {
        each_short_slice_is_refused(isa, "lane_sums", 1, |short| {
            lane_sums(isa, cut(&vec![0.0; 2 * isa.lanes()], short == 0), &mut [0.0; 2]);
        });
    }
}

#[test]
fn pools_refuse_short_slices() {
    for isa in isas() {
        let (channels, window) = (3, PoolWindow { kernel: 2, stride: 2, padding: 0 });
        let (grid, len, columns) = planes(isa, channels, 1);
        let (numbers, one) = (vec![0.0; len], Grid { plane: isa.lanes(), row: channels * isa.lanes() });
        each_short_slice_is_refused(isa, "pools", 8, |short| {
            let input = cut(&numbers, short == 0);
            let pooled = Pooled { window, extent: (2, 2), input, grid, first_row: 0, channels };
            let mut out = vec![0.0; channels * isa.lanes() - usize::from(short == 1)];
            max_pool(isa, pooled, 0..1, &mut out, one);
            let pooled = Pooled { input: cut(&numbers, short == 2), ..pooled };
            let of_output = vec![0.0; channels * isa.lanes() - usize::from(short == 3)];
            let mut gradient = vec![0.0; len - usize::from(short == 4)];
            max_pool_gradient(isa, pooled, 0..1, &of_output, one, &mut gradient, 2);
            let mut means = vec![0.0; channels * isa.lanes()];
            average_pool(isa, cut(&numbers, short == 5), grid, 2, columns, &mut means);
            let mut gradient = vec![0.0; len - usize::from(short == 6)];
            average_pool_gradient(isa, &means, 4, &mut gradient, grid, 2, columns);
            let pooled = Pooled { input: &numbers, first_row: usize::from(short == 7), ..pooled };
            max_pool(isa, pooled, 0..1, &mut vec![0.0; channels * isa.lanes()], one);
        });
    }
}

#[test]
fn as_many_gradients_as_logits_are_asked_for() {
    for len in [2, 4] {
        refused("loss", "as many gradients", || {
            loss::softmax_cross_entropy(&[0.0; 3], 0, 1.0, &mut vec![0.0; len]);
        });
    }
}

#[test]
fn columns_that_are_no_whole_vectors_are_refused() {
    for isa in isas() {
        let n = isa.lanes() + 1;
        let grid = Grid { plane: n, row: n };
        let (x, mut out, mut sums) = (vec![0.0; 2 * n], vec![0.0; 2 * n], [0.0]);
        let taps = Taps { rows: 1, groups: 1, starts: &[0, 1], offsets: &[0], values: &[1.0] };
        let expected = "multiple of the lanes";
        refused("spmm", expected, || spmm(isa, taps, &x, n, &mut out, grid, 1, n, Epilogue::Store));
        refused("sddmm", expected, || sddmm(isa, taps, &x, grid, &x, n, 1, n, &mut out, Ahead::default()));
        let term = Term { planes: &x, affine: None };
        refused("combine", expected, || {
            combine(isa, &[term], grid, 1, true, &x, &mut out, grid, None, 1, 1, n);
        });
        refused("finish_gradient", expected, || {
            let gate = Gate::Mask(&x);
            finish_gradient(
                isa,
                &mut out,
                grid,
                1,
                false,
                None,
                &[],
                gate,
                &mut [],
                &mut sums,
                &mut [0.0; 1 << 10],
                1,
                n,
            );
        });
        refused("plane_sums", expected, || plane_sums(isa, &x, grid, 1, n, &mut sums));
        refused("row_moments", expected, || row_moments(isa, &x, grid, 1, n, &x, &[0.0], &mut out));
    }
}

#[test]
fn outputs_terms_and_steps_without_a_kernel_are_refused() {
    let grid = Grid { plane: 0, row: 0 };
    for isa in isas() {
        for rows in [0, 3, 5, 8] {
            let taps = Taps { rows, groups: 1, starts: &[0, 0], offsets: &[], values: &[] };
            let expected = format!("no kernel for {rows} rows");
            refused("spmm", &expected, || spmm(isa, taps, &[], 0, &mut [], grid, 0, 0, Epilogue::Store));
            refused("sddmm", &expected, || {
                sddmm(isa, taps, &[], grid, &[], 0, 0, 0, &mut [], Ahead::default())
            });
        }
        let term = Term { planes: &[], affine: None };
        for terms in [&[][..], &[term; 3]] {
            refused("combine", "one or two terms", || {
                combine(isa, terms, grid, 1, false, &[], &mut [], grid, None, 0, 0, 0);
            });
        }
        refused("combine", "at least 1", || {
            combine(isa, &[term], grid, 0, false, &[], &mut [], grid, None, 0, 0, 0);
        });
        let gate = Gate::Mask(&[]);
        let finish = |step: usize, extra: &[&[f32]], terms: &mut [NormTerm<'_>]| {
            finish_gradient(
                isa,
                &mut [],
                grid,
                step,
                false,
                None,
                extra,
                gate,
                terms,
                &mut [],
                &mut [0.0; 1 << 10],
                0,
                0,
            );
        };
        finish(1, &[&[][..]; 2], &mut []);
        refused("finish_gradient", "at least 1", || finish(0, &[], &mut []));
        refused("finish_gradient", "at most two", || finish(1, &[&[][..]; 3], &mut []));
        refused("finish_gradient", "at most two", || {
            let [mut a, mut b, mut c] = [[0.0; 0]; 3];
            let term = |sums| NormTerm { planes: &[], mean: &[], sums };
            finish(1, &[], &mut [term(&mut a[..]), term(&mut b), term(&mut c)]);
        });
    }
}
