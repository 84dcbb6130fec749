//! Evaluates an activation into a tile: `mask * relu(sum of scaled, shifted planes)`.

use crate::ahead::prefetch_beyond;
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::write::Placed;
use crate::{Grid, Isa, Write};

/// One summand of [`combine`].
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Planes, placed as `from` says.
    pub planes: &'a [f32],
    /// Scale and shift per channel; `None` takes the planes as they are (already zero where the mask is).
    pub affine: Option<(&'a [f32], &'a [f32])>,
}

/// `tile[c][y][x] = mask * act(sum over terms of scale[c] * planes[c][y][step * x] + shift[c])` for one or two terms; `act` is ReLU or
/// nothing.
///
/// # Shapes
/// `from` places the rows of terms and `keep`, of which every `step`-th vector is read, `to` those of `tile`, which are `columns`
/// numbers long. `columns` is a multiple of the lanes; `mask` has one number, 0 or 1, per lane. `keep`, if given, gets the
/// numbers where they were read.
///
/// # Exceptions
/// One term without an affine map and no ReLU is copied: the mask is not read. The mask multiplies: NaN and infinity
/// become NaN under a 0, and pass the ReLU, so that they reach the loss.
///
/// # Panics
/// If a slice is too short, `columns` is no multiple of the lanes, `step` is 0 or there are no or more than two terms.
pub fn combine(
    isa: Isa,
    terms: &[Term<'_>],
    from: Grid,
    step: usize,
    relu: bool,
    mask: &[f32],
    tile: &mut [f32],
    to: Grid,
    keep: Option<(&mut [f32], Write)>,
    channels: usize,
    rows: usize,
    columns: usize,
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    assert!(matches!(terms.len(), 1 | 2), "combine takes one or two terms, found {}", terms.len());
    assert!(step > 0, "a step must be at least 1");
    let keep = keep.map(|(keep, write)| {
        let write = write.to(keep, from, isa.lanes());
        (keep, write)
    });
    isa.run(Combine { terms, from, step, relu, mask, tile, to, keep, channels, rows, columns });
}

struct Combine<'a> {
    terms: &'a [Term<'a>],
    from: Grid,
    step: usize,
    relu: bool,
    mask: &'a [f32],
    tile: &'a mut [f32],
    to: Grid,
    keep: Option<(&'a mut [f32], Placed)>,
    channels: usize,
    rows: usize,
    columns: usize,
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        match (self.columns, self.step) {
            (0, _) => {}
            (_, 1) => self.terms::<L, 1>(lanes),
            // Any other step is read at run time.
            _ => self.terms::<L, 0>(lanes),
        }
    }
}

impl Combine<'_> {
    #[inline(always)]
    fn terms<L: Lanes, const STEP: usize>(self, lanes: L) {
        match (self.terms, self.relu) {
            ([Term { affine: None, .. }], false) => self.rows::<L, STEP, 0>(lanes),
            ([_], _) => self.rows::<L, STEP, 1>(lanes),
            _ => self.rows::<L, STEP, 2>(lanes),
        }
    }

    /// Every row of `TERMS` terms; 0 stands for one that is copied.
    #[inline(always)]
    fn rows<L: Lanes, const STEP: usize, const TERMS: usize>(mut self, lanes: L) {
        let floor = lanes.splat(if self.relu { 0.0 } else { f32::NEG_INFINITY });
        let mask = if TERMS == 0 { lanes.zero() } else { vectors::<L::V>(self.mask)[0] };
        let step = if STEP == 0 { self.step } else { STEP };
        let count = self.columns / L::LANES;
        // Numbers from the first vector of a row that is read to the end of the last.
        let reach = ((count - 1) * step + 1) * L::LANES;
        let (one, two) = (&self.terms[0], &self.terms[self.terms.len() - 1]);
        // Rows outside, as they lie in memory: the hardware fetches a run ahead.
        for y in 0..self.rows {
            for channel in 0..self.channels {
                let ((a, b), (c, d)) = (affine(lanes, one, channel), affine(lanes, two, channel));
                let shift = if TERMS == 2 { lanes.add(b, d) } else { b };
                let (from, to) = (self.from.at(channel, y), self.to.at(channel, y));
                let x: &[L::V] = vectors(&one.planes[from..from + reach]);
                let second: &[L::V] = if TERMS == 2 { vectors(&two.planes[from..from + reach]) } else { &[] };
                let out: &mut [L::V] = &mut vectors_mut(&mut self.tile[to..to + self.columns])[..count];
                let value = |sum: L::V| lanes.mul(lanes.at_least(floor, sum), mask);
                for (i, out) in out.iter_mut().enumerate() {
                    let p = i * step;
                    prefetch_beyond(&x[p]);
                    *out = match TERMS {
                        0 => x[p],
                        1 => value(lanes.mul_add(a, x[p], shift)),
                        _ => {
                            prefetch_beyond(&second[p]);
                            value(lanes.mul_add(a, x[p], lanes.mul_add(c, second[p], shift)))
                        }
                    };
                }
                if let Some((keep, write)) = &mut self.keep {
                    let keep: &mut [L::V] = vectors_mut(&mut keep[from..from + reach]);
                    match step {
                        1 => write.row(lanes, keep, out),
                        _ => {
                            for (i, &out) in out.iter().enumerate() {
                                write.vector(lanes, &mut keep[i * step], out);
                            }
                        }
                    }
                }
            }
        }
        if let Some((_, write)) = self.keep {
            write.end();
        }
    }
}

#[inline(always)]
fn affine<L: Lanes>(lanes: L, term: &Term<'_>, channel: usize) -> (L::V, L::V) {
    let (scale, shift) = term.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
    (lanes.splat(scale), lanes.splat(shift))
}
