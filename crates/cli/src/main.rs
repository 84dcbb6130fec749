//! rarefy
fn main() {}
