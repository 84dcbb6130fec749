//! One change of all patterns, as dynamic training makes it.
//!
//! ```text
//! plan      before the backward pass: what each layer drops, and how many blocks it grows
//! grow      for each layer, in any order, with its dense scores if the rule wants some
//! edit      the positions to drop and to grow, for Pattern::edit
//! ```

mod rules;

pub use rules::Rules;

use crate::drop;
use crate::grow::{self, Inactive};
use crate::redistribution::{Shared, Sharing, share};
use crate::{Network, Positions, Scratch, SparsityError};

/// Plans updates. It owns all memory that they need; after the first update of a size, and with blocks of one size (or
/// single weights), it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Updater {
    scratch: Scratch,
    /// Blocks per layer: to drop, to drop at least.
    asked: Vec<u64>,
    least: Vec<u64>,
    drops: Positions,
    shared: Shared,
    /// First growth of each layer in `grown`, then their number.
    starts: Vec<usize>,
    grown: Vec<u32>,
    /// Lists of one layer's edit.
    out: Vec<u32>,
    into: Vec<u32>,
}

/// What is random in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The run's seed.
    pub seed: u64,
    /// Number of the update.
    pub update: u64,
}

impl Updater {
    /// Decides which blocks go and how many grow in each layer, so that the network has `target` weights afterwards (with
    /// blocks of different sizes the largest attainable number not above it).
    ///
    /// `fraction` of the blocks that remain are exchanged: dropped on top of what the target says, and regrown. With a
    /// constant target and drop scope `layer`, each layer drops `ceil(fraction * blocks)`. How much really goes is up to
    /// the drop rule ([`drop::Selection`]); as much grows as is missing. No layer is left empty.
    ///
    /// # Errors
    /// Columns of wrong lengths, NaN scores, a fraction outside 0 to 1, a target without one block for each layer or
    /// above all weights. The updater is then as if the update had not been planned, and grows nothing.
    pub fn plan(
        &mut self,
        rules: &Rules,
        network: &(impl Network + ?Sized),
        fraction: f64,
        target: u64,
        draw: Draw,
    ) -> Result<(), SparsityError> {
        self.forget();
        let layers = || (0..network.layers()).map(|index| network.layer(index));
        let weights: u64 = layers().map(|layer| layer.pattern.shape().len() as u64).sum();
        let least: u64 = layers().map(|layer| layer.pattern.block().len() as u64).sum();
        if !(0.0..=1.0).contains(&fraction) || !(least..=weights).contains(&target) {
            return Err(SparsityError::Update { fraction, target, least, weights });
        }
        let active: u64 = layers().map(|layer| layer.pattern.nnz() as u64).sum();
        self.surplus(network, active.saturating_sub(target))?;
        self.asked.clear();
        for (layer, &least) in layers().zip(&self.least) {
            let rest = layer.pattern.blocks() as u64 - least;
            self.asked.push(least + (fraction * rest as f64).ceil() as u64);
        }
        let decided = self.decide(rules, network, active, target, draw);
        if decided.is_err() {
            self.forget();
        }
        decided
    }

    /// As if no update were planned.
    fn forget(&mut self) {
        self.drops.clear();
        self.starts.clear();
        self.grown.clear();
    }

    /// Fixes what goes of the `active` weights and how much grows in each layer.
    fn decide(
        &mut self,
        rules: &Rules,
        network: &(impl Network + ?Sized),
        active: u64,
        target: u64,
        draw: Draw,
    ) -> Result<(), SparsityError> {
        let surplus = active.saturating_sub(target);
        let dropped = loop {
            self.choose_drops(rules, network, draw)?;
            let dropped = self.weights(network, |updater, index| updater.drops.layer(index).len() as u64);
            if dropped >= surplus || !self.ask_for_more() {
                break dropped;
            }
        };
        let room = (target + dropped).saturating_sub(active);
        self.share_growth(rules, network, room)
    }

    /// Sets `least` to the blocks that go without being regrown: at least `surplus` weights, in proportion to the layers'
    /// weights, never the last block of a layer.
    fn surplus(&mut self, network: &(impl Network + ?Sized), surplus: u64) -> Result<(), SparsityError> {
        self.least.clear();
        if surplus == 0 {
            self.least.resize(network.layers(), 0);
            return Ok(());
        }
        let claim = |index| {
            let pattern = network.layer(index).pattern;
            let capacity = (pattern.blocks() as u64).saturating_sub(1);
            Sharing { stat: pattern.nnz() as f64, unit: pattern.block().len() as u64, least: 0, capacity }
        };
        let claims = (0..network.layers()).map(claim);
        share("density", surplus, claims.clone(), &mut self.shared)?;
        self.least.extend(self.shared.counts());
        let mut taken: u64 = claims.clone().zip(&self.least).map(|(claim, least)| claim.unit * least).sum();
        // Blocks of different sizes may fall short by less than one of them.
        for (claim, least) in claims.zip(&mut self.least) {
            while taken < surplus && *least < claim.capacity {
                *least += 1;
                taken += claim.unit;
            }
        }
        Ok(())
    }

