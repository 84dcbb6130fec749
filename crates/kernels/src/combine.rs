//! Evaluates an activation into a tile: `mask * relu(sum of scaled, shifted planes)`.

use crate::Isa;
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};

/// One summand of [`combine`].
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Planes, `stride` apart.
    pub planes: &'a [f32],
    /// Scale and shift per channel; `None` takes the planes as they are (already zero where the mask is).
    pub affine: Option<(&'a [f32], &'a [f32])>,
}

/// `out[c][p] = mask[p] * act(sum over terms of scale[c] * x[c][p] + shift[c])` for one or two terms; `act` is ReLU or nothing.
///
/// # Shapes
/// Terms and `keep` have planes `stride` apart; `tile` has plane `c` at `lead + c * tile_stride`. `keep`, if given, gets
/// the same numbers. `positions` is a multiple of the lanes; `mask` has one number, 0 or 1, for each.
///
/// # Exceptions
/// One term without an affine map and no ReLU is copied: the mask is not read. The mask multiplies: NaN and infinity
/// become NaN under a 0, and pass the ReLU, so that they reach the loss.
///
/// # Panics
/// If a slice is too short, `positions` is no multiple of the lanes, or there are no or more than two terms.
pub fn combine(
    isa: Isa,
    terms: &[Term<'_>],
    relu: bool,
    mask: &[f32],
    stride: usize,
    positions: usize,
    tile: &mut [f32],
    lead: usize,
    tile_stride: usize,
    keep: Option<&mut [f32]>,
    channels: usize,
) {
    assert!(positions.is_multiple_of(isa.lanes()), "positions must be a multiple of the lanes");
    assert!(matches!(terms.len(), 1 | 2), "combine takes one or two terms, found {}", terms.len());
    isa.run(Combine { terms, relu, mask, stride, positions, tile, lead, tile_stride, keep, channels });
}

struct Combine<'a> {
    terms: &'a [Term<'a>],
    relu: bool,
    mask: &'a [f32],
    stride: usize,
    positions: usize,
    tile: &'a mut [f32],
    lead: usize,
    tile_stride: usize,
    keep: Option<&'a mut [f32]>,
    channels: usize,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        for channel in 0..self.channels {
            let at = channel * self.stride;
            let out = self.lead + channel * self.tile_stride;
            let out = &mut self.tile[out..out + self.positions];
            match (self.terms, self.relu) {
                ([Term { planes, affine: None }], false) => {
                    out.copy_from_slice(&planes[at..at + self.positions]);
                }
                ([one], relu) => {
                    let x: &[L::V] = vectors(&one.planes[at..at + self.positions]);
                    let (scale, shift) = affine(lanes, one, channel);
                    let mask: &[L::V] = vectors(&self.mask[..self.positions]);
                    let out: &mut [L::V] = vectors_mut(out);
                    let zip = out.iter_mut().zip(x).zip(mask);
                    if relu {
                        for ((out, &x), &mask) in zip {
                            *out = lanes.mul(lanes.relu(lanes.mul_add(scale, x, shift)), mask);
                        }
                    } else {
                        for ((out, &x), &mask) in zip {
                            *out = lanes.mul(lanes.mul_add(scale, x, shift), mask);
                        }
                    }
                }
                ([one, two], relu) => {
                    let x: &[L::V] = vectors(&one.planes[at..at + self.positions]);
                    let y: &[L::V] = vectors(&two.planes[at..at + self.positions]);
                    let ((a, b), (c, d)) = (affine(lanes, one, channel), affine(lanes, two, channel));
                    let shift = lanes.add(b, d);
                    let mask: &[L::V] = vectors(&self.mask[..self.positions]);
                    let out: &mut [L::V] = vectors_mut(out);
                    let zip = out.iter_mut().zip(x).zip(y).zip(mask);
                    if relu {
                        for (((out, &x), &y), &mask) in zip {
                            let sum = lanes.mul_add(a, x, lanes.mul_add(c, y, shift));
                            *out = lanes.mul(lanes.relu(sum), mask);
                        }
                    } else {
                        for (((out, &x), &y), &mask) in zip {
                            let sum = lanes.mul_add(a, x, lanes.mul_add(c, y, shift));
                            *out = lanes.mul(sum, mask);
                        }
                    }
                }
                (terms, _) => unreachable!("{} terms, checked on entry", terms.len()),
            }
            if let Some(keep) = &mut self.keep {
                let from = self.lead + channel * self.tile_stride;
                keep[at..at + self.positions].copy_from_slice(&self.tile[from..from + self.positions]);
            }
        }
    }
}

#[inline(always)]
fn affine<L: Lanes>(lanes: L, term: &Term<'_>, channel: usize) -> (L::V, L::V) {
    let (scale, shift) = term.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
    (lanes.splat(scale), lanes.splat(shift))
}
