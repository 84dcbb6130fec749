//! What Deep R does between updates (Bellec et al. 2018).

use super::Dynamic;
use rarefy_core::Pattern;
use rarefy_core::random::{Purpose, Stream};
use rarefy_nn::Session;
use rarefy_nn::params::ParamStore;

impl Dynamic {
    /// Draws a sign for every position and turns the initial weights to it.
    ///
    /// Initial weights are symmetric about zero, so that turning them changes no distribution.
    pub(super) fn fix_signs(&mut self, session: &mut Session) {
        let bits = |(layer, pattern): (usize, &Pattern)| {
            let mut random = Stream::new(self.seed, Purpose::Sign, layer as u64);
            (0..pattern.shape().len().div_ceil(64)).map(|_| random.word()).collect()
        };
        self.sign_bits = session.store().patterns().iter().enumerate().map(bits).collect();
        let all = &self.sign_bits;
        session.change_weights(|layer, pattern, values| {
            for (value, sign) in values.iter_mut().zip(signs(&all[layer], pattern)) {
                *value = value.abs() * sign;
            }
        });
    }

    /// Looks up the signs of the existing weights, if signs are fixed.
    pub(super) fn read_signs(&mut self, store: &ParamStore) {
        let layers = self.signs.iter_mut().zip(&self.sign_bits).zip(store.patterns());
        for ((column, bits), pattern) in layers {
            column.clear();
            column.extend(signs(bits, pattern));
        }
    }

    /// Pulls every weight `lr * l1` along its sign towards zero and past it, and adds normal noise of variance
    /// `2 * lr * temperature`.
    pub(super) fn pull_and_shake(&self, session: &mut Session, lr: f64, step: u64) {
        let pull = (lr * self.settings.l1) as f32;
        let noise = (2.0 * lr * self.settings.temperature).sqrt();
        session.change_weights(|layer, pattern, values| {
            let mut random = Stream::new(self.seed, Purpose::Noise, step << 16 | layer as u64);
            for (value, sign) in values.iter_mut().zip(signs(&self.sign_bits[layer], pattern)) {
                *value += (noise * random.normal()) as f32 - pull * sign;
            }
        });
    }
}

/// The sign of every existing weight, in canonical order.
fn signs<'a>(bits: &'a [u64], pattern: &'a Pattern) -> impl Iterator<Item = f32> + 'a {
    let sign = |index: usize| if bits[index / 64] >> (index % 64) & 1 == 1 { -1.0 } else { 1.0 };
    pattern.iter_dense_indices().map(sign)
}
