//! Shares of the layers that are not dense.

/// One layer's share, in blocks.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Weights of a block.
    pub(crate) unit: u64,
    /// Blocks the layer can take.
    pub(crate) capacity: u64,
    /// Blocks it must take, at most `capacity`.
    pub(crate) least: u64,
    /// Ideal share.
    pub(crate) quota: f64,
    /// Actual share: from `least` to `capacity`.
    pub(crate) count: u64,
}

impl Slot {
    /// A layer that gets at least one block.
    pub(super) fn new(unit: u64, capacity: u64, density: f64) -> Self {
        Self::between(unit, 1, capacity, density * capacity as f64)
    }

    /// A layer that gets from `least` to `capacity` blocks, ideally `quota`.
    pub(crate) fn between(unit: u64, least: u64, capacity: u64, quota: f64) -> Self {
        let least = least.min(capacity);
        Self { unit, capacity, least, quota, count: least }
    }

    /// How much of the ideal share is missing.
    fn missing(&self) -> f64 {
        self.quota - self.count as f64
    }

    /// The share at a `level` that scales all quotas.
    fn share(&self, level: f64) -> f64 {
        (level * self.quota).clamp(self.least as f64, self.capacity as f64)
    }
}

/// Sets every count so that the slots take up to `budget` weights, which must be at least the least and at most all blocks
/// of each; returns the weights left, fewer than any slot with room could take.
pub(crate) fn fill(slots: &mut [Slot], budget: u64) -> u64 {
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
    let with_spare = slots.iter_mut().filter(|slot| slot.count > slot.least && among(slot));
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
