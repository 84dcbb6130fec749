//! Shares of the layers that are not dense.

/// One layer's share, in blocks.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Weights of a block.
    pub(super) unit: u64,
    /// Blocks the layer holds.
    pub(super) capacity: u64,
    /// Ideal share.
    pub(super) quota: f64,
    /// Actual share: from 1 to `capacity`.
    pub(super) count: u64,
}

impl Slot {
    pub(super) fn new(unit: u64, capacity: u64, density: f64) -> Self {
        Self { unit, capacity, quota: density * capacity as f64, count: 1 }
    }

    /// How much of the ideal share is missing.
    fn missing(&self) -> f64 {
        self.quota - self.count as f64
    }

    /// The share at a `level` that scales all quotas.
    fn share(&self, level: f64) -> f64 {
        (level * self.quota).clamp(1.0, self.capacity as f64)
    }
}

/// Sets every count so that the slots take up to `budget` weights, which must be at least one block and at most all
/// blocks of each; returns the weights left, fewer than any slot with room could take.
pub(super) fn fill(slots: &mut [Slot], budget: u64) -> u64 {
    let level = level(slots, budget as f64);
    for slot in slots.iter_mut() {
        slot.quota = slot.share(level);
        slot.count = slot.quota as u64;
    }
    let mut left = budget.saturating_sub(slots.iter().map(|slot| slot.count * slot.unit).sum());
    while let Some(slot) = neediest(slots, |slot| slot.unit <= left) {
        slot.count += 1;
        left -= slot.unit;
    }
    left
}

/// The slot with room that misses most of its quota; ties to the lower index.
pub(super) fn neediest(slots: &mut [Slot], among: impl Fn(&Slot) -> bool) -> Option<&mut Slot> {
    let with_room = slots.iter_mut().filter(|slot| slot.count < slot.capacity && among(slot));
    with_room.reduce(|best, slot| if slot.missing() > best.missing() { slot } else { best })
}

/// The slot that can give a block and misses least of its quota; ties to the higher index.
pub(super) fn richest(slots: &mut [Slot], among: impl Fn(&Slot) -> bool) -> Option<&mut Slot> {
    let with_spare = slots.iter_mut().filter(|slot| slot.count > 1 && among(slot));
    with_spare.reduce(|best, slot| if slot.missing() <= best.missing() { slot } else { best })
}

/// The factor of all quotas at which the shares take `budget` weights: 1 unless limits of single layers (or a rule that
/// does not spend the budget) make them miss it by more than rounding.
fn level(slots: &[Slot], budget: f64) -> f64 {
    let taken = |level: f64| slots.iter().map(|slot| slot.share(level) * slot.unit as f64).sum::<f64>();
    if (taken(1.0) - budget).abs() < 0.75 {
        return 1.0;
    }
    let fills = slots.iter().map(|slot| slot.capacity as f64 / slot.quota).fold(0.0, f64::max);
    let (mut low, mut high) = (0.0, fills.min(f64::MAX));
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            // From below: the floors of the shares never exceed the budget.
            return low;
        }
        if taken(middle) < budget {
            low = middle;
        } else {
            high = middle;
        }
    }
}