    fn choose_drops(
        &mut self,
        rules: &Rules,
        network: &(impl Network + ?Sized),
        draw: Draw,
    ) -> Result<(), SparsityError> {
        let Self { scratch, asked, least, drops, .. } = self;
        let random = (draw.seed, draw.update);
        drop::choose(rules.drop, rules.scope, network, asked, least, &rules.settings, random, scratch, drops)
    }

    /// With a global drop of blocks of different sizes, as many blocks may have fewer weights: asks for one more.
    fn ask_for_more(&mut self) -> bool {
        let Some(first) = self.least.first_mut() else { return false };
        *first += 1;
        self.asked[0] = self.asked[0].max(*first);
        let all: u64 = self.least.iter().sum();
        all <= self.scratch.blocks() as u64
    }

    /// Weights of `blocks` of each layer.
    fn weights(&self, network: &(impl Network + ?Sized), blocks: impl Fn(&Self, usize) -> u64) -> u64 {
        let weights = |index| blocks(self, index) * network.layer(index).pattern.block().len() as u64;
        (0..network.layers()).map(weights).sum()
    }

    /// Decides how many blocks grow in each layer.
    fn share_growth(
        &mut self,
        rules: &Rules,
        network: &(impl Network + ?Sized),
        total: u64,
    ) -> Result<(), SparsityError> {
        let Self { drops, shared, starts, grown, .. } = self;
        for index in 0..network.layers() {
            rules.redistribution.columns().check(&network.layer(index))?;
        }
        let claim = |index| {
            let layer = network.layer(index);
            let (pattern, dropped) = (layer.pattern, drops.layer(index).len());
            let unit = pattern.block().len() as u64;
            Sharing {
                stat: rules.redistribution.stat(&layer, dropped as u64 * unit),
                unit,
                least: u64::from(dropped == pattern.blocks()),
                capacity: (pattern.positions() - pattern.blocks() + dropped) as u64,
            }
        };
        share(rules.redistribution.name(), total, (0..network.layers()).map(claim), shared)?;
        starts.clear();
        starts.push(0);
        let mut end = 0;
        for count in shared.counts() {
            end += count as usize;
            starts.push(end);
        }
        grown.clear();
        grown.resize(end, u32::MAX);
        Ok(())
    }

    /// Number of layers of the plan.
    pub fn layers(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Positions that go, ascending; those that grow again are among them.
    pub fn dropped(&self, layer: usize) -> &[u32] {
        self.drops.layer(layer)
    }

    /// Number of blocks that a layer grows.
    pub fn growth(&self, layer: usize) -> usize {
        match self.starts.get(layer..layer + 2) {
            Some(&[start, end]) => end - start,
            _ => 0,
        }
    }

    /// Positions that grow in a layer, ascending, after [`Updater::grow`].
    pub fn grown(&self, layer: usize) -> &[u32] {
        match self.starts.get(layer..layer + 2) {
            Some(&[start, end]) => &self.grown[start..end],
            _ => &[],
        }
    }

    /// Chooses where a layer grows. `dense` has one number per dense weight if the rule wants some ([`grow::Rule::dense`]), else
    /// it is empty; `fired` is what `random_unfired` looks at. Layers may come in any order.
    ///
    /// # Errors
    /// Dense scores of a wrong length, a score that is NaN.
    pub fn grow(
        &mut self,
        rules: &Rules,
        network: &(impl Network + ?Sized),
        index: usize,
        dense: &[f32],
        fired: Option<&crate::Fired>,
        draw: Draw,
    ) -> Result<(), SparsityError> {
        let count = self.growth(index);
        if count == 0 {
            return Ok(());
        }
        let layer = network.layer(index);
        let Self { scratch, drops, starts, grown, .. } = self;
        let inactive =
            Inactive { name: layer.name, pattern: layer.pattern, dropped: drops.layer(index), dense, fired };
        let random = (draw.seed, draw.update);
        let chosen = grow::choose(rules.grow, index, &inactive, count as u64, random, scratch)?;
        grown[starts[index]..starts[index + 1]].copy_from_slice(chosen);
        Ok(())
    }

    /// What [`rarefy_core::Pattern::edit`] needs: the positions of a layer to drop and to grow. A block that is dropped and
    /// grown again never leaves and is in neither list: it keeps all its columns.
    pub fn edit(&mut self, layer: usize) -> (&[u32], &[u32]) {
        let Self { drops, starts, grown, out, into, .. } = self;
        let grown = match starts.get(layer..layer + 2) {
            Some(&[start, end]) => &grown[start..end],
            _ => &[],
        };
        let dropped = drops.layer(layer);
        out.clear();
        into.clear();
        out.extend(dropped.iter().filter(|position| grown.binary_search(position).is_err()));
        into.extend(grown.iter().filter(|position| dropped.binary_search(position).is_err()));
        (out, into)
    }
}
