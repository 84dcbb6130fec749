//! Activations from their terms.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Grid, Isa, Term, Write, combine, naive};

/// Two terms' planes with an affine map each, a mask, and where the result goes.
struct Case {
    /// Every `step`-th vector of their rows is read.
    planes: [Planes; 2],
    scale: [Vec<f32>; 2],
    shift: [Vec<f32>; 2],
    mask: Vec<f32>,
    tile: Gaps,
    from: Gaps,
}

impl Case {
    fn new(numbers: &mut Numbers, size: Size) -> Self {
        let (from, tile) = (numbers.gaps(), numbers.gaps());
        let mut planes = || Planes::random(numbers, size, from);
        let planes = [planes(), planes()];
        Self {
            planes,
            scale: [numbers.list(size.channels), numbers.list(size.channels)],
            shift: [numbers.list(size.channels), numbers.list(size.channels)],
            mask: numbers.mask(size.lanes),
            tile,
            from,
        }
    }

    /// One or two terms, each with its affine map or as it is.
    fn terms(&self, affine: &[bool]) -> Vec<Term<'_>> {
        let term = |(i, &affine): (usize, &bool)| Term {
            planes: self.planes[i].view(),
            affine: affine.then_some((&self.scale[i][..], &self.shift[i][..])),
        };
        affine.iter().enumerate().map(term).collect()
    }

    fn magnitude(&self) -> Self {
        let abs = |x: &[Vec<f32>; 2]| [magnitudes(&x[0]), magnitudes(&x[1])];
        Self {
            planes: [self.planes[0].magnitude(), self.planes[1].magnitude()],
            scale: abs(&self.scale),
            shift: abs(&self.shift),
            mask: self.mask.clone(),
            ..*self
        }
    }

    fn twin(&self, affine: &[bool], relu: bool) -> Vec<f64> {
        let Planes { grid, size: Size { channels, rows, columns, step, .. }, .. } = self.planes[0];
        naive::combine(&self.terms(affine), grid, step, relu, &self.mask, channels, rows, columns)
    }

    fn check(&self, isa: Isa, affine: &[bool], relu: bool, keep: bool) {
        let Planes { grid, size, .. } = self.planes[0];
        let mut tile = Planes::canaries(size.every(1), self.tile);
        let mut kept = Planes::canaries(size, self.from);
        let to = tile.grid;
        let write = if relu { Write::Streamed } else { Write::Cached };
        combine(
            isa,
            &self.terms(affine),
            grid,
            size.step,
            relu,
            &self.mask,
            tile.view_mut(),
            to,
            keep.then_some((kept.view_mut(), write)),
            size.channels,
            size.rows,
            size.columns,
        );
        tile.assert_guarded();
        // Neither the ReLU nor a mask of 0 and 1 rounds or enlarges an error. Per term a product and a sum, and the shifts' sum.
        let (found, twin) = (tile.numbers(), self.twin(affine, relu));
        let magnitude = self.magnitude().twin(affine, false);
        let variant = (isa.name(), affine, relu, keep);
        assert_eq!((found.len(), found.len()), (twin.len(), magnitude.len()));
        for ((&found, &expected), &size) in found.iter().zip(&twin).zip(&magnitude) {
            near(found, expected, gamma(2 * affine.len() + 1) * size, variant);
        }
        match keep {
            true => {
                kept.assert_guarded();
                same_bits(&kept.numbers(), &found, variant);
            }
            false => kept.assert_untouched(),
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
        channels in 0..=4usize, rows in 0..=4usize, vectors in 0..=5usize, step in 1..=3usize,
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let mut numbers = Numbers::new(seed);
            let size = Size::new(channels, rows, vectors, isa.lanes()).every(step);
            let mut case = Case::new(&mut numbers, size);
            if let Some(poison) = poison.filter(|_| !size.is_empty()) {
                case.planes[numbers.below(2)].poison(&mut numbers, POISONS[poison]);
            }
            case.check_all(isa);
        }
    }
}

#[test]
fn a_plain_copy_is_exact_and_does_not_read_the_mask() {
    for isa in isas() {
        for step in [1, 2, 3] {
            let (mut numbers, size) = (Numbers::new(1), Size::new(2, 3, 2, isa.lanes()));
            let planes = Planes::random(&mut numbers, size.every(step), Gaps::default());
            let mut tile = Planes::canaries(size, Gaps::default());
            let (to, term) = (tile.grid, Term { planes: planes.view(), affine: None });
            let (from, tile_view) = (planes.grid, tile.view_mut());
            combine(isa, &[term], from, step, false, &[], tile_view, to, None, 2, 3, size.columns);
            same_bits(&tile.numbers(), &planes.numbers(), (isa.name(), step));
        }
    }
}

#[test]
fn nan_passes_the_relu() {
    for isa in isas() {
        let n = isa.lanes();
        let mut planes = vec![-1.0; n];
        (planes[0], planes[1]) = (f32::NAN, 2.0);
        let (mask, mut tile, grid) = (vec![1.0; n], vec![0.0; n], Grid { plane: n, row: n });
        let term = Term { planes: &planes, affine: Some((&[1.0], &[0.0])) };
        for terms in [&[term][..], &[term, term]] {
            combine(isa, terms, grid, 1, true, &mask, &mut tile, grid, None, 1, 1, n);
            assert!(tile[0].is_nan(), "{} hides NaN", isa.name());
            assert_eq!((tile[1], tile[2]), (2.0 * terms.len() as f32, 0.0));
        }
    }
}
