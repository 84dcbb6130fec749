//! Densities proportional to a score, as far as no layer passes 1.

use crate::{Layer, init::Problem};

/// [`solve`] over all layers of a problem.
pub(crate) fn densities(problem: &Problem<'_>, score: impl Fn(&Layer) -> f64) -> Vec<f64> {
    if problem.density.is_dense() {
        return vec![1.0; problem.layers.len()];
    }
    let layers: Vec<&Layer> = problem.layers.iter().collect();
    solve(&layers, problem.density.get() * problem.weights() as f64, score)
}

/// `min(1, eps * score_l)` with `eps` such that `sum density_l * n_l` is `budget`, at most all weights; scores must be above
/// 0.
///
/// `eps` is solved over the layers not yet dense; while the largest score among them would pass density 1, all layers of
/// that score become dense and `eps` is solved again.
pub(crate) fn solve(layers: &[&Layer], mut budget: f64, score: impl Fn(&Layer) -> f64) -> Vec<f64> {
    let scores: Vec<f64> = layers.iter().map(|layer| score(layer)).collect();
    let weights: Vec<f64> = layers.iter().map(|layer| layer.weights() as f64).collect();
    let mut dense = vec![false; scores.len()];
    loop {
        let sparse = || (0..scores.len()).filter(|&layer| !dense[layer]);
        let eps = budget / sparse().map(|layer| scores[layer] * weights[layer]).sum::<f64>();
        let largest = sparse().map(|layer| scores[layer]).fold(0.0, f64::max);
        if largest == 0.0 || eps * largest <= 1.0 {
            let density = |layer: usize| if dense[layer] { 1.0 } else { eps * scores[layer] };
            return (0..scores.len()).map(density).collect();
        }
        for layer in 0..scores.len() {
            if !dense[layer] && scores[layer] == largest {
                dense[layer] = true;
                budget -= weights[layer];
            }
        }
    }
}
