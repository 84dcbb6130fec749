//! The naive optimizer steps against values computed by hand.

use rarefy_nn::optim::reference::{Adam, Sgd};

fn assert_near(found: &[f64], expected: &[f64]) {
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-14 * b.abs());
    assert!(found.len() == expected.len() && near, "{found:?} is not {expected:?}");
}

#[test]
fn two_sgd_steps_without_nesterov() {
    let sgd = Sgd { momentum: 0.5, nesterov: false, weight_decay: 0.25 };
    let (mut w, mut b) = ([2.0], [0.0]);
    // h = 1 + 0.25 * 2 = 1.5 = b; w = 2 - 0.1 * 1.5
    sgd.step(0.1, &mut w, &[1.0], &mut b);
    assert_near(&[w[0], b[0]], &[1.85, 1.5]);
    // h = -2 + 0.25 * 1.85 = -1.5375; b = 0.75 - 1.5375; w = 1.85 + 0.1 * 0.7875
    sgd.step(0.1, &mut w, &[-2.0], &mut b);
    assert_near(&[w[0], b[0]], &[1.92875, -0.7875]);
}

#[test]
fn two_sgd_steps_with_nesterov() {
    let sgd = Sgd { momentum: 0.5, nesterov: true, weight_decay: 0.0 };
    let (mut w, mut b) = ([1.0], [0.0]);
    // b = 4; w = 1 - 0.1 * (4 + 0.5 * 4)
    sgd.step(0.1, &mut w, &[4.0], &mut b);
    assert_near(&[w[0], b[0]], &[0.4, 4.0]);
    // b = 0.5 * 4 + 1; w = 0.4 - 0.1 * (1 + 0.5 * 3)
    sgd.step(0.1, &mut w, &[1.0], &mut b);
    assert_near(&[w[0], b[0]], &[0.15, 3.0]);
}

#[test]
fn two_adam_steps() {
    let adam = Adam { beta1: 0.5, beta2: 0.75, eps: 1.0, weight_decay: 0.5 };
    let (mut w, mut m, mut v) = ([2.0], [0.0], [0.0]);
    // h = 2 + 0.5 * 2 = 3; m = 1.5, v = 2.25; corrected 3 and 9; w = 2 - 0.1 * 3 / (3 + 1)
    adam.step(0.1, 1, &mut w, &[2.0], &mut m, &mut v);
    assert_near(&[w[0], m[0], v[0]], &[1.925, 1.5, 2.25]);
    // h = 0.0375 + 0.5 * 1.925 = 1; m = 1.25, v = 1.9375; corrected 1.25 / 0.75 and 1.9375 / 0.4375
    adam.step(0.1, 2, &mut w, &[0.0375], &mut m, &mut v);
    let expected = 1.925 - 0.1 * (1.25 / 0.75) / ((1.9375f64 / 0.4375).sqrt() + 1.0);
    assert_near(&[w[0], m[0], v[0]], &[expected, 1.25, 1.9375]);
}
