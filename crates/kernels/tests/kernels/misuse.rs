//! What callers must not do is refused, on every instruction set: a slice one number too short, positions that are no whole
//! vectors, a number of rows or terms that has no kernel.

use crate::common::*;
use rarefy_kernels::{
    AdamStep, Epilogue, Gate, Isa, MAX_LANES, Moments, NormTerm, SgdStep, Taps, Term, adam, combine,
    finish_gradient, loss, plane_sums, reduce_accumulators, row_moments, sddmm, sgd, spmm,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Panics, with a message that has `expected` in it.
#[track_caller]
fn refused(what: &str, expected: &str, call: impl FnOnce()) {
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
fn each_short_slice_is_refused(isa: Isa, kernel: &str, slices: usize, call: impl Fn(usize)) {
    call(slices);
    for short in 0..slices {
        refused(&format!("{kernel} on {} with slice {short} cut", isa.name()), "", || call(short));
    }
}

fn cut(slice: &[f32], short: bool) -> &[f32] {
    &slice[..slice.len() - usize::from(short)]
}

fn layer_of(isa: Isa, rows: usize) -> Layer {
    let density = Density::Full;
    let shape = Shape { rows, groups: 2, channels: 1, pitch: 3, vectors: 2, gap: 1, density, seed: 0 };
    Layer::new(shape, isa.lanes())
}

#[test]
fn spmm_refuses_short_slices() {
    for isa in isas() {
        let layer = layer_of(isa, 2);
        let (n, outputs) = (layer.positions, layer.outputs);
        let per_output = vec![0.0; outputs];
        let mask = vec![1.0; n];
        each_short_slice_is_refused(isa, "spmm", 8, |short| {
            let taps = Taps { values: cut(&layer.values, short == 0), ..layer.taps() };
            let offsets = &layer.offsets[..layer.offsets.len() - usize::from(short == 1)];
            let taps = Taps { offsets, ..taps };
            let mut out = vec![0.0; (outputs - 1) * layer.stride + n - usize::from(short == 2)];
            let mut sums = vec![0.0; outputs * 2 * MAX_LANES - usize::from(short == 3)];
            let (bias, mask) = (cut(&per_output, short == 4 || short == 5), cut(&mask, short == 6));
            let input = cut(&layer.input, short == 7);
            if short != 4 {
                let epilogue = Epilogue::Moments { mask, shift: bias, sums: &mut sums };
                spmm(isa, taps, input, &mut out, layer.stride, n, epilogue);
            }
            if short != 3 {
                spmm(isa, taps, input, &mut out, layer.stride, n, Epilogue::Bias { bias, mask });
            }
        });
    }
}

#[test]
fn sddmm_refuses_short_slices() {
    for isa in isas() {
        let layer = layer_of(isa, 4);
        let (n, outputs) = (layer.positions, layer.outputs);
        let gradient = vec![0.0; (outputs - 1) * layer.stride + n];
        each_short_slice_is_refused(isa, "sddmm", 4, |short| {
            let offsets = &layer.offsets[..layer.offsets.len() - usize::from(short == 0)];
            let taps = Taps { offsets, ..layer.taps() };
            let (gradient, input) = (cut(&gradient, short == 1), cut(&layer.input, short == 2));
            let mut accumulators = vec![0.0; layer.values.len() * isa.lanes() - usize::from(short == 3)];
            sddmm(isa, taps, gradient, layer.stride, input, n, 3, &mut accumulators);
        });
    }
}

#[test]
fn combine_refuses_short_slices() {
    for isa in isas() {
        let (n, channels) = (2 * isa.lanes(), 3);
        let (planes, mask, affine) = (vec![0.0; channels * n], vec![1.0; n], vec![0.0; channels]);
        each_short_slice_is_refused(isa, "combine", 8, |short| {
            let term = |first: usize| Term {
                planes: cut(&planes, short == first),
                affine: Some((cut(&affine, short == first + 1), &affine)),
            };
            let mut tile = vec![0.0; 5 + channels * n - usize::from(short == 4)];
            let mut keep = vec![0.0; channels * n - usize::from(short == 5)];
            let mask = cut(&mask, short == 6);
            let (terms, keep) = ([term(0), term(2)], Some(&mut keep[..]));
            combine(isa, &terms, true, mask, n, n, &mut tile, 5, n, keep, channels);
            // A plain copy.
            let term = Term { planes: cut(&planes, short == 7), affine: None };
            combine(isa, &[term], false, mask, n, n, &mut tile, 5, n, None, channels);
        });
    }
}

#[test]
fn finish_gradient_refuses_short_slices() {
    for isa in isas() {
        let (n, channels) = (2 * isa.lanes(), 3);
        let (planes, means) = (vec![0.0; channels * n], vec![0.0; channels]);
        each_short_slice_is_refused(isa, "finish_gradient", 8, |short| {
            let mut g = vec![0.0; channels * n - usize::from(short == 0)];
            let from = Some((cut(&planes, short == 1), n));
            let extra = [cut(&planes, short == 2), cut(&planes, short == 3)];
            let tile = vec![0.0; 7 + channels * n - usize::from(short == 4)];
            let gate = Gate::Relu { tile: &tile, lead: 7, stride: n };
            let (mut sums, mut products) =
                (vec![0.0; channels], vec![0.0; channels - usize::from(short == 5)]);
            let mean = cut(&means, short == 6);
            let mut term = [NormTerm { planes: cut(&planes, short == 7), mean, sums: &mut products }];
            finish_gradient(isa, &mut g, true, from, &extra, gate, &mut term, &mut sums, n, n);
        });
        refused("a short mask", "", || {
            let (mut g, mut sums) = (planes.clone(), vec![0.0; channels]);
            let gate = Gate::Mask(&planes[..n - 1]);
            finish_gradient(isa, &mut g, true, None, &[], gate, &mut [], &mut sums, n, n);
        });
    }
}

#[test]
fn sums_refuse_short_slices() {
    for isa in isas() {
        let (n, channels) = (2 * isa.lanes(), 3);
        let (planes, mask, shift) = (vec![0.0; channels * n], vec![1.0; n], vec![0.0; channels]);
        each_short_slice_is_refused(isa, "row_moments", 3, |short| {
            let mut sums = vec![0.0; channels * 2 * MAX_LANES];
            let (x, mask, shift) =
                (cut(&planes, short == 0), cut(&mask, short == 1), cut(&shift, short == 2));
            row_moments(isa, x, n, n, mask, shift, &mut sums);
        });
        each_short_slice_is_refused(isa, "plane_sums", 1, |short| {
            plane_sums(isa, cut(&planes, short == 0), n, n, &mut vec![0.0; channels]);
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
fn accumulators_of_a_part_of_a_chunk_are_refused() {
    for isa in isas() {
        for extra in [1, isa.lanes()] {
            let accumulators = vec![0.0; 3 * 2 * isa.lanes() + extra];
            let mut gradient = [0.0; 2];
            refused("reduce", "whole number of chunks", || {
                reduce_accumulators(isa, &accumulators, &[0, 1], &mut gradient);
            });
        }
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
fn positions_that_are_no_whole_vectors_are_refused() {
    for isa in isas() {
        let n = isa.lanes() + 1;
        let (x, mut out, mut sums) = (vec![0.0; 2 * n], vec![0.0; 2 * n], [0.0]);
        let taps = Taps { rows: 1, starts: &[0, 1], offsets: &[0], values: &[1.0] };
        let expected = "multiple of the lanes";
        refused("spmm", expected, || spmm(isa, taps, &x, &mut out, n, n, Epilogue::Store));
        refused("sddmm", expected, || sddmm(isa, taps, &x, n, &x, n, 1, &mut out));
        let term = Term { planes: &x, affine: None };
        refused("combine", expected, || combine(isa, &[term], true, &x, n, n, &mut out, 0, n, None, 1));
        refused("finish_gradient", expected, || {
            finish_gradient(isa, &mut out, false, None, &[], Gate::Mask(&x), &mut [], &mut sums, n, n);
        });
        refused("plane_sums", expected, || plane_sums(isa, &x, n, n, &mut sums));
        refused("row_moments", expected, || row_moments(isa, &x, n, n, &x, &[0.0], &mut out));
    }
}

#[test]
fn rows_and_terms_without_a_kernel_are_refused() {
    for isa in isas() {
        for rows in [0, 3, 5, 8] {
            let taps = Taps { rows, starts: &[0], offsets: &[], values: &[] };
            let expected = format!("no kernel for {rows} rows");
            refused("spmm", &expected, || spmm(isa, taps, &[], &mut [], 0, 0, Epilogue::Store));
            refused("sddmm", &expected, || sddmm(isa, taps, &[], 0, &[], 0, 1, &mut []));
        }
        let term = Term { planes: &[], affine: None };
        for terms in [&[][..], &[term; 3]] {
            refused("combine", "one or two terms", || {
                combine(isa, terms, false, &[], 0, 0, &mut [], 0, 0, None, 0);
            });
        }
        let gate = Gate::Mask(&[]);
        refused("finish_gradient", "at most two", || {
            finish_gradient(isa, &mut [], false, None, &[&[][..]; 3], gate, &mut [], &mut [], 0, 0);
        });
        refused("finish_gradient", "at most two", || {
            let [mut a, mut b, mut c] = [[0.0; 0]; 3];
            let term = |sums| NormTerm { planes: &[], mean: &[], sums };
            let mut terms = [term(&mut a[..]), term(&mut b), term(&mut c)];
            finish_gradient(isa, &mut [], false, None, &[], gate, &mut terms, &mut [], 0, 0);
        });
    }
}
