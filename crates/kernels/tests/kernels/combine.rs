//! Activations from their terms.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Isa, Term, combine, naive};

/// Two terms' planes with an affine map each, a mask, and where the result goes.
struct Case {
    planes: [Planes; 2],
    scale: [Vec<f32>; 2],
    shift: [Vec<f32>; 2],
    mask: Vec<f32>,
    lead: usize,
    tile_stride: usize,
}

impl Case {
    fn new(numbers: &mut Numbers, channels: usize, positions: usize, gap: usize) -> Self {
        let mut planes = || Planes::random(numbers, channels, 0, positions + gap, positions);
        let planes = [planes(), planes()];
        Self {
            planes,
            scale: [numbers.list(channels), numbers.list(channels)],
            shift: [numbers.list(channels), numbers.list(channels)],
            mask: numbers.mask(positions),
            lead: numbers.below(20),
            tile_stride: positions + numbers.below(20),
        }
    }

    /// One or two terms, each with its affine map or as it is.
    fn terms(&self, affine: &[bool]) -> Vec<Term<'_>> {
        let term = |(i, &affine): (usize, &bool)| Term {
            planes: &self.planes[i].data,
            affine: affine.then_some((&self.scale[i][..], &self.shift[i][..])),
        };
        affine.iter().enumerate().map(term).collect()
    }

    fn magnitude(&self) -> Self {
        let planes = self.planes.clone().map(|x| Planes { data: magnitudes(&x.data), ..x });
        let abs = |x: &[Vec<f32>; 2]| [magnitudes(&x[0]), magnitudes(&x[1])];
        Self { planes, scale: abs(&self.scale), shift: abs(&self.shift), mask: self.mask.clone(), ..*self }
    }

    fn check(&self, isa: Isa, affine: &[bool], relu: bool, keep: bool) {
        let Planes { channels, stride, positions, .. } = self.planes[0];
        let mut tile = Planes::canaries(channels, self.lead, self.tile_stride, positions);
        let mut kept = Planes::canaries(channels, 0, stride, positions);
        combine(
            isa,
            &self.terms(affine),
            relu,
            &self.mask,
            stride,
            positions,
            &mut tile.data,
            self.lead,
            self.tile_stride,
            keep.then_some(&mut kept.data[..]),
            channels,
        );
        tile.assert_guarded();
        kept.assert_guarded();
        let twin = naive::combine(&self.terms(affine), relu, &self.mask, stride, positions, channels);
        // Neither the ReLU nor a mask of 0 and 1 rounds or enlarges an error. Per term a product and a sum, and the shifts' sum.
        let magnitude = self.magnitude();
        let size = naive::combine(&magnitude.terms(affine), false, &self.mask, stride, positions, channels);
        let variant = (isa.name(), affine, relu, keep);
        for ((found, &expected), &size) in tile.numbers().into_iter().zip(&twin).zip(&size) {
            near(found, expected, gamma(2 * affine.len() + 1) * size, variant);
        }
        match keep {
            true => same_bits(&kept.numbers(), &tile.numbers(), variant),
            false => assert!(kept.data.iter().all(|x| x.to_bits() == CANARY)),
        }
    }

    /// Every number of terms, with and without affine maps, ReLU and keeping.
    fn check_all(&self, isa: Isa) {
        let one: [&[bool]; 2] = [&[false], &[true]];
        let two: [&[bool]; 4] = [&[false, false], &[false, true], &[true, false], &[true, true]];
        for affine in one.into_iter().chain(two) {
            for (relu, keep) in [(false, false), (false, true), (true, false), (true, true)] {
                self.check(isa, affine, relu, keep);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn every_variant_agrees_with_its_twin(
        channels in 0..=4usize, vectors in 0..=9usize, gap in 0..=19usize,
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, n) = (Numbers::new(seed), vectors * isa.lanes());
            let mut case = Case::new(&mut numbers, channels, n, gap);
            if let Some(poison) = poison.filter(|_| channels * n > 0) {
                let channel = numbers.below(channels);
                case.planes[numbers.below(2)].plane_mut(channel)[numbers.below(n)] = POISONS[poison];
            }
            case.check_all(isa);
        }
    }
}

#[test]
fn a_plain_copy_is_exact_and_does_not_read_the_mask() {
    for isa in isas() {
        let n = 2 * isa.lanes();
        let planes = Numbers::new(1).list(n);
        let mut tile = vec![0.0; n];
        let term = Term { planes: &planes, affine: None };
        combine(isa, &[term], false, &[], n, n, &mut tile, 0, n, None, 1);
        same_bits(&tile, &planes, isa.name());
    }
}

#[test]
fn nan_passes_the_relu() {
    for isa in isas() {
        let n = isa.lanes();
        let mut planes = vec![-1.0; n];
        (planes[0], planes[1]) = (f32::NAN, 2.0);
        let (mask, mut tile) = (vec![1.0; n], vec![0.0; n]);
        let term = Term { planes: &planes, affine: Some((&[1.0], &[0.0])) };
        for terms in [&[term][..], &[term, term]] {
            combine(isa, terms, true, &mask, n, n, &mut tile, 0, n, None, 1);
            assert!(tile[0].is_nan(), "{} hides NaN", isa.name());
            assert_eq!((tile[1], tile[2]), (2.0 * terms.len() as f32, 0.0));
        }
    }
}
