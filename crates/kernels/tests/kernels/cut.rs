//! Balanced cuts.

use rarefy_kernels::balanced;

#[test]
fn a_cut_is_exact_balanced_and_as_small_as_can_be() {
    for most in 1..=13 {
        for total in 0..=100 {
            let parts: Vec<usize> = balanced(total, most).collect();
            assert_eq!(parts.iter().sum::<usize>(), total);
            assert_eq!(parts.len(), total.div_ceil(most));
            assert!(parts.is_sorted_by(|a, b| a >= b) && parts.iter().all(|part| (1..=most).contains(part)));
            assert!(parts.first().zip(parts.last()).is_none_or(|(first, last)| first - last <= 1));
        }
    }
}
