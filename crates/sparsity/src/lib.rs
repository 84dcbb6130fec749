//! Which weights exist: how dense each layer is ([`init`]), how many weights that makes exactly ([`budget`]), and
//! where they are ([`sampling`]). [`draw`] does all three.
//!
//! Nothing here knows a model or a kernel: a network is a list of [`Layer`]s.
//!
//! ```
//! use rarefy_core::{Block, Density};
//! use rarefy_sparsity::{Layer, Options, Request, draw, init};
//!
//! let layers = [Layer::conv("conv", 16, 3, 3, 3), Layer::linear("fc", 10, 16)];
//! let density = Density::new(0.1)?;
//! let request = Request {
//!     init: init::find("erk")?,
//!     layers: &layers,
//!     density,
//!     block: Block::UNSTRUCTURED,
//!     mask_seed: 17,
//!     options: Options::none(),
//! };
//! let drawn = draw(&request)?;
//! assert_eq!(drawn.attained, density.budget(16 * 27 + 160));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod active;
pub mod budget;
mod draw;
pub mod drop;
mod error;
mod fired;
pub mod grow;
pub mod init;
mod keep_dense;
mod layer;
pub mod method;
mod options;
mod problem;
mod proportional;
pub mod redistribution;
mod registry;
pub mod saliency;
pub mod sampling;
pub mod schedule;
pub mod update;

pub use active::{Active, Columns, Network, Positions, Scratch};
pub use draw::{Drawn, DrawnLayer, Request, draw, draw_with};
pub use error::SparsityError;
pub use fired::Fired;
pub use keep_dense::{KeepDense, KeepDenseError};
pub use layer::{Layer, LayerKind};
pub use options::{BudgetOver, MaskSampling, Options};
