//! rarefy-sparsity
