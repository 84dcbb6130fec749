//! Sharing by numbers, with limits.

use crate::SparsityError;
use crate::budget::exchange::fill_gap;
use crate::budget::slot::{Slot, fill};

/// A layer's claim on what is shared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharing {
    /// The share is in proportion to it: 0 or above.
    pub stat: f64,
    /// Weights of a block.
    pub unit: u64,
    /// Blocks it must take.
    pub least: u64,
    /// Blocks it has room for.
    pub capacity: u64,
}

/// Smallest stat beside the largest: a layer of stat 0 takes what no other has room for.
const NEXT_TO_NOTHING: f64 = 1e-12;

/// Shares `total` weights among the layers in proportion to their stats: in `counts`, blocks. Limits are met, what overflows is
/// shared again in the same proportions, and fractions go to the largest remainders, ties to the lower layer. If no layer
/// has a stat, room decides. Blocks of different sizes give the largest attainable total not above `total`.
///
/// `slots` is memory to reuse. With blocks of one size nothing else is allocated.
///
/// # Errors
/// A stat that is NaN, named by `rule` and its layer number.
pub fn share(
    rule: &'static str,
    total: u64,
    claims: impl Iterator<Item = Sharing> + Clone,
    slots: &mut Shared,
) -> Result<(), SparsityError> {
    let slots = &mut slots.0;
    slots.clear();
    let mut largest = 0.0f64;
    for (at, claim) in claims.clone().enumerate() {
        if claim.stat.is_nan() {
            return Err(SparsityError::NotANumber { rule, layer: format!("number {at}"), at });
        }
        largest = largest.max(claim.stat);
    }
    let stat = |claim: &Sharing| match (claim.capacity, largest > 0.0) {
        (0, _) => 0.0,
        (room, false) => (room * claim.unit) as f64,
        (_, true) if largest.is_infinite() => f64::from(u8::from(claim.stat.is_infinite())),
        (_, true) => (claim.stat / largest).max(NEXT_TO_NOTHING),
    };
    let all: f64 = claims.clone().map(|claim| stat(&claim)).sum();
    for claim in claims {
        let quota = if all > 0.0 { total as f64 * stat(&claim) / all / claim.unit as f64 } else { 0.0 };
        slots.push(Slot::between(claim.unit, claim.least, claim.capacity, quota));
    }
    let least: u64 = slots.iter().map(|slot| slot.least * slot.unit).sum();
    let most: u64 = slots.iter().map(|slot| slot.capacity * slot.unit).sum();
    let left = fill(slots, total.clamp(least, most));
    fill_gap(slots, left);
    Ok(())
}

/// What [`share`] came to; reusable memory.
#[derive(Clone, Debug, Default)]
pub struct Shared(Vec<Slot>);

impl Shared {
    /// Blocks of each layer.
    pub fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().map(|slot| slot.count)
    }
}
