//! Train a sparse network of your own on data of your own: `cargo run --release --example own_dataset`.

use rarefy::prelude::*;

/// Noisy images of 8 x 8 pixels; the class is the half that is brighter.
struct Halves;

#[rustfmt::skip]
impl Dataset for Halves {
    fn name(&self) -> &str { "halves" }
    fn extent(&self) -> Extent { Extent { channels: 1, height: 8, width: 8 } }
    fn classes(&self) -> usize { 2 }
    fn len(&self, split: Split) -> usize { if split == Split::Train { 1000 } else { 200 } }
    fn normalization(&self) -> Normalization { Normalization::identity(1) }
    fn sample(&self, split: Split, index: u32, _: Option<Draw>, image: &mut [f32]) -> Result<u32, DataError> {
        let mut noise = Stream::new(split as u64, Purpose::Synthetic, index.into());
        let label = noise.below(2) as u32;
        (0..).zip(image).for_each(|(at, pixel)| *pixel = noise.normal() as f32 + f32::from(at / 32 == label));
        Ok(label)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut net = GraphBuilder::new("my_net", Halves.extent());
    let init = InitRule::Normal { std: 0.2 };
    let conv = net.conv("conv", net.input(), 16, 3, 2, 1, init)?;
    let hidden = net.relu(conv);
    let deep = net.conv("deep", hidden, 16, 3, 2, 1, init)?;
    let pooled = net.global_avg_pool(deep);
    net.linear("fc", pooled, 2, init, InitRule::Constant { value: 0.0 })?;

    let graph = net.build()?;
    let recipe = Recipe { density: Density::new(0.3)?, epochs: 10, ..Recipe::default() };
    let patterns = draw_patterns(&graph, &recipe)?.patterns;
    let mut trainer = Trainer::new(Setup::new(recipe, graph, patterns, Arc::new(Halves))?)?;
    let summary = trainer.run_to_end(&mut InMemory::new())?;
    println!("{} weights, test accuracy {:.1} %", summary.nnz, 100.0 * summary.test_acc.unwrap_or(0.0));
    Ok(trainer.checkpoint()?.save("own_dataset.ckpt".as_ref())?)
}
