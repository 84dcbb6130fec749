//! `cargo bench -p rarefy-kernels`: every kernel on the shapes of `cifar_resnet_20`, on every instruction set of this machine.
//!
//! One call is one vector of samples in one stage: 16 channels of 32 x 32 pixels, 32 of 16 x 16, 64 of 8 x 8, at the densities that
//! an Erdos-Renyi-kernel init of the net at about 0.06 gives their layers, and dense. Items are multiply-adds on existing weights,
//! two floating-point operations each; kernels that are bound by memory count bytes.

mod columns;
mod passes;
mod products;
mod shapes;

fn main() {
    divan::main();
}
