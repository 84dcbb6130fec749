//! Parameter updates.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{AdamStep, Isa, SgdStep, adam, naive, sgd};

fn check_sgd(isa: Isa, step: SgdStep, columns: &[Vec<f32>; 3]) {
    let [weights, gradients, momentum] = columns;
    let (mut w, mut b) = (weights.clone(), momentum.clone());
    sgd(isa, step, &mut w, gradients, &mut b);
    // Of absolute numbers with the step turned round: all terms add up.
    let back = SgdStep { lr: -step.lr, ..step };
    for i in 0..weights.len() {
        let [x, g, m] = [weights[i], gradients[i], momentum[i]].map(f64::from);
        let (weight, buffer) = naive::sgd(step, x, g, m);
        let (size_w, size_b) = naive::sgd(back, x.abs(), g.abs(), m.abs());
        near(b[i], buffer, gamma(4) * size_b, (isa.name(), step, i));
        near(w[i], weight, gamma(8) * size_w, (isa.name(), step, i));
    }
}

fn check_adam(isa: Isa, step: AdamStep, columns: &[Vec<f32>; 4]) {
    let [weights, gradients, first, second] = columns;
    let (mut w, mut m, mut v) = (weights.clone(), first.clone(), second.clone());
    adam(isa, step, &mut w, gradients, &mut m, &mut v);
    for i in 0..weights.len() {
        let [x, g, a, b] = [weights[i], gradients[i], first[i], second[i]].map(f64::from);
        let (first, second) = naive::adam_moments(step, x, g, a, b);
        let (size_m, size_v) = naive::adam_moments(step, x.abs(), g.abs(), a.abs(), b);
        near(m[i], first, gamma(6) * size_m, (isa.name(), step, i));
        near(v[i], second, gamma(10) * size_v, (isa.name(), step, i));
        // From the moments as stored: the root would enlarge their error where they are small.
        let weight = naive::adam_weight(step, x, m[i].into(), v[i].into());
        let size = (weight - x).abs();
        near(w[i], weight, gamma(9) * size + gamma(1) * (x.abs() + size), (isa.name(), step, i));
    }
}

/// Columns of one length, odd ones included: a remainder narrower than a vector is updated too.
fn columns<const N: usize>(numbers: &mut Numbers, len: usize) -> [Vec<f32>; N] {
    [(); N].map(|()| numbers.list(len))
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn sgd_agrees_with_its_twin(
        len in 0..=67usize, lr in 0.0..1.0f32, momentum in prop_oneof![Just(0.0), 0.5..1.0f32],
        weight_decay in prop_oneof![Just(0.0), 0.0..0.1f32], poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for (isa, nesterov, first) in isas().into_iter().flat_map(|isa| {
            [(isa, false, false), (isa, false, true), (isa, true, false), (isa, true, true)]
        }) {
            let mut numbers = Numbers::new(seed);
            let mut columns = columns(&mut numbers, len);
            if let Some(poison) = poison.filter(|_| len > 0) {
                columns[1][numbers.below(len)] = POISONS[poison];
            }
            check_sgd(isa, SgdStep { lr, momentum, nesterov, weight_decay, first }, &columns);
        }
    }

    #[test]
    fn adam_agrees_with_its_twin(
        len in 0..=67usize, lr in 0.0..0.1f32, beta1 in 0.0..0.99f32, beta2 in 0.5..0.9999f32,
        weight_decay in prop_oneof![Just(0.0), 0.0..0.1f32], step in prop_oneof![1..=3u64, 1..=100_000u64],
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let mut numbers = Numbers::new(seed);
            let mut columns = columns(&mut numbers, len);
            columns[3].iter_mut().for_each(|v| *v = v.abs());
            if let Some(poison) = poison.filter(|_| len > 0) {
                columns[1][numbers.below(len)] = POISONS[poison];
            }
            check_adam(isa, AdamStep { lr, beta1, beta2, eps: 1e-8, weight_decay, step }, &columns);
        }
    }
}

#[test]
fn the_first_sgd_step_ignores_what_the_buffer_held() {
    for isa in isas() {
        let step = SgdStep { lr: 0.5, momentum: 0.9, nesterov: true, weight_decay: 0.0, first: true };
        for stale in [7.0, f32::NAN, f32::INFINITY] {
            let (mut w, mut b) = ([1.0; 9], [stale; 9]);
            sgd(isa, step, &mut w, &[2.0; 9], &mut b);
            assert_eq!(b, [2.0; 9]);
            near(w[8], 1.0 - 0.5 * (2.0 + 0.9 * 2.0), gamma(8) * 4.0, isa.name());
        }
    }
}

#[test]
fn the_first_adam_step_moves_every_weight_by_the_learning_rate() {
    for isa in isas() {
        let step = AdamStep { lr: 0.25, beta1: 0.9, beta2: 0.999, eps: 0.0, weight_decay: 0.0, step: 1 };
        let (mut w, mut m, mut v) = ([0.0; 9], [0.0; 9], [0.0; 9]);
        adam(isa, step, &mut w, &[3.0, -3.0, 0.1, -0.1, 1e-9, -1e9, 7.0, -7.0, 2.0], &mut m, &mut v);
        for (i, w) in w.into_iter().enumerate() {
            near(w, if i % 2 == 0 { -0.25 } else { 0.25 }, gamma(16) * 0.25, (isa.name(), i));
        }
    }
}
